//! What an edit of a link does to its grants.

use outlink_model::grant::{BoundTo, Grant, GrantState};
use outlink_store::FailedRefresh;

use crate::bench::{Bench, on_both};
use crate::samples::{at, bound, grant, link, link_id, tokens, trouble};

on_both!(refused_grants_are_due_at_once, grants_without_an_address_are_bound_once);

async fn refused_grants_are_due_at_once(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let due_at = |n: u128, expires: i64, next: Option<i64>| Grant {
        expires_at: at(expires),
        next_refresh_at: next.map(at),
        ..grant(n)
    };
    let cases = [
        // Lives and works.
        (due_at(1, 100, Some(90)), None, Some(90)),
        // Over, under a link that was marked.
        (due_at(2, 10, Some(90)), None, Some(20)),
        (due_at(3, 10, Some(5)), None, Some(5)),
        (
            due_at(4, 100, Some(90)),
            Some(GrantState::Blocked { trouble: trouble("No."), failures: 1 }),
            Some(20),
        ),
        (
            due_at(5, 100, Some(90)),
            Some(GrantState::NeedsConsent { trouble: trouble("No.") }),
            None,
        ),
    ];
    for (made, state, _) in &cases {
        let first = tokens(1);
        let first = outlink_model::grant::Tokens {
            generation: made.generation,
            expires_at: made.expires_at,
            ..first
        };
        store.create_grant(made, &first).await.unwrap();
        if let Some(state) = state {
            let next_refresh_at = made.next_refresh_at.filter(|_| state.may_refresh());
            let failed = FailedRefresh { holder: "", state, next_refresh_at, clear_intent: true };
            store.fail_refresh(made.id, made.generation, &failed, at(15), None).await.unwrap();
        }
    }
    store.hasten_refreshes(link_id(1), at(20)).await.unwrap();
    for (made, _, expected) in &cases {
        let read = store.grant(made.id).await.unwrap().unwrap();
        assert_eq!(read.next_refresh_at, expected.map(at), "{:?}", made.id);
    }
}

async fn grants_without_an_address_are_bound_once(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let (unbound, known) = (Grant { bound_to: None, ..grant(1) }, grant(2));
    for made in [&unbound, &known] {
        store.create_grant(made, &tokens(1)).await.unwrap();
    }
    let now = BoundTo { token_endpoint: "https://as.example/now".into(), ..bound() };
    store.bind_grants(link_id(1), &now).await.unwrap();
    assert_eq!(store.grant(unbound.id).await.unwrap().unwrap().bound_to, Some(now.clone()));
    let later = BoundTo { token_endpoint: "https://evil.example/t".into(), ..bound() };
    store.bind_grants(link_id(1), &later).await.unwrap();
    assert_eq!(store.grant(unbound.id).await.unwrap().unwrap().bound_to, Some(now));
    let other = store.grant(grant(2).id).await.unwrap().unwrap().bound_to;
    assert_eq!(other, Some(bound()), "a known address stays");
}
