//! The way back from the provider, case by case: whatever comes there, the code goes to nobody but the endpoint that it
//! was asked for, and whoever waits is told.

use jiff::SignedDuration;
use outlink_engine::consents::{AskConsent, ConsentStatus};
use outlink_engine::links::{DeleteLink, LinkDraft, LinkEdit, NewLink, NewSecret};
use outlink_engine::{Caller, Engine, Page};
use outlink_model::ConsentId;
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_oauth::redirect_ref;
use outlink_practice::{Endpoint, Received};

use crate::bed::{Bed, start_page};

/// A consent that was begun in a browser of its own.
struct Journey {
    page: String,
    reference: String,
    cookie: String,
    state: String,
    consent: ConsentId,
}

impl Journey {
    async fn begin(bed: &Bed, new: NewLink) -> Self {
        let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
        let authorization = link.authorization_endpoint.as_deref().unwrap();
        let reference = redirect_ref(authorization, &link.token_endpoint);
        let ask = AskConsent::default();
        let offer = bed.engine.authorize_link(&link.name, ask, &Caller::System).await.unwrap();
        let page = start_page(&offer);
        let (cookie, state) = press(&bed.engine, &page).await;
        Self { page, reference, cookie, state, consent: offer.consent }
    }

    /// What the provider sends: the state, itself where told, and the rest.
    fn answer(&self, iss: Option<&str>, rest: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = [("state", self.state.as_str())];
        let iss = iss.map(|iss| ("iss", iss));
        let all = own.into_iter().chain(iss).chain(rest.iter().copied());
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Comes back with this to the address that it was sent out with.
    async fn come_back(&self, engine: &Engine, pairs: &[(String, String)]) -> Problem {
        refused(engine, &self.reference, pairs, &self.cookie).await
    }

    /// What whoever waits for the consent is told.
    async fn told(&self, bed: &Bed) -> String {
        match bed.engine.consent_status(self.consent).await.unwrap() {
            ConsentStatus::Failed(reason) => reason,
            other => panic!("it has failed: {other:?}"),
        }
    }
}

/// The button of the start page: the cookie, and the state.
async fn press(engine: &Engine, page: &str) -> (String, String) {
    let begun = engine.begin_consent(page).await.unwrap();
    let url = url::Url::parse(begun.location.expose()).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    (begun.cookie.expose().to_owned(), state)
}

async fn refused(
    engine: &Engine,
    reference: &str,
    pairs: &[(String, String)],
    cookie: &str,
) -> Problem {
    let finished = engine.finish_consent(reference, pairs, Some(cookie)).await;
    let problem = finished.unwrap_err().problem();
    assert!(!problem.message.is_empty() && !problem.hint.is_empty(), "{problem:?}");
    problem
}

/// What came to the token endpoint.
fn asked(bed: &Bed) -> Vec<Received> {
    bed.practice.requests(Endpoint::Token)
}

async fn no_grant(bed: &Bed) {
    assert!(bed.engine.grants(Page::default()).await.unwrap().items.is_empty());
}

/// A link with a pair of endpoints of its own, and so with a redirect URL of its own.
fn elsewhere(bed: &Bed, name: &str) -> NewLink {
    let mut new = bed.new_link(name);
    let token = format!("{}?tenant={name}", bed.practice.token_endpoint);
    new.draft.token_endpoint = Some(token);
    new
}

#[tokio::test]
async fn a_code_reaches_the_provider_letter_by_letter() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    let long = "x".repeat(4096);
    let codes = ["4/0Ab+c", "%2F", "a b", "100%", "&grant_type=password", "é…", "'\"<>\\", &long];
    for (n, code) in codes.into_iter().enumerate() {
        let journey = Journey::begin(&bed, bed.new_link(&format!("Link {n}"))).await;
        let pairs = journey.answer(Some(&issuer), &[("code", code)]);
        assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, "code_refused", "{code}");
        let sent = asked(&bed).pop().unwrap();
        assert_eq!(sent.parameter("code").as_deref(), Some(code));
        assert_eq!(sent.parameter("grant_type").as_deref(), Some("authorization_code"));
        let redirect = format!("http://localhost:8080/oauth2/callback/{}", journey.reference);
        assert_eq!(sent.parameter("redirect_uri").as_deref(), Some(redirect.as_str()));
        assert!(sent.parameter("code_verifier").is_some_and(|text| text.len() >= 43));
        let told = journey.told(&bed).await;
        assert!(code.len() < 4 || !told.contains(code), "{told}");
    }
    assert_eq!(asked(&bed).len(), codes.len(), "a refused code is asked about once");
}

