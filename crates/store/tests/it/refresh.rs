//! **No lost grant**, as far as the store keeps it.

use outlink_model::grant::{GrantState, Intent};
use outlink_model::link::LinkHealth;
use outlink_store::{Claim, Error, FailedRefresh, NewTokens, Store};

use crate::bench::{Bench, on_both, together};
use crate::samples::{answer, at, bound, event, grant, granted, held, id, link, replace, trouble};

on_both!(
    the_intent_is_written_before_the_call,
    of_many_who_claim_one_wins,
    an_intent_without_an_answer_is_handed_to_the_next,
    a_late_answer_is_written_though_the_lease_has_lapsed,
    a_late_answer_is_written_though_another_has_the_lease,
    an_answer_that_was_overtaken_is_turned_away_and_kept_sealed,
    an_answer_without_a_refresh_token_keeps_the_old_one,
    a_refresh_token_is_rotated_alone_and_by_compare_and_swap,
    nothing_but_tokens_raises_the_generation,
    a_failure_keeps_the_tokens,
    a_failure_that_comes_late_leaves_the_lease_of_another_alone,
    a_lease_that_has_lapsed_does_not_keep_a_failure_from_naming_the_next_try,
    the_end_of_a_refresh_token_goes_with_the_token,
    what_is_told_is_told_with_what_is_written,
);

async fn won(store: &Store, holder: &str, now: i64) -> Option<Intent> {
    match store.claim_refresh(id(1), 1, holder, at(now), at(now + 10)).await.unwrap() {
        Claim::Won { previous_intent } => previous_intent,
        other => panic!("{holder} did not win: {other:?}"),
    }
}

fn degraded() -> GrantState {
    GrantState::Degraded { trouble: trouble("503"), failures: 1 }
}

async fn the_intent_is_written_before_the_call(Bench { store, place }: Bench) {
    let grant_id = granted(&store).await;
    assert_eq!(won(&store, "a", 100).await, None);
    // As another node sees it.
    let other = place.open(&crate::bench::KEY).await.unwrap();
    let read = other.grant(grant_id).await.unwrap().unwrap();
    assert_eq!(read.intent, Some(Intent { at: at(100), retried: false }));
    let claim = other.claim_refresh(grant_id, 1, "b", at(105), at(115)).await.unwrap();
    assert_eq!(claim, Claim::Held { until: at(110) });
    let claim = other.claim_refresh(grant_id, 0, "b", at(105), at(115)).await.unwrap();
    assert_eq!(claim, Claim::Stale);
    let nobody = other.claim_refresh(id(9), 1, "b", at(105), at(115)).await;
    assert!(matches!(nobody, Err(Error::Missing)));
}

async fn of_many_who_claim_one_wins(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let store = std::sync::Arc::new(store);
    let claims = (0..8).map(|n| {
        let store = store.clone();
        async move {
            store.claim_refresh(grant_id, 1, &format!("holder {n}"), at(0), at(10)).await.unwrap()
        }
    });
    let claims = together(claims).await;
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Claim::Won { .. })).count(), 1);
}

async fn an_intent_without_an_answer_is_handed_to_the_next(Bench { store, .. }: Bench) {
    granted(&store).await;
    assert_eq!(won(&store, "crashed", 100).await, None);
    let first = Intent { at: at(100), retried: false };
    assert_eq!(won(&store, "b", 110).await, Some(first), "the lease has lapsed");
    let second = Intent { at: at(110), retried: true };
    assert_eq!(store.grant(id(1)).await.unwrap().unwrap().intent, Some(second));
    store.release_lease(id(1), "crashed").await.unwrap();
    let claim = store.claim_refresh(id(1), 1, "c", at(111), at(121)).await.unwrap();
    assert_eq!(claim, Claim::Held { until: at(120) }, "only its holder gives a lease back");
    store.release_lease(id(1), "b").await.unwrap();
    assert_eq!(won(&store, "c", 111).await, Some(second));
}

async fn a_late_answer_is_written_though_the_lease_has_lapsed(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    won(&store, "slow", 100).await;
    let late = answer("access-late", Some("refresh-late"));
    let commit = store.commit_refresh(grant_id, 1, &late, None, at(500), None).await;
    assert_eq!(commit.unwrap(), 2);
    let new = (2, "access-late".to_owned(), Some("refresh-late".to_owned()));
    assert_eq!(held(&store, grant_id).await, new);
}

async fn a_late_answer_is_written_though_another_has_the_lease(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    won(&store, "slow", 100).await;
    won(&store, "impatient", 200).await;

    let late = answer("access-late", Some("refresh-late"));
    let commit = store.commit_refresh(grant_id, 1, &late, Some(at(5000)), at(201), None).await;
    assert_eq!(commit.unwrap(), 2);
    let new = (2, "access-late".to_owned(), Some("refresh-late".to_owned()));
    assert_eq!(held(&store, grant_id).await, new);
    let read = store.grant(grant_id).await.unwrap().unwrap();
    assert_eq!((read.intent, read.next_refresh_at), (None, Some(at(5000))));
    assert_eq!((read.expires_at, read.issued_at), (late.expires_at, late.issued_at));
    assert_eq!(read.since, at(0), "it was active all the time");
    let next = store.claim_refresh(grant_id, 2, "next", at(202), at(212)).await.unwrap();
    assert_eq!(next, Claim::Won { previous_intent: None });
}

