//! Grants that nobody consents to here, and the end of grants by our own will.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::grants::{AtProvider, DeleteGrant, NewGrant};
use outlink_engine::links::NewLink;
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::grant::GrantStateName;
use outlink_model::link::{GrantType, Link};
use outlink_model::mail_server::{SignIn, Take};
use outlink_practice::{TokenFault, TokenState};

use crate::bed::{ALICE, Bed, SCOPES, now};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn link(bed: &Bed, change: impl FnOnce(&mut NewLink)) -> Link {
    let mut new = bed.new_link("Work");
    new.draft.revocation_endpoint = Some(bed.practice.revocation_endpoint.clone());
    change(&mut new);
    bed.engine.create_link(new, &Caller::System).await.unwrap().link
}

fn imported(token: &Secret) -> NewGrant {
    NewGrant { refresh_token: Some(token.clone()), subject: None }
}

#[tokio::test]
async fn a_refresh_token_is_imported_and_renewed_at_once() {
    let bed = Bed::new().await;
    link(&bed, |new| new.draft.userinfo_endpoint = Some(bed.practice.userinfo_endpoint.clone()))
        .await;
    let (_, refresh) = bed.practice.issue(ALICE, &SCOPES).unwrap();
    let refresh = refresh.unwrap();
    let padded = Secret::new(format!("{}\n", refresh.expose()));
    let view = bed.engine.create_grant("Work", imported(&padded), &Caller::System).await.unwrap();
    assert_eq!(view.grant.state.name(), GrantStateName::Active);
    assert!(view.grant.expires_at > now() && view.grant.generation == 2);
    assert_eq!(view.grant.identity.email.as_deref(), Some(ALICE), "the provider says whose it is");
    let kept = bed.store.tokens(view.grant.id).await.unwrap().unwrap().refresh.unwrap();
    assert_ne!(kept.expose(), refresh.expose(), "the provider has rotated it");
}

#[tokio::test]
async fn a_refused_import_leaves_nothing_and_a_lost_one_is_kept() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let wrong = imported(&Secret::new("no-such-token"));
    let error = bed.engine.create_grant("Work", wrong, &Caller::System).await.unwrap_err();
    assert!(!error.problem().hint.is_empty());
    assert!(bed.engine.grants(Page::default()).await.unwrap().items.is_empty());

    bed.practice.set(|settings| settings.refresh_grace = Duration::from_secs(30));
    let (_, refresh) = bed.practice.issue(ALICE, &SCOPES).unwrap();
    bed.practice.faults().next_token_answers(2, TokenFault::LoseAnswer);
    let new = imported(&refresh.unwrap());
    let error = bed.engine.create_grant("Work", new, &Caller::System).await.unwrap_err().problem();
    assert!(error.hint.contains("kept"), "{error}");
    let kept = bed.engine.grants(Page::default()).await.unwrap().items;
    assert_eq!(kept.len(), 1, "the provider may have rotated the token already");
    let name = kept[0].grant.id.to_string();
    let fresh = bed.engine.refresh_grant(&name).await.unwrap();
    assert_eq!(fresh.state.name(), GrantStateName::Active);
}

#[tokio::test]
async fn what_does_not_fit_the_grant_type_is_refused_at_its_field() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let refused = async |new: NewGrant| {
        let error = bed.engine.create_grant("Work", new, &Caller::System).await.unwrap_err();
        error.problem()
    };
    let nothing = refused(NewGrant::default()).await;
    assert_eq!((nothing.field, nothing.code), (Some("refresh_token"), "missing"));
    assert!(nothing.hint.contains("outlink link authorize"), "{nothing}");
    let subject = Some("a@example.org".to_owned());
    let both = NewGrant { subject, ..imported(&Secret::new("x")) };
    assert_eq!(refused(both).await.field, Some("subject"));
    let whole_answer = imported(&Secret::new("{\n\"refresh_token\": \"x\"}"));
    assert_eq!(refused(whole_answer).await.code, "refresh_token_unusable");
}

#[tokio::test]
async fn client_credentials_are_asked_anew_each_time() {
    let bed = Bed::new().await;
    link(&bed, |new| {
        new.choice.grant_type = GrantType::ClientCredentials;
        new.draft.authorization_endpoint = None;
        new.draft.scope = Some("mail.imap".into());
    })
    .await;
    let new = NewGrant::default();
    let view = bed.engine.create_grant("Work", new, &Caller::System).await.unwrap();
    let grant = view.grant;
    assert!(grant.renewable, "{grant:?}");
    assert_eq!(grant.identity.subject.as_deref(), Some(bed.practice.client_id.as_str()));
    assert!(bed.store.tokens(grant.id).await.unwrap().unwrap().refresh.is_none());
    let again = bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap();
    assert_eq!((again.generation, again.state.name()), (3, GrantStateName::Active));
    bed.practice.faults().next_token_answers(5, TokenFault::refuse("invalid_client"));
    assert!(bed.engine.refresh_grant(&grant.id.to_string()).await.is_err());
    let marked = bed.engine.link("Work").await.unwrap();
    assert_ne!(marked.health, outlink_model::link::LinkHealth::Healthy);
}