#[tokio::test]
async fn states_that_nobody_was_given_ask_nobody_and_use_nothing_up() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    let journey = Journey::begin(&bed, bed.new_link("Work")).await;
    let good = journey.state.clone();
    let endless = "s".repeat(4096);
    let longer = format!("{good}{}", "s".repeat(4096));
    let (cut, padded, upper) = (&good[1..], format!("{good} "), good.to_ascii_uppercase());
    for state in [endless.as_str(), &longer, cut, &padded, &upper, "", "\0", "é", "' OR 1=1 --"] {
        for rest in [("code", "c"), ("error", "access_denied")] {
            let mut pairs = journey.answer(Some(&issuer), &[rest]);
            pairs[0].1 = state.to_owned();
            let problem = journey.come_back(&bed.engine, &pairs).await;
            assert_eq!(problem.code, "state_unknown", "{state}");
            let shown = state.len() > 8 && problem.to_string().contains(state);
            assert!(!shown, "nothing that was sent is repeated: {problem:?}");
        }
    }
    // Two states at once are none, the good one among them or not.
    let twice = journey.answer(Some(&issuer), &[("state", &good), ("code", "c")]);
    assert_eq!(journey.come_back(&bed.engine, &twice).await.code, "callback_repeated");
    assert!(asked(&bed).is_empty());
    let waiting = bed.engine.consent_status(journey.consent).await.unwrap();
    assert!(matches!(waiting, ConsentStatus::Waiting(_)), "{waiting:?}");
    let pairs = journey.answer(Some(&issuer), &[("code", "c")]);
    assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, "code_refused");
    assert_eq!(asked(&bed).len(), 1);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_asks_nobody() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    let journey = Journey::begin(&bed, bed.new_link("Work")).await;
    let pairs = journey.answer(Some(&issuer), &[("code", "c")]);
    let late = bed.later_engine(SignedDuration::from_mins(61));
    assert_eq!(journey.come_back(&late, &pairs).await.code, "state_unknown");
    assert!(asked(&bed).is_empty());
    // The page itself lasts three days, and then begins nothing more.
    let over = bed.later_engine(SignedDuration::from_hours(73));
    let problem = over.begin_consent(&journey.page).await.unwrap_err().problem();
    assert_eq!(problem.code, "consent_over");
    no_grant(&bed).await;
}

#[tokio::test]
async fn an_answer_to_another_links_address_is_refused_and_told() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    let one = Journey::begin(&bed, elsewhere(&bed, "One")).await;
    let two = Journey::begin(&bed, elsewhere(&bed, "Two")).await;
    assert_ne!(one.reference, two.reference);
    let pairs = one.answer(Some(&issuer), &[("code", "c")]);
    let problem = refused(&bed.engine, &two.reference, &pairs, &one.cookie).await;
    assert_eq!(problem.code, "wrong_redirect");
    assert!(one.told(&bed).await.contains("another address"));
    // The other browser's cookie does not open it either, and the other consent stands.
    let pairs = two.answer(Some(&issuer), &[("code", "c")]);
    let problem = refused(&bed.engine, &two.reference, &pairs, &one.cookie).await;
    assert_eq!(problem.code, "other_browser");
    assert!(asked(&bed).is_empty(), "no code went anywhere");
    assert_eq!(two.come_back(&bed.engine, &pairs).await.code, "code_refused");
    assert!(asked(&bed)[0].path.ends_with("?tenant=Two"), "{}", asked(&bed)[0].path);
}

