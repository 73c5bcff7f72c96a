//! The way back from the provider: each thing that somebody could try there.

use jiff::SignedDuration;
use outlink_engine::consents::{AskConsent, ConsentStatus};
use outlink_engine::{Caller, Engine};
use outlink_model::ConsentId;
use outlink_model::problem::Problem;
use outlink_oauth::redirect_ref;
use outlink_practice::TokenFault;

use crate::bed::{Bed, start_page};

/// A consent that was begun: what the browser holds, and what the provider would send it back with.
struct Journey {
    reference: String,
    cookie: String,
    state: String,
    consent: ConsentId,
    issuer: String,
}

impl Journey {
    async fn begin(bed: &Bed, name: &str) -> Self {
        let link = bed.link(name).await;
        let ask = AskConsent::default();
        let offer = bed.engine.authorize_link(name, ask, &Caller::System).await.unwrap();
        let begun = bed.engine.begin_consent(&start_page(&offer)).await.unwrap();
        let url = url::Url::parse(begun.location.expose()).unwrap();
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let authorization = link.authorization_endpoint.as_deref().unwrap();
        Self {
            reference: redirect_ref(authorization, &link.token_endpoint),
            cookie: begun.cookie.expose().to_owned(),
            state,
            consent: offer.consent,
            issuer: bed.practice.issuer.clone(),
        }
    }

    fn pairs(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = [("state", self.state.as_str()), ("iss", self.issuer.as_str())];
        own.iter().chain(more).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }
}

async fn refused(
    engine: &Engine,
    reference: &str,
    pairs: &[(String, String)],
    cookie: Option<&str>,
) -> Problem {
    let problem = engine.finish_consent(reference, pairs, cookie).await.unwrap_err().problem();
    assert!(!problem.message.is_empty() && !problem.hint.is_empty(), "{problem:?}");
    problem
}

#[tokio::test]
async fn a_state_works_once_and_in_its_own_browser_only() {
    let bed = Bed::new().await;
    let journey = Journey::begin(&bed, "Work").await;
    let pairs = journey.pairs(&[("code", "c")]);
    let to = journey.reference.as_str();

    let unknown = vec![("state".to_owned(), "nobody's".to_owned()), ("code".into(), "c".into())];
    assert_eq!(refused(&bed.engine, to, &unknown, Some("any")).await.code, "state_unknown");
    let none = vec![("code".to_owned(), "c".to_owned())];
    assert_eq!(refused(&bed.engine, to, &none, Some("any")).await.code, "state_unknown");
    assert_eq!(refused(&bed.engine, to, &pairs, None).await.code, "other_browser");
    assert_eq!(refused(&bed.engine, to, &pairs, Some("stolen")).await.code, "other_browser");
    // An attempt from elsewhere takes nothing away from the browser that began: its answer is asked about, once.
    let own = refused(&bed.engine, to, &pairs, Some(&journey.cookie)).await;
    assert_eq!(own.code, "code_refused");
    let again = refused(&bed.engine, to, &pairs, Some(&journey.cookie)).await;
    assert_eq!(again.code, "state_unknown");
}

#[tokio::test]
async fn an_answer_must_come_from_the_issuer_and_to_the_address_it_was_asked_to() {
    let bed = Bed::new().await;
    let journey = Journey::begin(&bed, "One").await;
    let pairs = journey.pairs(&[("code", "c")]);
    let cookie = Some(journey.cookie.as_str());
    let elsewhere = "AAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(refused(&bed.engine, elsewhere, &pairs, cookie).await.code, "wrong_redirect");

    for (name, iss) in [("Two", Some("https://evil.example")), ("Three", None)] {
        let journey = Journey::begin(&bed, name).await;
        for more in [("code", "c"), ("error", "access_denied")] {
            let mut pairs = vec![("state".to_owned(), journey.state.clone())];
            pairs.extend(iss.map(|iss| ("iss".to_owned(), iss.to_owned())));
            pairs.push((more.0.into(), more.1.into()));
            let cookie = Some(journey.cookie.as_str());
            let problem = refused(&bed.engine, &journey.reference, &pairs, cookie).await;
            assert!(problem.code.contains("iss") || problem.code == "state_unknown", "{problem:?}");
        }
    }
}

