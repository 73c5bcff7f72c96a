//! A grant for a mail server, asked for in place.

use jiff::SignedDuration;
use outlink_engine::consents::Offer;
use outlink_engine::links::LinkDraft;
use outlink_engine::mail_servers::{
    AuthorizeMailServer, Authorized, MailServerDraft, NewMailServer, SavedMailServer,
};
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::grant::Actor;
use outlink_model::mail_server::{MailServer, SignIn};
use outlink_model::provider::ProviderKind;
use outlink_model::step::StepStatus;

use crate::bed::{ALICE, Bed};
use crate::consents::{consent, link};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn by_link(bed: &Bed, link: &str) -> NewMailServer {
    let draft = MailServerDraft {
        name: Some("Inbox".into()),
        host: Some("localhost".into()),
        port: Some(bed.practice.imap.port()),
        mailbox: Some(ALICE.into()),
        ..Default::default()
    };
    NewMailServer { draft, link: Some(link.into()) }
}

fn asked(saved: SavedMailServer) -> (MailServer, Offer, Option<outlink_model::GrantId>) {
    match saved.authorized {
        Some(Authorized::Asked { offer, at_hand }) => {
            (saved.server, offer, at_hand.map(|grant| grant.id))
        }
        other => panic!("a consent is asked for: {other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_names_a_link_waits_for_the_consent_and_signs_in_with_its_grant() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let tried = bed.engine.test_new_mail_server(by_link(&bed, "Work")).await.unwrap();
    let status = |id: &str| tried.steps.iter().find(|step| step.id == id).unwrap().status;
    assert_eq!((status("greeting"), status("token")), (StepStatus::Ok, StepStatus::Skipped));

    let saved =
        bed.engine.create_mail_server(by_link(&bed, "Work"), &Caller::System).await.unwrap();
    let (server, offer, at_hand) = asked(saved);
    assert!(matches!(server.sign_in, SignIn::Missing) && !server.paused);
    let trouble = server.health.trouble.unwrap();
    assert_eq!(trouble.actor, Actor::MailboxOwner);
    assert_eq!(at_hand, None);

    let finished = consent(&bed, offer, 0).await.unwrap();
    assert_eq!(finished.warning, None);
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(matches!(server.sign_in, SignIn::Grant(id) if id == finished.grant.id));
    assert_eq!(server.health.trouble, None);
    let steps = bed.engine.test_mail_server("Inbox").await.unwrap().steps;
    assert!(steps.iter().all(|step| step.status != StepStatus::Failed), "{steps:?}");

    // The same link has a grant of this mailbox by now: that is told, and nothing is done with it.
    let another = NewMailServer {
        draft: MailServerDraft { name: Some("Second".into()), ..by_link(&bed, "Work").draft },
        link: Some("Work".into()),
    };
    let saved = bed.engine.create_mail_server(another, &Caller::System).await.unwrap();
    let (second, _, at_hand) = asked(saved);
    assert!(matches!(second.sign_in, SignIn::Missing));
    assert_eq!(at_hand, Some(finished.grant.id));
}

#[tokio::test]
async fn a_grant_is_not_attached_where_the_server_was_given_another_sign_in_or_moved_away() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let saved =
        bed.engine.create_mail_server(by_link(&bed, "Work"), &Caller::System).await.unwrap();
    let (_, offer, _) = asked(saved);
    let password = MailServerDraft { password: Some(Secret::new("p")), ..Default::default() };
    bed.engine.edit_mail_server("Inbox", password.into(), &Caller::System).await.unwrap();
    let warning = consent(&bed, offer, 0).await.unwrap().warning.unwrap();
    assert!(warning.contains("not attached"), "{warning}");
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(matches!(server.sign_in, SignIn::Password(_)));

    // Asked for after that, it takes the password's place.
    let ask = AuthorizeMailServer { link: Some("Work".into()), ..Default::default() };
    let saved = bed.engine.authorize_mail_server("Inbox", ask, &Caller::System).await.unwrap();
    let (_, offer, _) = asked(saved);
    let grant = consent(&bed, offer, 0).await.unwrap().grant;
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(matches!(server.sign_in, SignIn::Grant(id) if id == grant.id));

    // A server that has moved meanwhile is not shown the tokens.
    let saved = bed.engine.create_mail_server(
        NewMailServer {
            draft: MailServerDraft { name: Some("Moved".into()), ..by_link(&bed, "Work").draft },
            link: Some("Work".into()),
        },
        &Caller::System,
    );
    let (_, offer, _) = asked(saved.await.unwrap());
    let moved = MailServerDraft { host: Some("imap.evil.example".into()), ..Default::default() };
    bed.engine.edit_mail_server("Moved", moved.into(), &Caller::System).await.unwrap();
    let warning = consent(&bed, offer, 0).await.unwrap().warning.unwrap();
    assert!(warning.contains("imap.evil.example"), "{warning}");
    let server = bed.engine.mail_server("Moved").await.unwrap();
    assert!(matches!(server.sign_in, SignIn::Missing));
}

#[tokio::test]
async fn the_grant_of_a_server_is_asked_for_anew_and_stays_the_same() {
    let bed = Bed::new().await;
    let work = link(&bed, |_| {}).await;
    let saved =
        bed.engine.create_mail_server(by_link(&bed, "Work"), &Caller::System).await.unwrap();
    let (_, offer, _) = asked(saved);
    let grant = consent(&bed, offer, 0).await.unwrap().grant;
    let saved = bed
        .engine
        .authorize_mail_server("Inbox", AuthorizeMailServer::default(), &Caller::System)
        .await
        .unwrap();
    let (_, offer, _) = asked(saved);
    let again = consent(&bed, offer, 0).await.unwrap().grant;
    assert_eq!((again.id, again.generation), (grant.id, grant.generation + 1));
    assert_eq!(bed.store.grants_of_link(work.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn where_nobody_consents_the_grant_is_attached_at_once() {
    let bed = Bed::new().await;
    let mut new = bed.new_link("App");
    new.choice.grant_type = outlink_model::link::GrantType::ClientCredentials;
    new.draft.scope = Some("mail.imap".into());
    new.draft.authorization_endpoint = None;
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    let saved = bed.engine.create_mail_server(by_link(&bed, "App"), &Caller::System).await.unwrap();
    let Some(Authorized::Attached(grant)) = saved.authorized else { panic!("{saved:?}") };
    assert!(matches!(saved.server.sign_in, SignIn::Grant(id) if id == grant.id));
    // A second server uses the same: the application is one.
    let second = NewMailServer {
        draft: MailServerDraft { name: Some("Second".into()), ..by_link(&bed, "App").draft },
        link: Some("App".into()),
    };
    bed.engine.create_mail_server(second, &Caller::System).await.unwrap();
    assert_eq!(bed.store.grants_of_link(link.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_link_whose_tokens_may_not_go_there_or_that_is_unknown_leaves_nothing_behind() {
    let bed = Bed::new().await;
    let google = bed.preset_link("G", ProviderKind::Google, LinkDraft::default());
    bed.engine.create_link(google, &Caller::System).await.unwrap();
    let create = |link: &str| {
        let new = by_link(&bed, link);
        async { bed.engine.create_mail_server(new, &Caller::System).await.unwrap_err().problem() }
    };
    assert_eq!(create("G").await.code, "host_not_of_provider");
    assert_eq!(create("nowhere").await.field, Some("link"));
    let off = bed.link("Off").await;
    let edit = outlink_engine::links::LinkEdit {
        draft: LinkDraft { enabled: Some(false), ..LinkDraft::default() },
        ..Default::default()
    };
    bed.engine.edit_link(&off.name, edit, &Caller::System).await.unwrap();
    assert_eq!(create("Off").await.code, "link_disabled");
    assert!(bed.engine.mail_servers(Page::default()).await.unwrap().items.is_empty());
    let grant = bed.grant(&bed.engine.link("Off").await.unwrap(), HOUR).await;
    let both = NewMailServer {
        draft: MailServerDraft { grant: Some(grant.id.to_string()), ..by_link(&bed, "Off").draft },
        link: Some("Off".into()),
    };
    let refused = bed.engine.create_mail_server(both, &Caller::System).await;
    assert_eq!(refused.unwrap_err().problem().code, "sign_in_twice");
}
