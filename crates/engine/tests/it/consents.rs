//! Consents that are given: whose they are, and what becomes of the tokens.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use outlink_engine::consents::{AskConsent, Finished, Offer};
use outlink_engine::links::NewLink;
use outlink_engine::{Caller, Error};
use outlink_model::Secret;
use outlink_model::grant::Grant;
use outlink_model::link::Link;
use outlink_practice::TokenFault;

use crate::bed::{ALICE, Bed, start_page};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A link whose redirect URL is registered.
pub(crate) async fn link(bed: &Bed, change: impl FnOnce(&mut NewLink)) -> Link {
    let mut new = bed.new_link("Work");
    change(&mut new);
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    assert!(bed.practice.register_redirect(&bed.engine.redirect_url_of(&link).unwrap()));
    link
}

/// The whole way of a person who consents: the start page, the provider's pages, and back.
pub(crate) async fn consent(bed: &Bed, offer: Offer, user: usize) -> Result<Finished, Error> {
    let begun = bed.engine.begin_consent(&start_page(&offer)).await.unwrap();
    let nowhere = reqwest::redirect::Policy::none();
    let browser = reqwest::Client::builder().redirect(nowhere).no_proxy().build().unwrap();
    let header = |answer: &reqwest::Response, name: &str| {
        answer.headers()[name].to_str().unwrap().to_owned()
    };
    let pages = url::Url::parse(begun.location.expose()).unwrap();
    let first = browser.get(pages.clone()).send().await.unwrap();
    let request = header(&first, "location").split("request=").nth(1).unwrap().to_owned();
    let post = async |path: &str, cookie: String, more: &[(&str, &str)]| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("request", &request).extend_pairs(more);
        let call = browser.post(pages.join(path).unwrap()).header("cookie", cookie);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        call.body(form.finish()).send().await.unwrap()
    };
    let cookie = |answer: &reqwest::Response| {
        header(answer, "set-cookie").split(';').next().unwrap().to_owned()
    };
    let user = &bed.practice.users[user];
    let named = [("username", user.address.as_str()), ("password", user.password.expose())];
    let login = post("/login", cookie(&first), &named).await;
    let back = post("/consent", cookie(&login), &[("decision", "allow")]).await;
    let back = url::Url::parse(&header(&back, "location")).unwrap();
    let reference = back.path().rsplit('/').next().unwrap();
    let pairs: Vec<_> = back.query_pairs().into_owned().collect();
    bed.engine.finish_consent(reference, &pairs, Some(begun.cookie.expose())).await
}

pub(crate) async fn first(bed: &Bed) -> Result<Finished, Error> {
    let offer =
        bed.engine.authorize_link("Work", AskConsent::default(), &Caller::System).await.unwrap();
    consent(bed, offer, 0).await
}

pub(crate) async fn anew(bed: &Bed, grant: &Grant, user: usize) -> Result<Finished, Error> {
    let name = grant.id.to_string();
    let offer = bed.engine.authorize_grant(&name, None, &Caller::System).await.unwrap();
    consent(bed, offer, user).await
}

async fn refresh_token(bed: &Bed, grant: &Grant) -> Option<String> {
    let tokens = bed.store.tokens(grant.id).await.unwrap().unwrap();
    tokens.refresh.map(|token| token.expose().to_owned())
}

#[tokio::test]
async fn a_grant_is_renewed_by_its_own_person_alone() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let grant = first(&bed).await.unwrap().grant;
    assert_eq!(grant.identity.email.as_deref(), Some(ALICE));

    let refused = anew(&bed, &grant, 1).await.unwrap_err().problem();
    assert_eq!(refused.code, "somebody_else");
    let silent = TokenFault::Edit(|answer| drop(answer.remove("id_token")));
    bed.practice.faults().next_token_answers(1, silent);
    let refused = anew(&bed, &grant, 1).await.unwrap_err().problem();
    assert_eq!(refused.code, "person_unknown", "who says nothing may be anybody");
    let after = bed.engine.grant(ALICE).await.unwrap();
    assert_eq!((after.generation, &after.identity), (1, &grant.identity), "nothing was changed");

    let renewed = anew(&bed, &grant, 0).await.unwrap().grant;
    assert_eq!((renewed.generation, renewed.id), (2, grant.id));
    assert_eq!(renewed.identity, grant.identity);
}

