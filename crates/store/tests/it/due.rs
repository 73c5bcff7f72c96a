//! What is due in the background, and when to look again.

use outlink_model::grant::{Grant, GrantState};
use outlink_model::link::{Link, LinkHealth};
use outlink_model::{GrantId, LinkId};
use outlink_store::{FailedRefresh, Store};

use crate::bench::{Bench, on_both};
use crate::samples::{at, event, grant, granted, id, link, link_id, tokens, trouble};

on_both!(
    what_is_due_is_told_in_order,
    a_marked_link_holds_its_grants_back,
    voided_leases_make_open_intents_due_at_once,
    a_link_that_is_switched_off_has_nothing_due,
    what_nobody_may_refresh_is_never_due,
    what_is_leased_is_not_due_though_an_edit_has_hastened_it,
    a_link_with_much_due_does_not_crowd_out_the_others,
);

async fn due(store: &Store, seconds: i64, limit: u32) -> Vec<GrantId> {
    let due = store.due_grants(at(seconds), limit).await.unwrap();
    due.into_iter().map(|due| due.id).collect()
}

async fn what_is_due_is_told_in_order(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), None);
    for (n, due) in [(1, Some(at(30))), (2, Some(at(20))), (3, None), (4, Some(at(50)))] {
        let grant = Grant { next_refresh_at: due, ..grant(n) };
        store.create_grant(&grant, &tokens(n)).await.unwrap();
    }
    assert_eq!(store.next_due().await.unwrap(), Some(at(20)));
    assert_eq!(due(&store, 19, 10).await, []);
    assert_eq!(due(&store, 30, 10).await, [id(2), id(1)]);
    assert_eq!(due(&store, 30, 1).await, [id(2)]);

    store.claim_refresh(id(2), 1, "a", at(30), at(40)).await.unwrap();
    assert_eq!(due(&store, 39, 10).await, [id(1)], "one is being refreshed");
    assert_eq!(due(&store, 40, 10).await, [id(1), id(2)], "its answer never came");
}

async fn a_marked_link_holds_its_grants_back(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let marked = LinkHealth::Marked { trouble: trouble("no"), failures: 1, probe_at: at(9000) };
    assert!(store.mark_link(&link(1), &marked, None).await.unwrap());
    assert_eq!(due(&store, 8999, 10).await, []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(9000)));
    assert_eq!(due(&store, 9000, 10).await, [grant_id]);
    assert!(store.heal_link(id(1), &event(1)).await.unwrap());
    assert_eq!(due(&store, 2500, 10).await, [grant_id]);
    assert_eq!(store.next_due().await.unwrap(), Some(at(2500)));
}

async fn voided_leases_make_open_intents_due_at_once(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    store.claim_refresh(grant_id, 1, "killed", at(100), at(110)).await.unwrap();
    store.void_leases().await.unwrap();
    assert_eq!(due(&store, 101, 10).await, [grant_id]);
}

async fn a_link_that_is_switched_off_has_nothing_due(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    store.update_link(&Link { enabled: false, ..link(1) }, at(1)).await.unwrap();
    assert_eq!(due(&store, 9000, 10).await, []);
    assert_eq!(store.next_due().await.unwrap(), None);
    store.update_link(&link(1), at(1)).await.unwrap();
    assert_eq!(due(&store, 9000, 10).await, [grant_id], "nothing is lost");
}

async fn what_nobody_may_refresh_is_never_due(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let over = GrantState::NeedsConsent { trouble: trouble("over") };
    for (n, state) in [(1, over), (2, GrantState::Revoked)] {
        let grant = Grant { state, next_refresh_at: None, ..grant(n) };
        store.create_grant(&grant, &tokens(n)).await.unwrap();
        // Somebody holds it to give it back, and does not live to let go of it.
        store.claim_refresh(id(n), 1, "killed", at(100), at(110)).await.unwrap();
    }
    assert_eq!(due(&store, 9000, 10).await, []);
    assert_eq!(store.next_due().await.unwrap(), None, "so that nobody wakes for it");
    store.void_leases().await.unwrap();
    for n in 1..=2 {
        let read = store.grant(id(n)).await.unwrap().unwrap();
        assert_eq!(read.next_refresh_at, None, "grant {n}");
    }
}

async fn what_is_leased_is_not_due_though_an_edit_has_hastened_it(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let state = GrantState::Degraded { trouble: trouble("503"), failures: 1 };
    let next_refresh_at = Some(at(5000));
    let failed = FailedRefresh { holder: "", state: &state, next_refresh_at, clear_intent: true };
    store.fail_refresh(grant_id, 1, &failed, at(90), None).await.unwrap();
    store.claim_refresh(grant_id, 1, "at work", at(100), at(110)).await.unwrap();
    store.hasten_refreshes(link_id(1), at(101)).await.unwrap();
    assert_eq!(due(&store, 102, 10).await, []);
    assert_eq!(due(&store, 110, 10).await, [grant_id]);
}

async fn a_link_with_much_due_does_not_crowd_out_the_others(Bench { store, .. }: Bench) {
    let mut n = 0;
    for (link_number, grants, since) in [(1, 70, 0), (2, 70, 100), (3, 1, 200)] {
        store.create_link(&link(link_number)).await.unwrap();
        for place in 0..grants {
            n += 1;
            let link_id = link_id(link_number);
            let next_refresh_at = Some(at(since + place));
            let grant = Grant { link_id, next_refresh_at, ..grant(n) };
            store.create_grant(&grant, &tokens(n)).await.unwrap();
        }
    }
    assert_eq!(due(&store, 900, 4).await, [id(1), id(71), id(141), id(2)]);
    let all = store.due_grants(at(900), 500).await.unwrap();
    let of = |n: u128| {
        let link: LinkId = link_id(n);
        all.iter().filter(|due| due.link_id == link).count()
    };
    assert_eq!((of(1), of(2), of(3)), (64, 64, 1), "some of each");
}
