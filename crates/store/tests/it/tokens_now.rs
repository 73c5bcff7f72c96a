//! What a hand-out needs, in one question.

use outlink_model::grant::{Grant, GrantState, GrantStateName};
use outlink_model::link::Link;

use crate::bench::{Bench, on_both};
use crate::samples::{at, bound, grant, granted, id, link, tokens, trouble};

on_both!(a_token_comes_with_what_decides_over_it);

async fn a_token_comes_with_what_decides_over_it(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let now = store.tokens_now(grant_id).await.unwrap().unwrap();
    assert_eq!((now.generation, now.access.expose()), (1, "access-1-first"));
    assert_eq!((now.issued_at, now.expires_at), (at(0), at(3600)));
    assert_eq!((now.state, now.link_enabled), (GrantStateName::Active, true));
    assert_eq!(now.scopes, grant(1).scopes);
    assert_eq!(now.bound_to, Some(bound()));
    let link = link(1);
    assert_eq!(now.client_id, link.client_id);
    assert_eq!((&now.token_endpoint, &now.issuer), (&link.token_endpoint, &link.issuer));
    let shown_to = [
        &link.revocation_endpoint,
        &link.userinfo_endpoint,
        &link.introspection_endpoint,
        &link.device_authorization_endpoint,
    ];
    assert_eq!(now.shown_to.each_ref(), shown_to);

    store.update_link(&Link { enabled: false, ..link }, at(1)).await.unwrap();
    let blocked = GrantState::Blocked { trouble: trouble("policy"), failures: 1 };
    let other = Grant { state: blocked, bound_to: None, ..grant(2) };
    store.create_grant(&other, &tokens(2)).await.unwrap();
    let now = store.tokens_now(id(2)).await.unwrap().unwrap();
    assert_eq!((now.state, now.link_enabled), (GrantStateName::Blocked, false));
    assert_eq!(now.bound_to, None);
    assert!(store.tokens_now(id(99)).await.unwrap().is_none());
}
