//! The test of a link: each fault shows at its own step.

use jiff::SignedDuration;
use outlink_engine::links::{LinkDraft, LinkEdit, LinkReport, NewSecret};
use outlink_engine::{Caller, Engine};
use outlink_model::Secret;
use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::step::StepStatus::{self, Failed, Ok, Skipped};
use outlink_practice::{Endpoint, ServiceAccount, TokenFault};
use rcgen::{KeyPair, PKCS_RSA_SHA256};

use crate::bed::Bed;

const STEPS: [&str; 14] = [
    "base_url",
    "clock",
    "resolve",
    "connect",
    "tls",
    "authorization_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "client",
    "scope",
    "redirect_url",
];

/// The endpoints that a link can be without.
const OTHERS: [&str; 4] = [
    "device_authorization_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
];

async fn report(engine: &Engine) -> LinkReport {
    let report = engine.test_link("Work").await.unwrap();
    let ids: Vec<_> = report.steps.iter().map(|step| step.id).collect();
    assert_eq!(ids, STEPS);
    for step in &report.steps {
        assert!(!step.message.is_empty(), "{step:?}");
        assert!(step.status != Failed || !step.hint.is_empty(), "{step:?}");
    }
    assert_eq!(report.ok, report.steps.iter().all(|step| step.status != Failed));
    report
}

fn step<'a>(report: &'a LinkReport, id: &str) -> (StepStatus, &'a str) {
    let step = report.steps.iter().find(|step| step.id == id).unwrap();
    (step.status, step.message.as_str())
}

async fn edit(bed: &Bed, draft: LinkDraft) {
    let edit = LinkEdit { draft, ..LinkEdit::default() };
    bed.engine.edit_link("Work", edit, &Caller::System).await.unwrap();
}

#[tokio::test]
async fn a_good_link_is_good_in_every_step() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let report = report(&bed.engine).await;
    assert!(report.ok, "{report:#?}");
    let named = |id: &str| !OTHERS.contains(&id);
    assert!(report.steps.iter().all(|step| (step.status == Ok) == named(step.id)), "{report:#?}");
    assert!(step(&report, "tls").1.contains("TLS 1.3"), "{report:#?}");
    assert!(step(&report, "token_endpoint").1.contains("invalid_"), "{report:#?}");
    assert!(step(&report, "client").1.contains("accepts"), "{report:#?}");
    let counters = bed.practice.counters();
    assert_eq!(
        (counters.refreshes, counters.code_exchanges),
        (0, 0),
        "nobody's tokens were asked for"
    );
}

#[tokio::test]
async fn a_wrong_secret_shows_at_the_client() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let secret = Some(NewSecret::new(Secret::new("not-the-right-one")));
    edit(&bed, LinkDraft { secret: secret.clone(), ..LinkDraft::default() }).await;
    let told = report(&bed.engine).await;
    assert_eq!(step(&told, "client").0, Failed, "{told:#?}");
    assert!(!format!("{told:?}").contains("not-the-right-one"));
    let wrong = told.steps.iter().filter(|step| step.status == Failed).count();
    assert_eq!(wrong, 1, "{told:#?}");
    // Beside one that is right, it is told of and breaks nothing.
    let right = NewSecret::new(bed.practice.client_secret.clone());
    let draft = LinkDraft { secret: Some(right), ..LinkDraft::default() };
    let both = LinkEdit { draft, add_secret: true, ..LinkEdit::default() };
    bed.engine.edit_link("Work", both, &Caller::System).await.unwrap();
    let report = report(&bed.engine).await;
    assert!(report.ok && step(&report, "client").1.contains("second secret"), "{report:#?}");
    assert_eq!(
        bed.engine.link("Work").await.unwrap().health,
        outlink_model::link::LinkHealth::Healthy,
        "a test marks nothing"
    );
}

