//! Deleting links: refused while something hangs on them, or with everything.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::links::{DeleteLink, LinkDraft, LinkEdit, NewSecret};
use outlink_engine::{Caller, Page};
use outlink_model::grant::{Tokens, later};
use outlink_model::link::Link;
use outlink_model::mail_server::Take;
use outlink_model::provider::ProviderKind;
use outlink_model::user::TokenScope;
use outlink_practice::{Endpoint, TokenFault, TokenState};

use crate::bed::{ALICE, Bed, now};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test]
async fn a_link_in_use_names_what_hangs_on_it() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    bed.mail_server("Inbox", &grant, Take::All).await;
    let refused = bed.engine.delete_link("Work", DeleteLink::default(), &Caller::System).await;
    let problem = refused.unwrap_err().problem();
    assert_eq!(problem.code, "link_in_use");
    assert!(problem.message.contains(ALICE) && problem.message.contains("Inbox"), "{problem:?}");
    let dependants = bed.engine.link_dependants(&link).await.unwrap();
    assert_eq!((dependants.grants.len(), dependants.mail_servers.len()), (1, 1));

    let how = DeleteLink { with_grants: true, revoke: false };
    let deleted = bed.engine.delete_link("Work", how, &Caller::System).await.unwrap();
    assert_eq!((deleted.grants, deleted.mail_servers), (1, vec!["Inbox".to_owned()]));
    assert!(deleted.not_revoked.is_empty());
    assert!(bed.engine.link("Work").await.is_err());
    assert!(bed.store.grant(grant.id).await.unwrap().is_none());
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(server.paused);
    assert!(server.health.trouble.unwrap().reason.contains("Work"));
    assert_eq!(bed.practice.counters().revocations, 0, "nobody asked for that");
}

#[tokio::test]
async fn a_link_without_grants_goes_at_once() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    bed.engine.delete_link("Work", DeleteLink::default(), &Caller::System).await.unwrap();
    let events = bed.store.events(&Page::default(), None).await.unwrap().items;
    assert!(events.iter().any(|event| event.kind == "link.deleted"));
}

#[tokio::test]
async fn tokens_are_given_back_when_asked_for() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let (one, two) = (bed.grant(&link, HOUR).await, bed.grant(&link, HOUR).await);
    let tokens = [
        bed.store.tokens(one.id).await.unwrap().unwrap(),
        bed.store.tokens(two.id).await.unwrap().unwrap(),
    ];
    let draft = LinkDraft {
        revocation_endpoint: Some(bed.practice.revocation_endpoint.clone()),
        secret: Some(NewSecret::new(bed.practice.client_secret.clone())),
        ..LinkDraft::default()
    };
    let edit = LinkEdit { draft, ..LinkEdit::default() };
    bed.engine.edit_link("Work", edit, &Caller::System).await.unwrap();
    bed.practice.faults().next_answers(Endpoint::Revocation, 1, TokenFault::status(503));
    let delete = || bed.engine.delete_link("Work", REVOKING, &Caller::System);
    let revoked = || {
        let gone = |tokens: &&Tokens| {
            let refresh = tokens.refresh.as_ref().unwrap();
            bed.practice.token_state(refresh) == TokenState::Revoked
        };
        tokens.iter().filter(gone).count()
    };
    let refused = delete().await.unwrap_err().problem();
    assert_eq!(refused.code, "not_revoked");
    assert!(refused.message.contains(ALICE) && !refused.hint.is_empty(), "{refused}");
    assert_eq!(revoked(), 1);
    assert!(bed.engine.link("Work").await.is_ok(), "without its tokens nobody could give it back");
    let deleted = delete().await.unwrap();
    assert_eq!((deleted.grants, deleted.not_revoked), (2, Vec::new()));
    assert_eq!(revoked(), 2);
}

#[tokio::test]
async fn a_provider_without_a_way_to_give_back_is_told_of() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    bed.grant(&link, HOUR).await;
    let how = DeleteLink { with_grants: true, revoke: true };
    let deleted = bed.engine.delete_link("Work", how, &Caller::System).await.unwrap();
    assert!(deleted.not_revoked[0].contains("no way"), "{:?}", deleted.not_revoked);
}

const REVOKING: DeleteLink = DeleteLink { with_grants: true, revoke: true };

/// A link whose provider takes tokens back.
async fn revocable(bed: &Bed) -> Link {
    let mut new = bed.new_link("Work");
    new.draft.revocation_endpoint = Some(bed.practice.revocation_endpoint.clone());
    bed.engine.create_link(new, &Caller::System).await.unwrap().link
}

