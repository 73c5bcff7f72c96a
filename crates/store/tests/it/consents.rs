use std::sync::Arc;

use outlink_model::Secret;
use outlink_model::link::Link;
use outlink_store::{BeginConsent, Consent, ConsentState, DeviceConsent, Error, Store};

use crate::bench::{Bench, on_both, together};
use crate::samples::{at, bound, grant, granted, id, link, shown, tokens};

on_both!(
    a_consent_goes_from_offered_to_done,
    a_state_is_good_for_one_callback,
    starting_again_voids_the_state_before,
    what_is_over_is_not_begun,
    what_has_expired_is_swept,
    a_device_consent_goes_from_begun_to_done,
    a_device_code_is_asked_about_by_one,
    a_device_code_that_was_answered_is_left_alone,
    a_device_consent_waits_while_its_link_is_switched_off,
);

async fn offered(store: &Store, n: u128) -> Consent {
    let consent = Consent {
        id: id(n),
        link_id: id(1),
        grant_id: Some(id(1)),
        mail_server: None,
        login_hint: Some("alice@example.org".into()),
        state: ConsentState::Offered,
        verifier: None,
        nonce: None,
        redirect_url: None,
        device: None,
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

fn by_device(n: u128, next_poll_at: i64) -> Consent {
    Consent {
        id: id(n),
        link_id: id(1),
        grant_id: None,
        mail_server: None,
        login_hint: Some("alice@example.org".into()),
        state: ConsentState::Begun { at: at(0) },
        verifier: None,
        nonce: None,
        redirect_url: None,
        device: Some(DeviceConsent {
            code: Secret::new(format!("device-code-{n}")),
            user_code: "WDJB-MJHT".into(),
            verification_uri: "https://id.example.org/device".into(),
            verification_uri_complete: Some("https://id.example.org/device?c=WDJB-MJHT".into()),
            poll_seconds: 5,
            next_poll_at: Some(at(next_poll_at)),
            bound_to: bound(),
        }),
        created_at: at(0),
        expires_at: at(600),
    }
}

async fn a_device_consent_goes_from_begun_to_done(Bench { store, place }: Bench) {
    granted(&store).await;
    let written = by_device(1, 5);
    store.create_device_consent(&written).await.unwrap();
    store.create_device_consent(&by_device(2, 5)).await.unwrap();
    let read = store.consent(id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&written));
    assert_eq!(read.device.unwrap().code.expose(), "device-code-1");
    assert!(matches!(begin(&store, 1, 50, 10).await, Err(Error::Stale)), "no browser begins it");
    let none = Consent { device: None, ..by_device(3, 5) };
    assert!(matches!(store.create_device_consent(&none).await, Err(Error::Missing)));

    store.create_consented_grant(id(1), &grant(2), &tokens(2)).await.unwrap();
    store.fail_consent(id(2), "It was declined.").await.unwrap();
    let read = store.consent(id(1)).await.unwrap().unwrap();
    assert_eq!(read.state, ConsentState::Done { grant_id: id(2) });
    assert!(read.device.is_none());
    assert!(store.consent(id(2)).await.unwrap().unwrap().device.is_none());
    assert_eq!(place.count("consents WHERE device_code IS NOT NULL").await, 0, "nothing is kept");
    assert_eq!(store.next_device_poll().await.unwrap(), None);
    assert!(!store.claim_device_poll(id(1), at(5), at(10), 5).await.unwrap());
}

async fn a_device_code_is_asked_about_by_one(Bench { store, .. }: Bench) {
    granted(&store).await;
    assert_eq!(store.next_device_poll().await.unwrap(), None);
    offered(&store, 9).await;
    for (n, due) in [(1, 20), (2, 10), (3, 30)] {
        store.create_device_consent(&by_device(n, due)).await.unwrap();
    }
    assert_eq!(store.next_device_poll().await.unwrap(), Some(at(10)));
    assert_eq!(store.due_device_consents(at(9), 10).await.unwrap(), []);
    assert_eq!(store.due_device_consents(at(20), 10).await.unwrap(), [id(2), id(1)]);
    assert_eq!(store.due_device_consents(at(20), 1).await.unwrap(), [id(2)]);
    let store = Arc::new(store);
    let calls = (0..6).map(|_| {
        let store = store.clone();
        async move { store.claim_device_poll(id(2), at(10), at(25), 10).await.unwrap() }
    });
    assert_eq!(together(calls).await.iter().filter(|won| **won).count(), 1);
    let device = store.consent(id(2)).await.unwrap().unwrap().device.unwrap();
    assert_eq!((device.poll_seconds, device.next_poll_at), (10, Some(at(25))));
    assert_eq!(store.due_device_consents(at(24), 10).await.unwrap(), [id(1)]);
}

async fn a_device_code_that_was_answered_is_left_alone(Bench { store, .. }: Bench) {
    granted(&store).await;
    store.create_device_consent(&by_device(1, 5)).await.unwrap();
    store.poll_ended(id(1)).await.unwrap();
    store.poll_ended(id(1)).await.unwrap();
    let device = store.consent(id(1)).await.unwrap().unwrap().device.unwrap();
    assert_eq!((device.next_poll_at, device.code.expose()), (None, "device-code-1"));
    assert_eq!(store.due_device_consents(at(9000), 10).await.unwrap(), []);
    assert_eq!(store.next_device_poll().await.unwrap(), None);
    assert!(!store.claim_device_poll(id(1), at(5), at(10), 5).await.unwrap());
    store.create_consented_grant(id(1), &grant(2), &tokens(2)).await.unwrap();
    assert!(matches!(store.poll_ended(id(1)).await, Err(Error::Stale)));
}

async fn a_device_consent_waits_while_its_link_is_switched_off(Bench { store, .. }: Bench) {
    granted(&store).await;
    store.create_device_consent(&by_device(1, 5)).await.unwrap();
    store.update_link(&Link { enabled: false, ..link(1) }, at(1)).await.unwrap();
    assert_eq!(store.due_device_consents(at(9), 10).await.unwrap(), []);
    assert_eq!(store.next_device_poll().await.unwrap(), None);
    store.update_link(&link(1), at(1)).await.unwrap();
    assert_eq!(store.due_device_consents(at(9), 10).await.unwrap(), [id(1)]);
    assert_eq!(store.sweep_consents(at(600)).await.unwrap(), 1);
}