#[tokio::test]
async fn an_address_without_an_authorization_server_shows() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let right = || Some(NewSecret::new(bed.practice.client_secret.clone()));
    let moved = |endpoint: String| LinkDraft {
        token_endpoint: Some(endpoint),
        secret: right(),
        ..LinkDraft::default()
    };
    let issuer = bed.practice.issuer.clone();
    edit(&bed, moved(format!("{issuer}/nothing-here"))).await;
    let told = report(&bed.engine).await;
    assert_eq!(step(&told, "tls").0, Ok, "{told:#?}");
    assert_eq!(step(&told, "token_endpoint").0, Failed, "{told:#?}");
    assert_eq!(step(&told, "client").0, Skipped, "{told:#?}");

    edit(&bed, moved("https://localhost:1/token".into())).await;
    let told = report(&bed.engine).await;
    assert_eq!(step(&told, "resolve").0, Ok);
    assert_eq!(step(&told, "connect").0, Failed);
    for id in ["clock", "tls", "token_endpoint", "client"] {
        assert_eq!(step(&told, id).0, Skipped, "{told:#?}");
    }
    edit(&bed, moved("https://no-such-host.invalid/token".into())).await;
    let told = report(&bed.engine).await;
    assert_eq!(step(&told, "resolve").0, Failed);
    // The certificate of the mail server is of the same authority, and it speaks no HTTP.
    edit(&bed, moved(format!("https://localhost:{}/token", bed.practice.imap.port()))).await;
    let told = report(&bed.engine).await;
    assert_eq!((step(&told, "tls").0, step(&told, "token_endpoint").0), (Ok, Failed), "{told:#?}");

    let draft = LinkDraft {
        authorization_endpoint: Some(format!("{issuer}/nothing-here")),
        ..moved(bed.practice.token_endpoint.clone())
    };
    edit(&bed, draft).await;
    let told = report(&bed.engine).await;
    assert_eq!(step(&told, "authorization_endpoint").0, Failed, "{told:#?}");
    assert_eq!(step(&told, "client").0, Ok, "{told:#?}");
}

#[tokio::test]
async fn what_a_token_endpoint_answers_wrongly_shows() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    for (fault, status) in [
        (TokenFault::Html, Failed),
        (TokenFault::status(503), Failed),
        (TokenFault::status(429), Skipped),
    ] {
        bed.practice.faults().next_token_answers(1, fault);
        let told = report(&bed.engine).await;
        assert_eq!(step(&told, "token_endpoint").0, status, "{told:#?}");
        assert_eq!(step(&told, "client").0, Skipped, "{told:#?}");
        bed.practice.faults().clear();
    }
}

#[tokio::test]
async fn clocks_that_differ_show() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let told = report(&bed.later_engine(SignedDuration::from_mins(5))).await;
    let (status, message) = step(&told, "clock");
    assert_eq!(status, Failed);
    assert!(message.contains("ahead of"), "{message}");
}

#[tokio::test]
async fn client_credentials_are_really_asked_for() {
    let bed = Bed::new().await;
    let mut new = bed.new_link("Work");
    new.choice.grant_type = GrantType::ClientCredentials;
    new.draft.scope = Some("mail.imap".into());
    bed.engine.create_link(new, &Caller::System).await.unwrap();
    let told = report(&bed.engine).await;
    assert!(told.ok, "{told:#?}");
    for id in ["authorization_endpoint", "redirect_url"] {
        assert_eq!(step(&told, id).0, Skipped, "{told:#?}");
    }
    assert_eq!(bed.practice.counters().client_credentials, 1);
    edit(&bed, LinkDraft { scope: Some("mail.everything".into()), ..LinkDraft::default() }).await;
    let told = report(&bed.engine).await;
    assert_eq!(step(&told, "client").0, Failed, "such a grant could not be had: {told:#?}");
}

#[tokio::test]
async fn a_public_client_and_a_device_are_known_by_their_id() {
    let bed = Bed::new().await;
    bed.practice.set(|settings| settings.client_auths = vec!["none".into()]);
    let mut new = bed.new_link("Work");
    new.choice.grant_type = GrantType::DeviceCode;
    new.draft.client_auth = Some(ClientAuth::None);
    new.draft.secret = None;
    new.draft.device_authorization_endpoint =
        Some(bed.practice.device_authorization_endpoint.clone());
    bed.engine.create_link(new, &Caller::System).await.unwrap();
    let told = report(&bed.engine).await;
    assert!(told.ok && step(&told, "client").1.contains("knows"), "{told:#?}");
    edit(&bed, LinkDraft { client_id: Some("somebody-else".into()), ..LinkDraft::default() }).await;
    assert_eq!(step(&report(&bed.engine).await, "client").0, Failed);
}

