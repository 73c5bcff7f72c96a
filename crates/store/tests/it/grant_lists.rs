use jiff::SignedDuration;
use outlink_model::GrantId;
use outlink_model::grant::{Actor, BoundTo, Grant, GrantState, GrantStateName, Tokens, Trouble};
use outlink_model::mail_server::{MailServer, ServerHealth, SignIn};
use outlink_store::{GrantFilter, GrantGroup, Store};

use crate::bench::{Bench, on_both};
use crate::samples::{
    at, bound, channel, grant, granted, id, link, mail_server, page, tokens, trouble,
};

on_both!(
    grants_are_listed_by_link_and_by_state,
    every_grant_is_counted_in_its_group,
    a_group_gives_its_own_grants_alone,
    what_was_set_up_is_counted,
    mail_servers_that_bring_no_mail_are_found_wherever_they_stand,
);

/// How long an access token lives at most for its grant to be told of as ending.
const SHORT: SignedDuration = SignedDuration::from_hours(2);

fn needs_consent() -> GrantState {
    GrantState::NeedsConsent { trouble: trouble("over") }
}

async fn write(store: &Store, grant: Grant, n: u128) {
    store.create_grant(&grant, &tokens(n)).await.unwrap();
}

/// The ids of all that pass the filter, read page by page.
async fn listed(store: &Store, filter: GrantFilter, limit: u32) -> Vec<GrantId> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let part = store.grants_where(&filter, &page(limit, after.as_deref())).await.unwrap();
        assert!(part.items.len() <= limit as usize);
        found.extend(part.items.iter().map(|grant| grant.id));
        after = part.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn grants_are_listed_by_link_and_by_state(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    store.create_link(&link(2)).await.unwrap();
    for n in 1..=6 {
        let state = if n % 3 == 0 { needs_consent() } else { GrantState::Active };
        let link_id = if n % 2 == 0 { id(2) } else { id(1) };
        write(&store, Grant { state, link_id, ..grant(n) }, n).await;
    }
    let of = |link: Option<u128>, state| GrantFilter { link: link.map(id), state };
    let ids = |numbers: &[u128]| numbers.iter().map(|n| id(*n)).collect::<Vec<GrantId>>();
    let dead = Some(GrantStateName::NeedsConsent);
    for (filter, expected) in [
        (of(None, None), &[1, 2, 3, 4, 5, 6][..]),
        (of(Some(1), None), &[1, 3, 5]),
        (of(None, dead), &[3, 6]),
        (of(None, Some(GrantStateName::Active)), &[1, 2, 4, 5]),
        (of(Some(2), Some(GrantStateName::Active)), &[2, 4]),
        (of(Some(2), dead), &[6]),
        (of(Some(2), Some(GrantStateName::Blocked)), &[]),
        (of(Some(9), None), &[]),
    ] {
        for limit in [1, 2, 100] {
            assert_eq!(listed(&store, filter, limit).await, ids(expected), "{filter:?} {limit}");
        }
    }
}

async fn every_grant_is_counted_in_its_group(Bench { store, .. }: Bench) {
    assert_eq!(store.grant_census(SHORT).await.unwrap(), []);
    store.create_link(&link(1)).await.unwrap();
    store.create_link(&link(2)).await.unwrap();
    let elsewhere = BoundTo { token_endpoint: "https://old.example.org/token".into(), ..bound() };
    write(&store, grant(1), 1).await;
    write(&store, grant(2), 2).await;
    write(&store, Grant { bound_to: Some(elsewhere.clone()), ..grant(3) }, 3).await;
    write(&store, Grant { state: needs_consent(), ..grant(4) }, 4).await;
    write(&store, Grant { link_id: id(2), bound_to: None, ..grant(5) }, 5).await;
    let bare = |n| Tokens { refresh: None, ..tokens(n) };
    // One that ends within the hour, one whose token lives for long, and one whose link asks for tokens on its own.
    let ending = Grant { renewable: false, ..grant(6) };
    store.create_grant(&ending, &bare(6)).await.unwrap();
    let lasting = Tokens { expires_at: at(7201), ..bare(7) };
    store.create_grant(&Grant { renewable: false, ..grant(7) }, &lasting).await.unwrap();
    store.create_grant(&grant(8), &bare(8)).await.unwrap();
    let long = BoundTo { client_id: "c".repeat(3000), ..bound() };
    let longer = BoundTo { client_id: "c".repeat(3001), ..bound() };
    write(&store, Grant { link_id: id(2), bound_to: Some(long.clone()), ..grant(9) }, 9).await;
    write(&store, Grant { link_id: id(2), bound_to: Some(longer.clone()), ..grant(10) }, 10).await;

    let group = |link: u128, state, bound_to: Option<BoundTo>, ending, count| GrantGroup {
        link_id: id(link),
        state,
        bound_to,
        ending,
        count,
    };
    let active = GrantStateName::Active;
    let expected = [
        group(1, active, Some(bound()), false, 4),
        group(1, active, Some(bound()), true, 1),
        group(1, active, Some(elsewhere), false, 1),
        group(1, GrantStateName::NeedsConsent, Some(bound()), false, 1),
        group(2, active, None, false, 1),
        group(2, active, Some(long), false, 1),
        group(2, active, Some(longer), false, 1),
    ];
    let counted = store.grant_census(SHORT).await.unwrap();
    assert_eq!(counted.len(), expected.len(), "{counted:?}");
    for group in expected {
        assert!(counted.contains(&group), "{group:?} is not in {counted:?}");
    }
}

