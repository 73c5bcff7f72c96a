//! The life of client secrets: two at once, their ends, and the warnings about them.

use jiff::SignedDuration;
use outlink_engine::links::{Change, LinkDraft, LinkEdit, NewSecret, SecretEnd};
use outlink_engine::{Caller, Engine, Page};
use outlink_model::event::{Event, EventClass};
use outlink_model::grant::{Actor, later};
use outlink_model::link::{ClientAuth, GrantType, SigningAlg};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_model::{Secret, Timestamp};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};

use crate::bed::{Bed, now};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn new_secret(text: &str, expires_at: Option<Timestamp>) -> LinkDraft {
    let secret = NewSecret { expires_at, ..NewSecret::new(Secret::new(text)) };
    LinkDraft { secret: Some(secret), ..LinkDraft::default() }
}

/// An edit of the end of the secret in use.
fn ends_at(at: Option<Timestamp>) -> LinkEdit {
    LinkEdit { secret_end: Some(SecretEnd { of: None, at }), ..LinkEdit::default() }
}

async fn secrets(bed: &Bed) -> Vec<String> {
    let link = bed.engine.link("Work").await.unwrap();
    link.client_secrets.iter().map(|secret| secret.value.expose().to_owned()).collect()
}

async fn edit(bed: &Bed, edit: LinkEdit) -> Result<Vec<String>, Problem> {
    let saved = bed.engine.edit_link("Work", edit, &Caller::System).await;
    saved.map(|saved| saved.warnings).map_err(|error| error.problem())
}

#[tokio::test]
async fn a_second_secret_stands_beside_the_first() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let first = bed.practice.client_secret.expose().to_owned();
    let add =
        |text| LinkEdit { draft: new_secret(text, None), add_secret: true, ..LinkEdit::default() };
    edit(&bed, add("second-one")).await.unwrap();
    assert_eq!(secrets(&bed).await, ["second-one", first.as_str()], "the new one is used first");
    edit(&bed, add("third-one")).await.unwrap();
    assert_eq!(secrets(&bed).await, ["third-one", "second-one"], "never more than two");
    assert_eq!(edit(&bed, add("third-one")).await.unwrap_err().code, "secret_known");
    let none = LinkEdit { add_secret: true, ..LinkEdit::default() };
    assert_eq!(edit(&bed, none).await.unwrap_err().field, Some("client_secret"));
    let alone = LinkEdit { draft: new_secret("fourth-one", None), ..LinkEdit::default() };
    edit(&bed, alone).await.unwrap();
    assert_eq!(secrets(&bed).await, ["fourth-one"], "without --add it takes their place");
}

#[tokio::test]
async fn a_rollover_costs_no_refresh() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, -days(1)).await;
    // The provider does not know the new one yet.
    let draft = new_secret("not-yet-known-there", None);
    edit(&bed, LinkEdit { draft, add_secret: true, ..LinkEdit::default() }).await.unwrap();
    bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap();
}

#[tokio::test]
async fn white_space_around_a_secret_is_cut_off_and_told() {
    let bed = Bed::new().await;
    let mut new = bed.new_link("Work");
    new.draft.secret = new_secret(" \tpasted-secret \n", None).secret;
    let saved = bed.engine.create_link(new, &Caller::System).await.unwrap();
    assert_eq!(secrets(&bed).await, ["pasted-secret"]);
    assert!(saved.warnings.iter().any(|text| text.contains("White space")), "{:?}", saved.warnings);
    let warnings =
        edit(&bed, LinkEdit { draft: new_secret("from-a-file\n", None), ..LinkEdit::default() });
    assert!(!warnings.await.unwrap().iter().any(|text| text.contains("White space")));
    // What a form sends that was left empty changes nothing.
    edit(&bed, LinkEdit { draft: new_secret("  ", None), ..LinkEdit::default() }).await.unwrap();
    assert_eq!(secrets(&bed).await, ["from-a-file"]);
}

#[tokio::test]
async fn the_id_of_a_secret_is_not_the_secret() {
    let bed = Bed::new().await;
    let draft = new_secret("6f0aa2b4-8d6e-4c1e-9a53-0d6a2f2b9a11", None);
    let mut new = bed.preset_link("M", ProviderKind::Microsoft, LinkDraft::default());
    new.draft.secret = draft.secret;
    let saved = bed.engine.create_link(new, &Caller::System).await.unwrap();
    assert!(
        saved.warnings.iter().any(|text| text.contains("ID of a secret")),
        "{:?}",
        saved.warnings
    );
}