#[tokio::test]
async fn a_nonce_is_asked_back_only_where_it_was_sent() {
    let bed = Bed::new().await;
    let unasked = |new: &mut NewLink| {
        new.draft.scope = Some("offline_access mail.imap".into());
        new.draft.issuer = None;
    };
    link(&bed, unasked).await;
    let told = TokenFault::Edit(|answer| {
        let claims = r#"{"iss":"https://id.example.org","aud":"outlink-practice","exp":4102444800,
            "sub":"s-1","email":"alice@example.org"}"#;
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        answer.insert("id_token".into(), token.into());
    });
    bed.practice.faults().next_token_answers(1, told);
    let finished = first(&bed).await.unwrap();
    assert_eq!(finished.grant.identity.email.as_deref(), Some(ALICE));
}

#[tokio::test]
async fn a_consent_without_a_refresh_token_keeps_the_one_that_works() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let grant = first(&bed).await.unwrap().grant;
    let old = refresh_token(&bed, &grant).await.unwrap();
    // A refresh is under way, the provider has rotated, and a new consent overtakes its answer.
    let faults = bed.practice.faults();
    faults.next_token_answers(1, TokenFault::Delay(Duration::from_millis(1500)));
    faults.next_token_answers(1, TokenFault::Edit(|answer| drop(answer.remove("refresh_token"))));
    let name = grant.id.to_string();
    let refreshing = bed.engine.refresh_grant(&name);
    let consenting = async {
        while bed.practice.counters().refreshes == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let renewed = anew(&bed, &grant, 0).await.unwrap();
        assert!(renewed.warning.is_none(), "it can be renewed: {:?}", renewed.warning);
        assert_eq!(refresh_token(&bed, &grant).await.as_ref(), Some(&old));
    };
    let (refreshed, ()) = tokio::join!(refreshing, consenting);
    refreshed.unwrap();
    let kept = refresh_token(&bed, &grant).await.unwrap();
    assert_ne!(kept, old, "the old one is spent");
    let fresh = bed.engine.refresh_grant(&name).await.unwrap();
    assert!(fresh.renewable && bed.practice.counters().reuses == 0);
}

#[tokio::test]
async fn a_person_that_was_never_known_gets_no_old_refresh_token() {
    let bed = Bed::new().await;
    let link = link(&bed, |new| new.draft.scope = Some("offline_access mail.imap".into())).await;
    let grant = first(&bed).await.unwrap().grant;
    assert!(grant.renewable && grant.identity.email.is_none());
    let none = TokenFault::Edit(|answer| drop(answer.remove("refresh_token")));
    bed.practice.faults().next_token_answers(1, none);
    let renewed = anew(&bed, &grant, 0).await.unwrap();
    assert!(!renewed.grant.renewable && renewed.warning.is_some());
    assert_eq!(renewed.grant.next_refresh_at, Some(renewed.grant.expires_at));
    assert_eq!(link.id, renewed.grant.link_id);
}

#[tokio::test]
async fn a_grant_that_cannot_be_renewed_is_not_due_before_its_end() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.unrenewable_grant(&link, HOUR).await;
    let error = bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap_err();
    assert_eq!(error.problem().code, "no_refresh_token");
    // Due all the same, for whatever reason.
    let due = outlink_store::FailedRefresh {
        holder: "",
        state: &grant.state,
        next_refresh_at: Some(grant.created_at),
        clear_intent: false,
    };
    bed.store.fail_refresh(grant.id, 1, &due, grant.created_at, None).await.unwrap();
    bed.engine.start();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let after = bed.store.grant(grant.id).await.unwrap().unwrap();
        if after.next_refresh_at == Some(grant.expires_at) {
            bed.engine.stop().await;
            return;
        }
    }
    panic!("it stayed due");
}

#[tokio::test]
async fn a_rotated_refresh_token_beside_an_unusable_access_token_is_kept() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    let access = |tokens: &outlink_model::grant::Tokens| Secret::expose(&tokens.access).to_owned();
    let before = bed.store.tokens(grant.id).await.unwrap().unwrap();
    let odd = TokenFault::Edit(|answer| drop(answer.insert("token_type".into(), "DPoP".into())));
    bed.practice.faults().next_token_answers(1, odd);
    let name = grant.id.to_string();
    assert!(bed.engine.refresh_grant(&name).await.is_err());
    let after = bed.store.tokens(grant.id).await.unwrap().unwrap();
    assert_eq!(access(&after), access(&before), "what cannot be used is not");
    // The old one is spent by now: showing it again would end the grant.
    bed.engine.refresh_grant(&name).await.unwrap();
    assert_eq!(bed.practice.counters().reuses, 0);
}