#[tokio::test]
async fn contradictions_are_refused_and_told() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    type Pairs = [(&'static str, &'static str)];
    let table: [(&Pairs, &str, &str); 6] = [
        (&[("code", "c"), ("error", "access_denied")], "callback_contradicts_itself", "both"),
        (&[("code", "c"), ("code", "d")], "callback_repeated", "code twice"),
        (&[("code", "c"), ("code", "c")], "callback_repeated", "code twice"),
        (&[("error", "x"), ("error", "y")], "callback_repeated", "error twice"),
        (&[("code", "c"), ("iss", "https://evil.example")], "callback_repeated", "iss twice"),
        (&[], "callback_empty", "neither"),
    ];
    for (n, (rest, code, words)) in table.into_iter().enumerate() {
        let journey = Journey::begin(&bed, bed.new_link(&format!("Link {n}"))).await;
        let pairs = journey.answer(Some(&issuer), rest);
        assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, code, "{rest:?}");
        let told = journey.told(&bed).await;
        assert!(told.contains(words), "{rest:?}: {told}");
        // It is over: the same browser cannot come back with something better.
        let pairs = journey.answer(Some(&issuer), &[("code", "c")]);
        assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, "state_unknown");
    }
    assert!(asked(&bed).is_empty());
    no_grant(&bed).await;
}

#[tokio::test]
async fn refusals_are_told_in_words_and_shortened() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    let endless = "no ".repeat(4000);
    let table = [
        ("access_denied", "The user said no.", "The user said no."),
        ("temporarily_unavailable", "", ""),
        ("invalid_scope", "mail.imap is not for you", "mail.imap is not for you"),
        ("made_up", "<script>alert(1)</script>\r\nSet-Cookie: x=y", "alert"),
        ("", "An error without a name", ""),
        ("server_error", endless.as_str(), "no no"),
    ];
    for (n, (error, description, words)) in table.into_iter().enumerate() {
        let journey = Journey::begin(&bed, bed.new_link(&format!("Link {n}"))).await;
        let rest = [("error", error), ("error_description", description)];
        let pairs = journey.answer(Some(&issuer), &rest);
        let problem = journey.come_back(&bed.engine, &pairs).await;
        let expected = if error.is_empty() { "callback_empty" } else { "consent_refused" };
        assert_eq!(problem.code, expected, "{error}");
        assert!(problem.message.contains(words), "{error}: {problem:?}");
        assert!(problem.message.len() < 4000, "{error}: {} octets", problem.message.len());
        assert!(!problem.message.contains(['\r', '\n']), "{error}: {problem:?}");
        assert!(journey.told(&bed).await.contains(words), "{error}");
    }
    assert!(asked(&bed).is_empty());
    no_grant(&bed).await;
}

#[tokio::test]
async fn the_issuer_is_compared_on_answers_of_both_kinds() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    let slash = format!("{issuer}/");
    let upper = issuer.to_ascii_uppercase();
    let wrong = [None, Some("https://evil.example"), Some(&slash), Some(&upper), Some("")];
    for (n, iss) in wrong.into_iter().enumerate() {
        for rest in [("code", "c"), ("error", "access_denied")] {
            let name = format!("Link {n} {}", rest.0);
            let journey = Journey::begin(&bed, bed.new_link(&name)).await;
            let pairs = journey.answer(iss, &[rest]);
            let problem = journey.come_back(&bed.engine, &pairs).await;
            assert_eq!(problem.code, "issuer_mismatch", "{iss:?} {rest:?}: {problem:?}");
            assert!(journey.told(&bed).await.contains("issuer"), "{iss:?} {rest:?}");
        }
    }
    assert!(asked(&bed).is_empty());
}