async fn warnings(engine: &Engine) -> Vec<Event> {
    engine.start();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    engine.stop().await;
    let all = engine.events(Page::default(), Some(EventClass::Health)).await.unwrap().items;
    all.into_iter().filter(|event| event.kind == "link.secret_ends").collect()
}

#[tokio::test]
async fn each_warning_about_a_secret_is_one_event() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let ends = later(now(), days(40));
    let dated = ends_at(Some(ends));
    edit(&bed, dated).await.unwrap();
    assert_eq!(bed.engine.link("Work").await.unwrap().client_secrets[0].expires_at, Some(ends));
    for (passed, told) in [(0, 0), (11, 1), (12, 1), (30, 2), (34, 3), (39, 4), (40, 5), (60, 5)] {
        // Two nodes look, and one tells.
        let engine = bed.later_engine(days(passed));
        let other = bed.later_engine(days(passed));
        let (events, _) = tokio::join!(warnings(&engine), warnings(&other));
        assert_eq!(events.len(), told, "after {passed} days");
        if let Some(event) = events.first() {
            assert_eq!((event.actor, event.class), (Actor::LinkAdministrator, EventClass::Health));
            assert!(
                event.hint.contains("outlink link edit \"Work\" --client-secret-file"),
                "{event:?}"
            );
            let date = ends.strftime("%Y-%m-%d").to_string();
            assert!(event.message.contains(&date), "{}", event.message);
        }
    }
    // A new date begins anew, and at once.
    let dated = ends_at(Some(later(now(), days(5))));
    let said = edit(&bed, dated).await.unwrap();
    assert!(said.iter().any(|text| text.contains("ends on")), "{said:?}");
    let events = bed.engine.events(Page::default(), Some(EventClass::Health)).await.unwrap().items;
    assert!(events[0].message.contains("in 5 days"), "{}", events[0].message);
}

fn key(alg: &'static rcgen::SignatureAlgorithm) -> (KeyPair, Secret) {
    let key = KeyPair::generate_for(alg).unwrap();
    let pem = Secret::new(key.serialize_pem());
    (key, pem)
}

#[tokio::test]
async fn keys_and_certificates_are_checked_at_save() {
    let bed = Bed::new().await;
    let (ec, ec_pem) = key(&PKCS_ECDSA_P256_SHA256);
    let (_, rsa_pem) = key(&PKCS_RSA_SHA256);
    let mut params = CertificateParams::new(["outlink.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2030, 5, 1);
    let certificate = params.self_signed(&ec).unwrap().pem();
    let make = |value: &Secret, certificate: Option<&str>, alg: Option<SigningAlg>| {
        let mut new = bed.new_link("Work");
        new.draft.client_auth = Some(ClientAuth::PrivateKeyJwt);
        new.draft.signing_alg = alg.map_or(Change::Keep, Change::Set);
        new.draft.secret = Some(NewSecret {
            certificate: certificate.map(str::to_owned),
            ..NewSecret::new(value.clone())
        });
        new
    };
    let plain = Secret::new("just-a-secret");
    for (new, field) in [
        (make(&plain, None, None), "client_secret"),
        (make(&ec_pem, None, Some(SigningAlg::Rs256)), "client_secret"),
        (make(&ec_pem, Some("no certificate"), None), "client_certificate"),
        (make(&rsa_pem, Some(&certificate), None), "client_certificate"),
    ] {
        let problem = bed.engine.create_link(new, &Caller::System).await.unwrap_err().problem();
        // An algorithm that does not fit the key may be told at either.
        assert!(
            problem.field == Some(field) || problem.field == Some("signing_alg"),
            "{problem:?}"
        );
    }
    let new = make(&ec_pem, Some(&certificate), None);
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    let ends = link.client_secrets[0].expires_at.unwrap();
    assert_eq!(ends.to_string(), "2030-05-01T00:00:00Z", "the certificate's end");
    // A key that would be sent as a password, and the other way round.
    let draft = LinkDraft { client_auth: Some(ClientAuth::Post), ..LinkDraft::default() };
    let refused = edit(&bed, LinkEdit { draft, ..LinkEdit::default() }).await.unwrap_err();
    assert_eq!(refused.code, "secret_needed");
    let draft = LinkDraft { client_auth: Some(ClientAuth::Post), ..new_secret("a-secret", None) };
    let both = LinkEdit { draft: draft.clone(), add_secret: true, ..LinkEdit::default() };
    assert_eq!(edit(&bed, both).await.unwrap_err().code, "secret_kinds_mixed");
    edit(&bed, LinkEdit { draft, ..LinkEdit::default() }).await.unwrap();
    let draft = LinkDraft { client_auth: Some(ClientAuth::None), ..LinkDraft::default() };
    let sure = LinkEdit { draft, delete_secret: true, ..LinkEdit::default() };
    let said = edit(&bed, sure).await.unwrap();
    assert!(said.iter().any(|text| text.contains("deleted")), "{said:?}");
    assert!(secrets(&bed).await.is_empty());
    assert_eq!(edit(&bed, ends_at(Some(now()))).await.unwrap_err().code, "no_secret");
    edit(&bed, ends_at(None)).await.unwrap();
}

#[tokio::test]
async fn a_secret_is_deleted_only_by_who_says_so() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let second =
        LinkEdit { draft: new_secret("second-one", None), add_secret: true, ..Default::default() };
    edit(&bed, second).await.unwrap();
    let before = secrets(&bed).await;
    let public = || LinkDraft { client_auth: Some(ClientAuth::None), ..LinkDraft::default() };
    let unasked = LinkEdit { draft: public(), ..LinkEdit::default() };
    let refused = edit(&bed, unasked).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.field),
        ("secret_would_be_deleted", Some("delete_client_secret"))
    );
    assert!(refused.hint.contains("--delete-client-secret"), "{refused:?}");
    let needed = LinkEdit { delete_secret: true, ..LinkEdit::default() };
    assert_eq!(edit(&bed, needed).await.unwrap_err().code, "secret_in_use");
    assert_eq!(secrets(&bed).await, before, "a refusal deletes nothing");
    let sure = LinkEdit { draft: public(), delete_secret: true, ..LinkEdit::default() };
    edit(&bed, sure).await.unwrap();
    assert!(secrets(&bed).await.is_empty());
    // What is public stays so, without a word about secrets.
    edit(&bed, LinkEdit { draft: public(), ..LinkEdit::default() }).await.unwrap();
}