#[tokio::test]
async fn a_refresh_under_way_is_waited_for_before_its_grant_is_given_back() {
    let bed = Bed::new().await;
    let link = revocable(&bed).await;
    let grant = bed.grant(&link, HOUR).await;
    let spent = bed.store.tokens(grant.id).await.unwrap().unwrap().refresh.unwrap();
    let late = TokenFault::Delay(Duration::from_millis(800));
    bed.practice.faults().next_token_answers(1, late);
    let delete = async {
        while bed.practice.requests(Endpoint::Token).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bed.engine.delete_link("Work", REVOKING, &Caller::System).await.unwrap()
    };
    let name = grant.id.to_string();
    let (_, deleted) = tokio::join!(bed.engine.refresh_grant(&name), delete);
    assert!(deleted.not_revoked.is_empty(), "{:?}", deleted.not_revoked);
    let given_back = bed.practice.requests(Endpoint::Revocation);
    let given_back: Vec<_> = given_back.iter().filter_map(|sent| sent.parameter("token")).collect();
    assert_eq!(given_back.len(), 1);
    assert_ne!(given_back[0], spent.expose(), "the token that came meanwhile");
}

#[tokio::test]
async fn a_provider_that_rests_is_not_asked_to_take_tokens_back() {
    let bed = Bed::new().await;
    let link = revocable(&bed).await;
    bed.grant(&link, HOUR).await;
    let url = url::Url::parse(&link.token_endpoint).unwrap();
    let until = later(now(), SignedDuration::from_mins(5));
    bed.store.pause_calls(url.host_str().unwrap(), until).await.unwrap();
    let refused = bed.engine.delete_link("Work", REVOKING, &Caller::System).await.unwrap_err();
    assert!(refused.problem().message.contains("is not asked before"), "{refused}");
    assert_eq!(bed.practice.counters().revocations, 0);
}

#[tokio::test]
async fn of_many_grants_that_still_stand_some_are_named_and_the_rest_are_counted() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    for _ in 0..13 {
        bed.grant(&link, HOUR).await;
    }
    let deleted = bed.engine.delete_link("Work", REVOKING, &Caller::System).await.unwrap();
    assert_eq!((deleted.grants, deleted.not_revoked.len()), (13, 11));
    assert_eq!(deleted.not_revoked[10], "3 more grants still stand at the provider.");
    let events = bed.store.events(&Page::default(), None).await.unwrap().items;
    let event = events.iter().find(|event| event.kind == "link.deleted").unwrap();
    assert!(event.hint.ends_with("3 more grants still stand at the provider."), "{event:?}");
    assert_eq!(event.hint.matches(ALICE).count(), 10);
}

#[tokio::test]
async fn api_tokens_and_grants_of_other_links_are_told_of() {
    let bed = Bed::new().await;
    bed.practice.set(|settings| settings.google_revocation = true);
    let google = |name: &str| {
        let draft = LinkDraft {
            authorization_endpoint: Some(bed.practice.authorization_endpoint.clone()),
            token_endpoint: Some(bed.practice.token_endpoint.clone()),
            revocation_endpoint: Some(bed.practice.revocation_endpoint.clone()),
            ..LinkDraft::default()
        };
        bed.preset_link(name, ProviderKind::Google, draft)
    };
    let link = bed.engine.create_link(google("Work"), &Caller::System).await.unwrap().link;
    let mut new = google("Other");
    new.draft.client_id = Some("another-client-of-the-project".into());
    let other = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    let grant = bed.grant(&link, HOUR).await;
    let named = grant.id.to_string();
    for (name, scope, grants) in
        [("Sync", TokenScope::HandOut, vec![named]), ("Reports", TokenScope::Read, Vec::new())]
    {
        bed.engine.create_token(name, vec![scope], &grants, &Caller::System).await.unwrap();
    }
    let refused = async || {
        let refused = bed.engine.delete_link("Work", DeleteLink::default(), &Caller::System).await;
        refused.unwrap_err().problem().message
    };
    let message = refused().await;
    assert!(message.contains("Sync") && !message.contains("Reports"), "{message}");
    assert!(!message.contains("Other"), "nobody else has granted anything: {message}");

    bed.grant(&other, HOUR).await;
    let message = refused().await;
    assert!(message.contains("under the link Other"), "{message}");
    let dependants = bed.engine.link_dependants(&link).await.unwrap();
    assert_eq!((dependants.tokens.len(), dependants.also_ended.len()), (1, 1));
    let how = DeleteLink { with_grants: true, revoke: true };
    let deleted = bed.engine.delete_link("Work", how, &Caller::System).await.unwrap();
    assert!(deleted.warnings[0].contains("Other"), "{:?}", deleted.warnings);
}