#[tokio::test]
async fn where_nobody_announced_an_issuer_it_is_compared_only_if_one_is_known() {
    let bed = Bed::new().await;
    // An administrator who entered none cannot have it compared.
    for (n, iss) in [None, Some("https://anybody.example")].into_iter().enumerate() {
        let mut new = bed.new_link(&format!("Link {n}"));
        new.draft.issuer = None;
        let journey = Journey::begin(&bed, new).await;
        let pairs = journey.answer(iss, &[("code", "c")]);
        assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, "code_refused", "{iss:?}");
    }
    // Google sends it and announces nothing: what comes must be right, and nothing need come.
    let before = asked(&bed).len();
    for (n, (iss, expected)) in [
        (None, "code_refused"),
        (Some("https://accounts.google.com"), "code_refused"),
        (Some("https://login.microsoftonline.com/common/v2.0"), "issuer_mismatch"),
    ]
    .into_iter()
    .enumerate()
    {
        let draft = LinkDraft {
            authorization_endpoint: Some(bed.practice.authorization_endpoint.clone()),
            token_endpoint: Some(bed.practice.token_endpoint.clone()),
            ..LinkDraft::default()
        };
        let new = bed.preset_link(&format!("Google {n}"), ProviderKind::Google, draft);
        let journey = Journey::begin(&bed, new).await;
        let pairs = journey.answer(iss, &[("code", "c")]);
        assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, expected, "{iss:?}");
    }
    assert_eq!(asked(&bed).len() - before, 2);
}

#[tokio::test]
async fn an_issuer_that_need_not_come_is_compared_where_it_comes() {
    let bed = Bed::new().await;
    for (n, (iss, expected)) in [
        (None, "code_refused"),
        (Some(bed.practice.issuer.clone()), "code_refused"),
        (Some("https://anybody.example".to_owned()), "issuer_mismatch"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut new = bed.new_link(&format!("Link {n}"));
        new.draft.requires_iss = Some(false);
        let journey = Journey::begin(&bed, new).await;
        let pairs = journey.answer(iss.as_deref(), &[("code", "c")]);
        assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, expected, "{iss:?}");
    }
}

#[tokio::test]
async fn a_callback_must_name_its_issuer_exactly_where_the_link_requires_it() {
    let bed = Bed::new().await;
    let right = bed.practice.issuer.clone();
    let evil = "https://evil.example";
    let table = [
        (true, None, "issuer_mismatch"),
        (true, Some(right.as_str()), "code_refused"),
        (true, Some(evil), "issuer_mismatch"),
        (false, None, "code_refused"),
        (false, Some(right.as_str()), "code_refused"),
        (false, Some(evil), "issuer_mismatch"),
    ];
    for (n, (required, iss, expected)) in table.into_iter().enumerate() {
        let created = format!("Created {n}");
        let mut new = bed.new_link(&created);
        new.draft.requires_iss = Some(required);
        let said_at_first = Journey::begin(&bed, new).await;
        // What counts is what the link says when the answer comes, whatever it said before.
        let edited = format!("Edited {n}");
        let mut new = bed.new_link(&edited);
        new.draft.requires_iss = Some(!required);
        let said_later = Journey::begin(&bed, new).await;
        let draft = LinkDraft { requires_iss: Some(required), ..LinkDraft::default() };
        edit(&bed, &edited, draft).await;
        for journey in [said_at_first, said_later] {
            let before = asked(&bed).len();
            let pairs = journey.answer(iss, &[("code", "c")]);
            let problem = journey.come_back(&bed.engine, &pairs).await;
            assert_eq!(problem.code, expected, "{required} {iss:?}: {problem:?}");
            let redeemed = usize::from(expected == "code_refused");
            assert_eq!(asked(&bed).len() - before, redeemed, "{required} {iss:?}");
        }
    }
}