#[tokio::test]
async fn the_end_of_either_secret_is_changed_and_unset() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let (soon, late) = (later(now(), days(5)), later(now(), days(50)));
    let draft = new_secret("second-one", Some(late));
    edit(&bed, LinkEdit { draft, add_secret: true, ..LinkEdit::default() }).await.unwrap();
    let [new, old] = bed.engine.link("Work").await.unwrap().client_secrets.try_into().unwrap();
    let ends = || async {
        let link = bed.engine.link("Work").await.unwrap();
        link.client_secrets.iter().map(|secret| secret.expires_at).collect::<Vec<_>>()
    };
    let end = |of, at| LinkEdit { secret_end: Some(SecretEnd { of, at }), ..LinkEdit::default() };
    assert_eq!(ends().await, [Some(late), None]);
    edit(&bed, end(Some(old.id), Some(soon))).await.unwrap();
    assert_eq!(ends().await, [Some(late), Some(soon)]);
    edit(&bed, end(None, None)).await.unwrap();
    assert_eq!(ends().await, [None, Some(soon)], "the one in use, where none is named");
    edit(&bed, end(Some(old.id), None)).await.unwrap();
    edit(&bed, end(Some(new.id), Some(late))).await.unwrap();
    assert_eq!(ends().await, [Some(late), None]);
    let nobodys = "01980000-0000-7000-8000-000000000001".parse().unwrap();
    let refused = edit(&bed, end(Some(nobodys), None)).await.unwrap_err();
    assert_eq!((refused.code, refused.field), ("secret_unknown", Some("client_secret_id")));
    let both = LinkEdit { draft: new_secret("third-one", None), ..end(Some(old.id), Some(soon)) };
    assert_eq!(edit(&bed, both).await.unwrap_err().code, "secret_end_unclear");
    // The same secret entered again keeps its end, unless that is unset in so many words.
    let again = || new_secret("second-one", None);
    edit(&bed, LinkEdit { draft: again(), ..LinkEdit::default() }).await.unwrap();
    assert_eq!(ends().await, [Some(late)]);
    edit(&bed, LinkEdit { draft: again(), ..end(None, None) }).await.unwrap();
    assert_eq!(ends().await, [None]);
}