#[tokio::test]
async fn a_denial_is_told_and_leaves_no_grant() {
    let bed = Bed::new().await;
    let journey = Journey::begin(&bed, "Work").await;
    let pairs = journey.pairs(&[("error", "access_denied")]);
    let cookie = Some(journey.cookie.as_str());
    let problem = refused(&bed.engine, &journey.reference, &pairs, cookie).await;
    assert_eq!(problem.code, "consent_refused");
    let grants = bed.engine.grants(outlink_engine::Page::default()).await.unwrap();
    assert!(grants.items.is_empty());
}

#[tokio::test]
async fn repeated_parameters_and_made_up_codes_are_refused() {
    let bed = Bed::new().await;
    let journey = Journey::begin(&bed, "Work").await;
    let cookie = Some(journey.cookie.as_str());
    let twice = journey.pairs(&[("code", "a"), ("code", "b")]);
    refused(&bed.engine, &journey.reference, &twice, cookie).await;
    let status = bed.engine.consent_status(journey.consent).await.unwrap();
    let ConsentStatus::Failed(reason) = status else { panic!("whoever waits is told: {status:?}") };
    assert!(reason.contains("twice"), "{reason}");

    let journey = Journey::begin(&bed, "Other").await;
    let cookie = Some(journey.cookie.as_str());
    let mut forged = journey.pairs(&[("code", "a"), ("code", "b")]);
    forged[0].1 = "nobody's".into();
    refused(&bed.engine, &journey.reference, &forged, cookie).await;
    let made_up = journey.pairs(&[("code", "made up +/ %2F")]);
    let problem = refused(&bed.engine, &journey.reference, &made_up, cookie).await;
    assert_eq!(problem.code, "code_refused", "a forged one uses nothing up");
}

#[tokio::test]
async fn what_was_sent_is_not_shown_again() {
    let bed = Bed::new().await;
    let journey = Journey::begin(&bed, "Work").await;
    let code = "short-code";
    let secret = bed.practice.client_secret.expose().to_owned();
    let description = format!("I was sent {code} and {secret}.");
    let echo = TokenFault::Refuse { error: "invalid_grant".into(), description };
    bed.practice.faults().next_token_answers(1, echo);
    let pairs = journey.pairs(&[("code", code)]);
    let cookie = Some(journey.cookie.as_str());
    let problem = refused(&bed.engine, &journey.reference, &pairs, cookie).await;
    assert!(problem.message.contains("I was sent"), "{problem:?}");
    assert!(!problem.message.contains(code) && !problem.message.contains(&secret), "{problem:?}");
}

#[tokio::test]
async fn whoever_does_not_come_back_within_an_hour_is_not_waited_for() {
    let bed = Bed::new().await;
    let journey = Journey::begin(&bed, "Work").await;
    let waiting = bed.engine.consent_status(journey.consent).await.unwrap();
    assert!(matches!(waiting, ConsentStatus::Waiting(None)));
    let later = bed.later_engine(SignedDuration::from_mins(61));
    let status = later.consent_status(journey.consent).await.unwrap();
    assert!(matches!(status, ConsentStatus::Failed(_)), "{status:?}");
}

#[tokio::test]
async fn looking_at_the_start_page_changes_nothing() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let hint = Some("carla@example.org".to_owned());
    let ask = AskConsent { login_hint: hint, expires_in: None };
    let offer = bed.engine.authorize_link("Work", ask, &Caller::System).await.unwrap();
    let token = start_page(&offer);
    for _ in 0..3 {
        let page = bed.engine.consent_page(&token).await.unwrap();
        assert_eq!(page.login_hint.as_deref(), Some("carla@example.org"));
        assert!(page.provider_origin.starts_with("http://localhost:"));
    }
    assert!(bed.engine.consent_page("made-up").await.is_err());
}