async fn an_answer_that_was_overtaken_is_turned_away_and_kept_sealed(
    Bench { store, place }: Bench,
) {
    let grant_id = granted(&store).await;
    won(&store, "slow", 100).await;
    let consent = answer("access-consent", Some("refresh-consent"));
    let same = grant(1).identity;
    replace(&store, 1, 1, &same, true, &consent).await.unwrap();

    let late = answer("access-late", Some("refresh-late"));
    let commit = store.commit_refresh(grant_id, 1, &late, None, at(102), None).await;
    assert!(matches!(commit, Err(Error::Stale)));
    assert_eq!(held(&store, grant_id).await.1, "access-consent");

    store.keep_overtaken(grant_id, 1, &late).await.unwrap();
    store.keep_overtaken(grant_id, 1, &late).await.unwrap();
    let [kept] = &store.overtaken(grant_id).await.unwrap()[..] else { panic!("it is kept once") };
    assert_eq!(kept.access.expose(), "access-late");
    assert_eq!(kept.refresh.as_ref().unwrap().expose(), "refresh-late");
    assert_eq!((kept.expires_at, &kept.scopes), (late.expires_at, &None));
    let dump = place.everything().await;
    assert!(!dump.windows(12).any(|part| part == b"refresh-late"));
    assert_eq!(held(&store, grant_id).await.0, 2, "what is kept changes nothing");
    let nobody = store.keep_overtaken(id(9), 1, &late).await;
    assert!(matches!(nobody, Err(Error::Missing)));
}

async fn an_answer_without_a_refresh_token_keeps_the_old_one(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    won(&store, "a", 100).await;
    let mut plain = answer("access-second", None);
    store.commit_refresh(grant_id, 1, &plain, None, at(101), None).await.unwrap();
    let second = (2, "access-second".to_owned(), Some("refresh-1-first".to_owned()));
    assert_eq!(held(&store, grant_id).await, second);
    assert_eq!(store.grant(grant_id).await.unwrap().unwrap().scopes, ["openid", "mail"]);

    plain.scopes = Some(vec!["mail".into()]);
    store.commit_refresh(grant_id, 2, &plain, None, at(102), None).await.unwrap();
    assert_eq!(store.grant(grant_id).await.unwrap().unwrap().scopes, ["mail"]);
}

async fn a_refresh_token_is_rotated_alone_and_by_compare_and_swap(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let before = store.grant(grant_id).await.unwrap().unwrap();
    let rotated = outlink_model::Secret::new("refresh-rotated");
    assert_eq!(store.rotate_refresh_token(grant_id, 1, &rotated).await.unwrap(), 2);
    let new = (2, "access-1-first".to_owned(), Some("refresh-rotated".to_owned()));
    assert_eq!(held(&store, grant_id).await, new);
    let after = store.grant(grant_id).await.unwrap().unwrap();
    assert_eq!(after.expires_at, before.expires_at);
    let late = outlink_model::Secret::new("late");
    let late = store.rotate_refresh_token(grant_id, 1, &late).await;
    assert!(matches!(late, Err(Error::Stale)));
}

async fn nothing_but_tokens_raises_the_generation(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    won(&store, "slow", 100).await;

    let marked = LinkHealth::Marked { trouble: trouble("no"), failures: 1, probe_at: at(9) };
    assert!(store.mark_link(&link(1), &marked, None).await.unwrap());
    store.update_link(&link(1), at(1)).await.unwrap();
    store.add_token_host(id(1), "other.example.org").await.unwrap();
    let failed = FailedRefresh {
        holder: "other",
        state: &degraded(),
        next_refresh_at: None,
        clear_intent: false,
    };
    store.fail_refresh(grant_id, 1, &failed, at(101), None).await.unwrap();
    store.release_lease(grant_id, "slow").await.unwrap();
    store.claim_refresh(grant_id, 1, "b", at(102), at(103)).await.unwrap();
    store.void_leases().await.unwrap();
    store.keep_overtaken(grant_id, 1, &answer("kept", None)).await.unwrap();

    assert_eq!(held(&store, grant_id).await.0, 1);
    let answer = answer("access-second", Some("refresh-second"));
    let commit = store.commit_refresh(grant_id, 1, &answer, None, at(104), None).await;
    assert_eq!(commit.unwrap(), 2, "none of this costs a token");
}