#[tokio::test]
async fn a_signing_algorithm_is_set_and_unset() {
    let bed = Bed::new().await;
    let (_, pem) = key(&PKCS_RSA_SHA256);
    let mut new = bed.new_link("Work");
    new.draft.client_auth = Some(ClientAuth::PrivateKeyJwt);
    new.draft.signing_alg = Change::Set(SigningAlg::Ps256);
    new.draft.secret = Some(NewSecret::new(pem));
    bed.engine.create_link(new, &Caller::System).await.unwrap();
    for (signing_alg, expected) in [
        (Change::Keep, Some(SigningAlg::Ps256)),
        (Change::Clear, None),
        (Change::Keep, None),
        (Change::Set(SigningAlg::Rs256), Some(SigningAlg::Rs256)),
    ] {
        let draft = LinkDraft { signing_alg, ..LinkDraft::default() };
        edit(&bed, LinkEdit { draft, ..LinkEdit::default() }).await.unwrap();
        assert_eq!(bed.engine.link("Work").await.unwrap().signing_alg, expected, "{signing_alg:?}");
    }
}

#[tokio::test]
async fn googles_key_file_fills_a_link_in() {
    let bed = Bed::new().await;
    let (_, pem) = key(&PKCS_RSA_SHA256);
    let file = key_file("mail@project.example", "key-1", &pem);
    let mut new = bed.preset_link("Work", ProviderKind::Google, LinkDraft::default());
    new.draft.client_id = None;
    new.draft.secret = None;
    new.service_account = Some(file);
    let unfit = bed.engine.create_link(new.clone(), &Caller::System).await;
    assert_eq!(unfit.unwrap_err().problem().field, Some("grant_type"));
    new.choice.grant_type = GrantType::JwtBearer;
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    assert_eq!(link.client_id, "mail@project.example");
    assert_eq!(link.client_auth, ClientAuth::None, "the assertion proves everything");
    assert_eq!(link.client_secrets[0].key_id.as_deref(), Some("key-1"));
    assert!(link.scope.contains("https://mail.google.com/"));

    // The next key, at first beside the one in use.
    let (_, next) = key(&PKCS_RSA_SHA256);
    let with = |file: Secret, add_secret| LinkEdit {
        service_account: Some(file),
        add_secret,
        ..LinkEdit::default()
    };
    let file = key_file("mail@project.example", "key-2", &next);
    edit(&bed, with(file.clone(), true)).await.unwrap();
    let after = bed.engine.link("Work").await.unwrap();
    let names: Vec<_> = after.client_secrets.iter().map(|key| key.key_id.as_deref()).collect();
    assert_eq!(names, [Some("key-2"), Some("key-1")]);
    assert_eq!((after.client_id, after.token_endpoint), (link.client_id, link.token_endpoint));
    let dated = LinkEdit { secret_end: ends_at(Some(now())).secret_end, ..with(file, false) };
    edit(&bed, dated).await.unwrap();
    let after = bed.engine.link("Work").await.unwrap();
    assert_eq!(after.client_secrets.len(), 1, "it takes the place of the other one");
    assert!(after.client_secrets[0].expires_at.is_some());

    let other = key_file("other@project.example", "key-3", &next);
    let refused = edit(&bed, with(other.clone(), false)).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.field),
        ("service_account_other", Some("service_account")),
        "another account's key would lock every grant"
    );
    let draft =
        LinkDraft { client_id: Some("other@project.example".into()), ..LinkDraft::default() };
    let renamed = LinkEdit { draft, ..with(other.clone(), false) };
    edit(&bed, renamed).await.unwrap();
    let twice = LinkEdit { draft: new_secret(next.expose(), None), ..with(other.clone(), false) };
    assert_eq!(edit(&bed, twice).await.unwrap_err().code, "secret_given_twice");
    let unfit = bed.engine.create_link(bed.new_link("Plain"), &Caller::System).await.unwrap().link;
    let refused = bed.engine.edit_link(&unfit.name, with(other, false), &Caller::System).await;
    assert_eq!(refused.unwrap_err().problem().code, "grant_type_unfit");
}

fn key_file(account: &str, key_id: &str, pem: &Secret) -> Secret {
    Secret::new(format!(
        r#"{{"type":"service_account","client_email":"{account}","private_key_id":"{key_id}",
           "private_key":{:?},"token_uri":"https://oauth2.googleapis.com/token"}}"#,
        pem.expose()
    ))
}
