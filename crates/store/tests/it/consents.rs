use std::sync::Arc;

use outlink_model::Secret;
use outlink_store::{BeginConsent, Consent, ConsentState, Error, Store};

use crate::bench::{Bench, on_both, together};
use crate::samples::{at, grant, granted, id, shown, tokens};

on_both!(
    a_consent_goes_from_offered_to_done,
    a_state_is_good_for_one_callback,
    starting_again_voids_the_state_before,
    what_is_over_is_not_begun,
    what_has_expired_is_swept,
);

async fn offered(store: &Store, n: u128) -> Consent {
    let consent = Consent {
        id: id(n),
        link_id: id(1),
        grant_id: Some(id(1)),
        login_hint: Some("alice@example.org".into()),
        state: ConsentState::Offered,
        verifier: None,
        nonce: None,
        redirect_url: None,
        created_at: at(0),
        expires_at: at(600),
    };
    store.create_consent(&consent, &[u8::try_from(n).unwrap(); 32]).await.unwrap();
    consent
}

async fn begin(store: &Store, n: u128, state: u8, now: i64) -> Result<(), Error> {
    let begin = BeginConsent {
        state_hash: &[state; 32],
        browser_hash: &[state + 1; 32],
        verifier: &Secret::new(format!("pkce-verifier-{state}")),
        nonce: Some("nonce"),
        redirect_url: "https://here.example.org/oauth2/callback/ref",
    };
    store.begin_consent(id(n), &begin, at(now)).await
}

async fn a_consent_goes_from_offered_to_done(Bench { store, .. }: Bench) {
    granted(&store).await;
    let consent = offered(&store, 1).await;
    let read = store.consent_by_start(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&consent));
    assert!(store.consent_by_start(&[2; 32]).await.unwrap().is_none());

    begin(&store, 1, 50, 10).await.unwrap();
    let read = store.consent(id(1)).await.unwrap().unwrap();
    assert_eq!(read.state, ConsentState::Begun { at: at(10) });
    assert!(store.take_consent_by_state(&[50; 32], &[9; 32]).await.unwrap().is_none());
    assert!(store.is_state_known(&[50; 32]).await.unwrap(), "another browser uses nothing up");
    let taken = store.take_consent_by_state(&[50; 32], &[51; 32]).await.unwrap().unwrap();
    assert!(!store.is_state_known(&[50; 32]).await.unwrap());
    assert_eq!(taken.verifier.unwrap().expose(), "pkce-verifier-50");
    assert_eq!(taken.nonce.as_deref(), Some("nonce"));
    assert_eq!(taken.redirect_url.as_deref(), Some("https://here.example.org/oauth2/callback/ref"));

    store.create_consented_grant(id(1), &grant(2), &tokens(2)).await.unwrap();
    let grant_id = id(2);
    let read = store.consent(id(1)).await.unwrap().unwrap();
    assert_eq!(read.state, ConsentState::Done { grant_id });
    assert!(read.verifier.is_none(), "what is not needed is not kept");
    let again = store.create_consented_grant(id(1), &grant(3), &tokens(3)).await;
    assert!(matches!(again, Err(Error::Stale)));
    assert!(store.grant(id(3)).await.unwrap().is_none(), "neither stands without the other");
    let repeated = store.create_consented_grant(id(1), &grant(2), &tokens(2)).await;
    assert!(matches!(repeated, Err(Error::Stale)), "it had succeeded");
    assert!(matches!(store.fail_consent(id(1), "too late").await, Err(Error::Stale)));
}

async fn a_state_is_good_for_one_callback(Bench { store, .. }: Bench) {
    granted(&store).await;
    offered(&store, 1).await;
    begin(&store, 1, 50, 10).await.unwrap();
    let store = Arc::new(store);
    let callbacks = (0..6).map(|_| {
        let store = store.clone();
        async move { store.take_consent_by_state(&[50; 32], &[51; 32]).await.unwrap() }
    });
    let answered = together(callbacks).await;
    assert_eq!(answered.iter().flatten().count(), 1);
}

async fn starting_again_voids_the_state_before(Bench { store, .. }: Bench) {
    granted(&store).await;
    offered(&store, 1).await;
    begin(&store, 1, 50, 10).await.unwrap();
    begin(&store, 1, 60, 20).await.unwrap();
    assert!(store.take_consent_by_state(&[50; 32], &[51; 32]).await.unwrap().is_none());
    let taken = store.take_consent_by_state(&[60; 32], &[61; 32]).await.unwrap().unwrap();
    assert_eq!(taken.verifier.unwrap().expose(), "pkce-verifier-60");
    begin(&store, 1, 70, 30).await.unwrap();
    assert!(store.take_consent_by_state(&[70; 32], &[71; 32]).await.unwrap().is_some());
}

async fn what_is_over_is_not_begun(Bench { store, .. }: Bench) {
    granted(&store).await;
    offered(&store, 1).await;
    assert!(matches!(begin(&store, 1, 50, 600).await, Err(Error::Stale)), "it has expired");
    begin(&store, 1, 50, 10).await.unwrap();
    store.fail_consent(id(1), "It was refused.").await.unwrap();
    let read = store.consent(id(1)).await.unwrap().unwrap();
    assert_eq!(read.state, ConsentState::Failed { reason: "It was refused.".into() });
    assert!(store.take_consent_by_state(&[50; 32], &[51; 32]).await.unwrap().is_none());
    assert!(matches!(begin(&store, 1, 60, 20).await, Err(Error::Stale)));
    assert!(matches!(begin(&store, 9, 60, 20).await, Err(Error::Stale)), "it does not exist");
}

async fn what_has_expired_is_swept(Bench { store, .. }: Bench) {
    granted(&store).await;
    offered(&store, 1).await;
    assert_eq!(store.sweep_consents(at(599)).await.unwrap(), 0);
    assert_eq!(store.sweep_consents(at(600)).await.unwrap(), 1);
    assert!(store.consent(id(1)).await.unwrap().is_none());
}