#[tokio::test]
async fn after_the_link_was_deleted_or_disabled_the_code_goes_nowhere() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    let by = &Caller::System;
    let journey = Journey::begin(&bed, bed.new_link("Gone")).await;
    bed.engine.delete_link("Gone", DeleteLink::default(), by).await.unwrap();
    let pairs = journey.answer(Some(&issuer), &[("code", "c")]);
    assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, "state_unknown");
    assert!(bed.engine.begin_consent(&journey.page).await.is_err());

    let journey = Journey::begin(&bed, bed.new_link("Off")).await;
    let draft = LinkDraft { enabled: Some(false), ..LinkDraft::default() };
    edit(&bed, "Off", draft).await;
    let pairs = journey.answer(Some(&issuer), &[("code", "c")]);
    assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, "link_disabled");
    assert!(journey.told(&bed).await.contains("switched off"));
    assert!(asked(&bed).is_empty());
}

#[tokio::test]
async fn after_an_endpoint_was_moved_the_code_does_not_go_to_the_new_one() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    for (name, moved) in [
        (
            "Token",
            LinkDraft {
                token_endpoint: Some(format!("{}?moved", bed.practice.token_endpoint)),
                secret: Some(NewSecret::new(bed.practice.client_secret.clone())),
                ..LinkDraft::default()
            },
        ),
        (
            "Authorization",
            LinkDraft {
                authorization_endpoint: Some(format!(
                    "{}?moved",
                    bed.practice.authorization_endpoint
                )),
                ..LinkDraft::default()
            },
        ),
    ] {
        let journey = Journey::begin(&bed, bed.new_link(name)).await;
        edit(&bed, name, moved).await;
        let pairs = journey.answer(Some(&issuer), &[("code", "c")]);
        let problem = journey.come_back(&bed.engine, &pairs).await;
        assert_eq!(problem.code, "wrong_redirect", "{name}: {problem:?}");
        assert!(asked(&bed).is_empty(), "{name}: {:?}", asked(&bed));
        journey.told(&bed).await;
    }
    // What does not concern the way to the provider may change while somebody is on it.
    let journey = Journey::begin(&bed, bed.new_link("Renamed")).await;
    let draft = LinkDraft { name: Some("Other".into()), ..LinkDraft::default() };
    edit(&bed, "Renamed", draft).await;
    let pairs = journey.answer(Some(&issuer), &[("code", "c")]);
    assert_eq!(journey.come_back(&bed.engine, &pairs).await.code, "code_refused");
    assert_eq!(asked(&bed).len(), 1);
}

async fn edit(bed: &Bed, named: &str, draft: LinkDraft) {
    let edit = LinkEdit { draft, ..LinkEdit::default() };
    bed.engine.edit_link(named, edit, &Caller::System).await.unwrap();
}

#[tokio::test]
async fn a_button_that_is_pressed_again_makes_the_state_before_worthless() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    let first = Journey::begin(&bed, bed.new_link("Work")).await;
    let (cookie, state) = press(&bed.engine, &first.page).await;
    assert!(cookie != first.cookie && state != first.state);
    let pairs = first.answer(Some(&issuer), &[("code", "c")]);
    assert_eq!(first.come_back(&bed.engine, &pairs).await.code, "state_unknown");
    let second = Journey { cookie, state, ..first };
    let pairs = second.answer(Some(&issuer), &[("code", "c")]);
    assert_eq!(second.come_back(&bed.engine, &pairs).await.code, "code_refused");
}

#[tokio::test]
async fn one_answer_that_comes_many_times_at_once_is_redeemed_once() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    let journey = Journey::begin(&bed, bed.new_link("Work")).await;
    let pairs = journey.answer(Some(&issuer), &[("code", "c")]);
    let calls = (0..16).map(|_| journey.come_back(&bed.engine, &pairs));
    let codes: Vec<_> =
        futures_util::future::join_all(calls).await.into_iter().map(|p| p.code).collect();
    assert_eq!(codes.iter().filter(|code| **code == "code_refused").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == "state_unknown").count(), 15, "{codes:?}");
    assert_eq!(asked(&bed).len(), 1);
}