#[tokio::test]
async fn a_grant_is_given_back_at_the_provider_and_here() {
    let bed = Bed::new().await;
    let link = link(&bed, |_| {}).await;
    let grant = bed.grant(&link, HOUR).await;
    let name = grant.id.to_string();
    let before = bed.store.tokens(grant.id).await.unwrap().unwrap();
    let revoked = bed.engine.revoke_grant(&name, &Caller::System).await.unwrap();
    assert_eq!(revoked.at_provider, AtProvider::Done);
    assert_eq!(revoked.view.grant.state.name(), GrantStateName::Revoked);
    assert_eq!(bed.practice.token_state(&before.refresh.unwrap()), TokenState::Revoked);
    let after = bed.store.tokens(grant.id).await.unwrap().unwrap();
    assert!(after.refresh.is_none() && after.access.is_empty(), "nothing is left here");
    let refused = bed.engine.refresh_grant(&name).await.unwrap_err().problem();
    assert_eq!(refused.code, "grant_revoked");
}

#[tokio::test]
async fn a_provider_that_cannot_be_told_changes_nothing() {
    let bed = Bed::new().await;
    let link = link(&bed, |_| {}).await;
    let grant = bed.grant(&link, HOUR).await;
    let name = grant.id.to_string();
    let endpoint = outlink_practice::Endpoint::Revocation;
    bed.practice.faults().next_answers(endpoint, 2, TokenFault::status(503));
    let refused = bed.engine.revoke_grant(&name, &Caller::System).await.unwrap_err().problem();
    assert_eq!(refused.code, "not_revoked");
    let how = DeleteGrant { revoke: true, detach: false };
    let refused = bed.engine.delete_grant(&name, how, &Caller::System).await.unwrap_err().problem();
    assert_eq!(refused.code, "not_revoked");
    let after = bed.engine.grant(&name).await.unwrap();
    assert_eq!((after.state.name(), after.generation), (GrantStateName::Active, 1));
    assert!(after.intent.is_none(), "no refresh is taken to be under way");
    assert_eq!(bed.engine.refresh_grant(&name).await.unwrap().generation, 2);
}

#[tokio::test]
async fn a_grant_in_use_names_its_mail_servers_and_leaves_them_paused() {
    let bed = Bed::new().await;
    let link = link(&bed, |_| {}).await;
    let grant = bed.grant(&link, HOUR).await;
    bed.mail_server("Inbox", &grant, Take::All).await;
    let name = grant.id.to_string();
    let how = DeleteGrant::default();
    let refused = bed.engine.delete_grant(&name, how, &Caller::System).await.unwrap_err().problem();
    assert_eq!(refused.code, "grant_in_use");
    assert!(refused.message.contains("Inbox"), "{refused}");
    let how = DeleteGrant { detach: true, revoke: false };
    let deleted = bed.engine.delete_grant(&name, how, &Caller::System).await.unwrap();
    assert_eq!(deleted.mail_servers, ["Inbox"]);
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(server.paused && matches!(server.sign_in, SignIn::Missing), "{server:?}");
    assert!(server.health.trouble.is_some_and(|trouble| trouble.hint.contains("Attach")));
    assert!(bed.engine.grant(&name).await.is_err());
}

#[tokio::test]
async fn a_link_that_is_switched_off_is_not_used_and_keeps_everything() {
    let bed = Bed::new().await;
    let link = link(&bed, |_| {}).await;
    let grant = bed.grant(&link, HOUR).await;
    let name = grant.id.to_string();
    let switch = async |enabled| {
        let mut off = bed.store.link(link.id).await.unwrap().unwrap();
        off.enabled = enabled;
        bed.store.update_link(&off, off.updated_at).await.unwrap();
    };
    switch(false).await;
    let before = bed.practice.counters().token_requests;
    let refused = bed.engine.refresh_grant(&name).await.unwrap_err().problem();
    assert!(refused.message.contains("switched off"), "{refused}");
    let view = bed.engine.grant_view(&name).await.unwrap();
    assert!(view.trouble().is_some_and(|trouble| trouble.hint.contains("--enable")));
    assert_eq!(bed.practice.counters().token_requests, before, "nobody was asked");
    switch(true).await;
    assert_eq!(bed.engine.refresh_grant(&name).await.unwrap().generation, 2);
}

/// Keeps **A moved endpoint locks its secrets**.
#[tokio::test]
async fn tokens_are_not_sent_to_an_endpoint_that_was_moved() {
    let bed = Bed::new().await;
    let link = link(&bed, |_| {}).await;
    let (_, refresh) = bed.practice.issue(ALICE, &SCOPES).unwrap();
    let new = imported(&refresh.unwrap());
    let grant = bed.engine.create_grant("Work", new, &Caller::System).await.unwrap().grant;
    let name = grant.id.to_string();
    let asked = bed.practice.counters().token_requests;
    let mut moved = bed.store.link(link.id).await.unwrap().unwrap();
    moved.token_endpoint = format!("{}?moved=1", moved.token_endpoint);
    bed.store.update_link(&moved, moved.updated_at).await.unwrap();
    let refused = bed.engine.refresh_grant(&name).await.unwrap_err().problem();
    assert!(refused.message.contains("moved"), "{refused}");
    assert!(bed.engine.grant_view(&name).await.unwrap().locked);
    assert_eq!(bed.practice.counters().token_requests, asked, "nothing was sent");
    bed.store.update_link(&link, link.updated_at).await.unwrap();
    assert_eq!(bed.engine.refresh_grant(&name).await.unwrap().generation, 3, "put back");
}
