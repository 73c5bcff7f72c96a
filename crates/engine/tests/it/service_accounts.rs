//! Grants by assertion: a service account that acts for a mailbox (RFC 7523 §2.1).

use outlink_engine::Caller;
use outlink_engine::grants::NewGrant;
use outlink_engine::links::NewSecret;
use outlink_model::Secret;
use outlink_model::grant::{Actor, GrantStateName};
use outlink_model::link::{ClientAuth, GrantType};
use outlink_practice::{ClientKey, ServiceAccount, TokenFault};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::bed::{ALICE, Bed};

const ACCOUNT: &str = "robot@project.example";

fn key(pair: &KeyPair) -> NewSecret {
    NewSecret {
        value: Secret::new(pair.serialize_pem()),
        certificate: None,
        key_id: Some("k1".into()),
        expires_at: None,
    }
}

#[tokio::test]
async fn a_service_account_acts_for_one_mailbox() {
    let bed = Bed::new().await;
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    bed.practice.set(|settings| {
        settings.service_accounts.push(ServiceAccount {
            client_email: ACCOUNT.into(),
            public_key: pair.public_key_pem(),
            key_id: Some("k1".into()),
            subjects: vec![ALICE.into()],
        });
    });
    let mut new = bed.new_link("Robot");
    new.choice.grant_type = GrantType::JwtBearer;
    new.draft.authorization_endpoint = None;
    new.draft.client_auth = Some(ClientAuth::None);
    new.draft.client_id = Some(ACCOUNT.into());
    new.draft.scope = Some("mail.imap".into());
    new.draft.secret = Some(key(&pair));
    bed.engine.create_link(new, &Caller::System).await.unwrap();

    let subject = |mailbox: &str| NewGrant { subject: Some(mailbox.into()), refresh_token: None };
    let view = bed.engine.create_grant("Robot", subject(ALICE), &Caller::System).await.unwrap();
    assert_eq!(view.grant.state.name(), GrantStateName::Active);
    assert_eq!(view.grant.subject.as_deref(), Some(ALICE));
    let again = bed.engine.refresh_grant(ALICE).await.unwrap();
    assert_eq!(again.generation, view.grant.generation + 1, "a new assertion each time");

    let other = subject("bob@example.org");
    let refused = bed.engine.create_grant("Robot", other, &Caller::System).await.unwrap_err();
    assert!(!refused.problem().hint.is_empty(), "{refused}");
    assert_eq!(bed.practice.counters().replays, 0, "no assertion is sent twice");

    bed.practice.faults().next_token_answers(3, TokenFault::refuse("unauthorized_client"));
    assert!(bed.engine.refresh_grant(ALICE).await.is_err());
    let blocked = bed.engine.grant(ALICE).await.unwrap();
    assert_eq!(blocked.state.name(), GrantStateName::Blocked);
    assert_ne!(blocked.state.trouble().unwrap().actor, Actor::Nobody);

    // What ends a consent elsewhere does not end a grant that nobody consented to.
    bed.practice.faults().clear();
    bed.practice.faults().next_token_answers(3, TokenFault::refuse("invalid_grant"));
    assert!(bed.engine.refresh_grant(ALICE).await.is_err());
    let blocked = bed.engine.grant(ALICE).await.unwrap();
    assert_eq!(blocked.state.name(), GrantStateName::Blocked);
    assert_eq!(blocked.state.trouble().unwrap().actor, Actor::LinkAdministrator);
    assert!(blocked.next_refresh_at.is_some(), "it is tried again");
    bed.practice.faults().clear();
    assert!(bed.engine.refresh_grant(ALICE).await.is_ok());
}

#[tokio::test]
async fn a_client_signs_instead_of_telling_a_secret() {
    let bed = Bed::new().await;
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    bed.practice.set(|settings| {
        settings.client_secrets.clear();
        settings.client_keys.push(ClientKey::new(pair.public_key_pem()).named("k1"));
    });
    let mut new = bed.new_link("Work");
    new.draft.client_auth = Some(ClientAuth::PrivateKeyJwt);
    new.draft.secret = Some(key(&pair));
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    let grant = bed.grant(&link, jiff::SignedDuration::from_secs(-1)).await;
    assert_eq!(bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap().generation, 2);
    let counted = bed.practice.counters();
    assert_eq!((counted.assertions, counted.replays), (1, 0));
}