async fn a_group_gives_its_own_grants_alone(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    for n in 1..=3 {
        write(&store, Grant { state: needs_consent(), ..grant(n) }, n).await;
    }
    write(&store, Grant { bound_to: None, ..grant(4) }, 4).await;
    write(&store, grant(5), 5).await;
    let bare = Tokens { refresh: None, ..tokens(6) };
    store.create_grant(&Grant { renewable: false, ..grant(6) }, &bare).await.unwrap();
    let long = BoundTo { client_id: "c".repeat(3000), ..bound() };
    write(&store, Grant { bound_to: Some(long), ..grant(7) }, 7).await;

    let mut seen = Vec::new();
    for group in store.grant_census(SHORT).await.unwrap() {
        let own = store.grants_of_group(&group, SHORT, 100).await.unwrap();
        assert_eq!(own.len() as u64, group.count);
        assert!(own.iter().all(|grant| grant.state.name() == group.state));
        assert!(own.iter().all(|grant| grant.bound_to == group.bound_to));
        assert!(own.iter().all(|grant| grant.renewable != group.ending));
        seen.extend(own.iter().map(|grant| grant.id));
        if group.count == 3 {
            let first = store.grants_of_group(&group, SHORT, 2).await.unwrap();
            assert_eq!(first.iter().map(|grant| grant.id).collect::<Vec<_>>(), [id(1), id(2)]);
        }
    }
    seen.sort();
    assert_eq!(seen, (1..=7).map(id).collect::<Vec<GrantId>>());
}

async fn what_was_set_up_is_counted(Bench { store, .. }: Bench) {
    let none = store.totals().await.unwrap();
    assert_eq!((none.mail_servers, none.handlers, none.any_issue), (0, 0, false));
    channel(&store).await;
    store.create_mail_server(&mail_server(2)).await.unwrap();
    let some = store.totals().await.unwrap();
    assert_eq!((some.mail_servers, some.handlers, some.any_issue), (2, 1, false));
}

async fn mail_servers_that_bring_no_mail_are_found_wherever_they_stand(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let failing = |actor| ServerHealth {
        trouble: Some(Trouble { actor, ..trouble("down \"actor\":\"nobody\"") }),
        ..ServerHealth::default()
    };
    let waits = failing(Actor::Nobody);
    let stuck = failing(Actor::MailboxOwner);
    let signed = |n| MailServer { sign_in: SignIn::Grant(grant_id), ..mail_server(n) };
    for server in [
        mail_server(1),
        MailServer { health: waits, ..signed(2) },
        MailServer { health: stuck.clone(), ..mail_server(3) },
        MailServer { health: stuck, paused: true, ..mail_server(4) },
        MailServer { sign_in: SignIn::Missing, paused: true, ..mail_server(5) },
        signed(6),
    ] {
        store.create_mail_server(&server).await.unwrap();
    }
    let (first, count) = store.troubled_mail_servers(10).await.unwrap();
    let found: Vec<_> = first.iter().map(|server| server.id).collect();
    assert_eq!((found, count), (vec![id(3), id(5), id(2)], 3), "who waits for somebody is first");
    let (first, count) = store.troubled_mail_servers(1).await.unwrap();
    assert_eq!((first.len(), first[0].id, count), (1, id(3), 3));
}