async fn a_failure_keeps_the_tokens(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let before = held(&store, grant_id).await;
    won(&store, "a", 100).await;
    let state = degraded();
    let timeout = FailedRefresh {
        holder: "a",
        state: &state,
        next_refresh_at: Some(at(105)),
        clear_intent: false,
    };
    store.fail_refresh(grant_id, 1, &timeout, at(101), None).await.unwrap();
    let read = store.grant(grant_id).await.unwrap().unwrap();
    assert_eq!((&read.state, read.since, read.next_refresh_at), (&state, at(101), Some(at(105))));
    assert!(read.intent.is_some(), "the answer may have been on its way");

    won(&store, "b", 102).await;
    let refused = FailedRefresh { holder: "b", clear_intent: true, ..timeout };
    store.fail_refresh(grant_id, 1, &refused, at(103), None).await.unwrap();
    let read = store.grant(grant_id).await.unwrap().unwrap();
    assert_eq!((read.intent, read.since), (None, at(101)), "the same state since then");
    assert_eq!(held(&store, grant_id).await, before);

    won(&store, "c", 104).await;
    store.commit_refresh(grant_id, 1, &answer("new", None), None, at(105), None).await.unwrap();
    let late = store.fail_refresh(grant_id, 1, &refused, at(106), None).await;
    assert!(matches!(late, Err(Error::Stale)));
    let read = store.grant(grant_id).await.unwrap().unwrap();
    assert_eq!((read.state, read.since), (GrantState::Active, at(105)));
}

async fn a_failure_that_comes_late_leaves_the_lease_of_another_alone(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    won(&store, "slow", 100).await;
    won(&store, "impatient", 110).await;
    let failed = FailedRefresh {
        holder: "slow",
        state: &degraded(),
        next_refresh_at: Some(at(112)),
        clear_intent: true,
    };
    store.fail_refresh(grant_id, 1, &failed, at(111), None).await.unwrap();
    let third = store.claim_refresh(grant_id, 1, "third", at(112), at(122)).await.unwrap();
    assert_eq!(third, Claim::Held { until: at(120) });
    let read = store.grant(grant_id).await.unwrap().unwrap();
    assert_eq!(read.intent, Some(Intent { at: at(110), retried: true }));
    assert_eq!(read.next_refresh_at, Some(at(120)), "when the call under way can have failed");
}

async fn a_lease_that_has_lapsed_does_not_keep_a_failure_from_naming_the_next_try(
    Bench { store, .. }: Bench,
) {
    let grant_id = granted(&store).await;
    won(&store, "killed", 100).await;
    let failed = FailedRefresh {
        holder: "",
        state: &degraded(),
        next_refresh_at: Some(at(900)),
        clear_intent: false,
    };
    store.fail_refresh(grant_id, 1, &failed, at(111), None).await.unwrap();
    let read = store.grant(grant_id).await.unwrap().unwrap();
    assert_eq!(read.next_refresh_at, Some(at(900)));
    assert_eq!(read.intent, Some(Intent { at: at(100), retried: false }), "it has no answer still");
}

async fn the_end_of_a_refresh_token_goes_with_the_token(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let ends = async || {
        let read = store.grant(grant_id).await.unwrap().unwrap();
        (read.refresh_expires_at, read.bound_to)
    };
    store.commit_refresh(grant_id, 1, &answer("b", None), None, at(1), None).await.unwrap();
    assert_eq!(ends().await, (Some(at(90_000)), Some(bound())), "the same token, the same end");
    let told = NewTokens { refresh_expires_at: Some(at(50_000)), ..answer("c", None) };
    store.commit_refresh(grant_id, 2, &told, None, at(2), None).await.unwrap();
    assert_eq!(ends().await.0, Some(at(50_000)), "the provider has said it anew");
    store.commit_refresh(grant_id, 3, &answer("d", Some("d")), None, at(3), None).await.unwrap();
    assert_eq!(ends().await, (None, Some(bound())), "nothing is known of the new one");
    let moved = outlink_model::grant::BoundTo { token_endpoint: "https://b".into(), ..bound() };
    let told = NewTokens {
        refresh_expires_at: Some(at(60_000)),
        bound_to: Some(moved.clone()),
        ..answer("e", Some("e"))
    };
    store.commit_refresh(grant_id, 4, &told, None, at(4), None).await.unwrap();
    assert_eq!(ends().await, (Some(at(60_000)), Some(moved)));
}

async fn what_is_told_is_told_with_what_is_written(Bench { store, place }: Bench) {
    let grant_id = granted(&store).await;
    let state = degraded();
    let failed =
        FailedRefresh { holder: "a", state: &state, next_refresh_at: None, clear_intent: true };
    store.fail_refresh(grant_id, 1, &failed, at(1), Some(&event(1))).await.unwrap();
    let answer = answer("new", None);
    store.commit_refresh(grant_id, 1, &answer, None, at(2), Some(&event(2))).await.unwrap();
    assert_eq!(place.count("events").await, 2);
    let late = store.commit_refresh(grant_id, 1, &answer, None, at(3), Some(&event(3))).await;
    assert!(matches!(late, Err(Error::Stale)));
    let late = store.fail_refresh(grant_id, 1, &failed, at(3), Some(&event(3))).await;
    assert!(matches!(late, Err(Error::Stale)));
    assert_eq!(place.count("events").await, 2, "what did not happen is not told");

    // An id is good for one event, so this one cannot be written.
    let twice = store.commit_refresh(grant_id, 2, &answer, None, at(4), Some(&event(1))).await;
    assert!(twice.is_err());
    assert_eq!(held(&store, grant_id).await.0, 2, "and the answer is still to be committed");
}