#[tokio::test]
async fn the_client_of_a_disabled_link_is_shown_to_nobody() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    edit(&bed, LinkDraft { enabled: Some(false), ..LinkDraft::default() }).await;
    let told = report(&bed.engine).await;
    assert_eq!(step(&told, "client").0, Skipped);
    assert_eq!(bed.practice.counters().token_requests, 1, "the empty one alone");
}

#[tokio::test]
async fn a_service_accounts_key_is_tried_without_a_mailbox() {
    let bed = Bed::new().await;
    let [known, other] = [(); 2].map(|()| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap());
    let mut account = ServiceAccount {
        client_email: bed.practice.client_id.clone(),
        public_key: known.public_key_pem(),
        key_id: None,
        subjects: Vec::new(),
    };
    bed.practice.set(|settings| settings.service_accounts = vec![account.clone()]);
    let mut new = bed.new_link("Work");
    new.choice.grant_type = GrantType::JwtBearer;
    new.draft.scope = Some("mail.imap".into());
    new.draft.secret = Some(NewSecret::new(Secret::new(known.serialize_pem())));
    bed.engine.create_link(new, &Caller::System).await.unwrap();
    let told = report(&bed.engine).await;
    assert!(told.ok && step(&told, "client").0 == Ok, "{told:#?}");
    account.public_key = other.public_key_pem();
    bed.practice.set(|settings| settings.service_accounts = vec![account]);
    assert_eq!(step(&report(&bed.engine).await, "client").0, Failed);
}

#[tokio::test]
async fn a_provider_that_repeats_a_secret_does_not_have_it_shown() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let secret = bed.practice.client_secret.expose().to_owned();
    let echo = TokenFault::Refuse {
        error: "invalid_client".into(),
        description: format!("the secret {secret} is not yours"),
    };
    bed.practice.faults().next_token_answers(2, echo);
    let told = report(&bed.engine).await;
    assert_eq!(step(&told, "client").0, Failed);
    assert!(!format!("{told:?}").contains(&secret), "{told:#?}");
    assert!(step(&told, "client").1.contains("is not yours"), "{told:#?}");
}

#[tokio::test]
async fn every_endpoint_that_a_link_names_is_tried() {
    let bed = Bed::new().await;
    let practice = &bed.practice;
    let mut new = bed.new_link("Work");
    new.choice.grant_type = GrantType::DeviceCode;
    new.draft.device_authorization_endpoint = Some(practice.device_authorization_endpoint.clone());
    new.draft.revocation_endpoint = Some(practice.revocation_endpoint.clone());
    new.draft.introspection_endpoint = Some(practice.introspection_endpoint.clone());
    new.draft.userinfo_endpoint = Some(practice.userinfo_endpoint.clone());
    bed.engine.create_link(new, &Caller::System).await.unwrap();
    let told = report(&bed.engine).await;
    for id in OTHERS {
        assert_eq!(step(&told, id).0, Ok, "{told:#?}");
    }
    let nowhere = || Some(format!("{}/nothing-here", practice.issuer));
    edit(
        &bed,
        LinkDraft {
            device_authorization_endpoint: nowhere(),
            revocation_endpoint: nowhere(),
            introspection_endpoint: nowhere(),
            userinfo_endpoint: Some("https://localhost:1/me".into()),
            secret: Some(NewSecret::new(practice.client_secret.clone())),
            ..LinkDraft::default()
        },
    )
    .await;
    let told = report(&bed.engine).await;
    for id in OTHERS {
        assert_eq!(step(&told, id).0, Failed, "{told:#?}");
    }
    assert_eq!(step(&told, "token_endpoint").0, Ok, "{told:#?}");
    let sent = practice.requests(Endpoint::Revocation);
    assert!(sent.iter().all(|request| request.text().is_empty()), "nothing is shown to them");
}

#[tokio::test]
async fn metadata_that_cannot_be_compared_with_are_quoted() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    bed.practice.set(|settings| {
        settings.metadata_issuer = Some("https://accounts.google.com".into());
    });
    let told = report(&bed.engine).await;
    let words = step(&told, "scope").1;
    assert!(words.contains("accounts.google.com") && !words.contains("no metadata"), "{words}");
    bed.practice.set(|settings| {
        settings.oauth_metadata = false;
        settings.openid_metadata = false;
    });
    let told = report(&bed.engine).await;
    assert!(step(&told, "scope").1.contains("no metadata"), "{told:#?}");
}
