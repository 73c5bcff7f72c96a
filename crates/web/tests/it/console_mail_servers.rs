//! Mail servers by pages: filled in, tried before they are saved, authorised in place, and changed with care.

use outlink_engine::Caller;
use outlink_engine::mail_servers::{MailServerDraft, MailServerEdit};
use outlink_model::mail_server::{After, Protocol, SignIn, Take};
use serde_json::json;

use crate::app::{Answer, TestApp};
use crate::consents::Scene;
use crate::console_kit::{PageForm, Person};

#[track_caller]
fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text:?} is missing: {}", page.body);
}

#[track_caller]
fn says_not(page: &Answer, text: &str) {
    assert!(!page.body.contains(text), "{text:?} is there: {}", page.body);
}

async fn blank(person: &Person<'_>) -> PageForm {
    PageForm::of(&person.open("/mail-servers/new").await, "/mail-servers")
}

/// A server that signs in with a grant, and the path of its page.
async fn saved(scene: &Scene) -> String {
    let server = json!({
        "name": "Support", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": scene.practice.users[0].address, "grant": scene.grant().await, "take": "all",
    });
    let made = scene.app.make("/api/v1/mail-servers", server).await;
    format!("/mail-servers/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_provider_fills_in_host_port_and_security() {
    let app = TestApp::new().await;
    let person = Person::new(&app).await;
    let form = blank(&person).await.with("preset", "microsoft/gcc_high");
    let form = form.with("mailbox", "support@example.org").with("password", "hunter2-secret");
    let page = person.send_to(&form, "/mail-servers/fill").await.expect(200);
    says(&page, "Type it again");
    says_not(&page, "hunter2");
    let form = PageForm::of(&page, "/mail-servers");
    assert_eq!((form.value("host"), form.value("port")), ("outlook.office365.us", "993"));
    assert_eq!(form.value("mailbox"), "support@example.org");

    // Whoever chooses another one and saves at once gets that one's host, too.
    let form = form.with("preset", "yahoo").with("protocol", "pop3").with("name", "Yahoo");
    let saved = person.send_to(&form.with("password", "hunter2-secret"), "/mail-servers").await;
    says(&person.follow(saved).await, "pop.mail.yahoo.com, port 995, POP3 by TLS");
    let form = blank(&person).await.with("preset", "aol").with("protocol", "imap");
    let form = form.with("name", "Aol").with("mailbox", "a@aol.com").with("password", "x");
    let saved = person.send_to(&form, "/mail-servers").await;
    says(&person.follow(saved).await, "imap.aol.com, port 993");
}

#[tokio::test]
async fn every_field_is_saved_and_shown_again() {
    let app = TestApp::new().await;
    let person = Person::new(&app).await;
    let form = blank(&person)
        .await
        .with("name", "Full")
        .with("description", "Mail of the front desk")
        .with("mailbox", "desk@example.org")
        .with("host", "mail.example.org")
        .with("security", "starttls")
        .with("password", "hunter2-secret")
        .with("folders", "INBOX\r\nDesk/Front\r\n")
        .with("after", "move")
        .with("move_to", "Done")
        .with("take", "since")
        .with("since", "2026-10-01")
        .with("poll_seconds", "120")
        .with("time_limit_seconds", "30")
        .with("authserv_id", "mx.example.org");
    let page = person.send_to(&form, "/mail-servers").await;
    let page = person.follow(page).await;
    for text in [
        "Mail of the front desk",
        "mail.example.org, port 143, IMAP by STARTTLS",
        "INBOX, Desk/Front",
        "a message is moved to Done",
        "what arrived since 2026-10-01 00:00 UTC",
        "and every 120 seconds",
        "mx.example.org",
    ] {
        says(&page, text);
    }
    let server = app.engine.mail_server("Full").await.unwrap();
    assert_eq!(
        (server.protocol, server.idle, server.time_limit_seconds),
        (Protocol::Imap, true, 30)
    );
    assert_eq!(server.after, After::Move("Done".into()));
    assert!(matches!(server.take, Take::Since(_)));

    // The form over it changes nothing by itself, and an unticked box is a box that is unticked.
    let edit = format!("/mail-servers/{}/edit", server.id);
    let form = PageForm::of(&person.open(&edit).await, &edit);
    person.send_to(&form, &edit).await.expect(303);
    let same = app.engine.mail_server("Full").await.unwrap();
    assert_eq!(same.updated_at, server.updated_at, "nothing has changed");
    let form = form.without("idle").with("description", "");
    person.send_to(&form, &edit).await.expect(303);
    let changed = app.engine.mail_server("Full").await.unwrap();
    assert_eq!((changed.idle, changed.description.as_str()), (false, ""));
}

#[tokio::test]
async fn it_is_tried_before_it_is_saved() {
    let scene = Scene::new().await;
    let person = Person::new(&scene.app).await;
    let port = scene.practice.imap.port().to_string();
    let form = blank(&person).await.with("name", "Tried").with("host", "localhost");
    let form = form.with("mailbox", &scene.practice.users[0].address).with("port", &port);
    let grant = scene.grant().await;
    let page = person.send_to(&form.clone().with("grant", &grant), "/mail-servers/test").await;
    says(&page.expect(200), "The test went well");
    let form = form.with("password", "hunter2-wrong");
    let page = person.send_to(&form, "/mail-servers/test").await.expect(200);
    says(&page, "The test failed");
    says(&page, "Type it again");
    says_not(&page, "hunter2");
    assert_eq!(PageForm::of(&page, "/mail-servers").value("name"), "Tried");
    let page = person.send_to(&form.with("host", ""), "/mail-servers/test").await.expect(422);
    says(&page, "id=\"e-host\"");
    let servers = scene.app.engine.mail_servers(Default::default()).await.unwrap();
    assert!(servers.items.is_empty(), "trying saves nothing");
}

#[tokio::test]
async fn a_link_is_authorised_in_place_or_a_grant_at_hand_is_used() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let grant = scene.grant().await;
    let link = app.engine.link("Practice").await.unwrap().id.to_string();
    let port = scene.practice.imap.port().to_string();
    let form = blank(&person).await.with("name", "Support").with("host", "localhost");
    let form = form.with("mailbox", &scene.practice.users[0].address).with("port", &port);
    let offer = person.send_to(&form.with("link", &link), "/mail-servers").await.expect(200);
    says(&offer, "One-time address");
    let server = app.engine.mail_server("Support").await.unwrap();
    let path = format!("/mail-servers/{}", server.id);
    assert!(offer.cookies().ends_with(&path), "{}", offer.cookies());
    let page = person.open(&path).await;
    says(&page, "nobody has consented");
    says(&page, "<details id=\"sign-in\" open>");
    // The same person has consented before: that grant does as well.
    let take = format!("{path}/sign-in");
    let form = PageForm::of(&offer, &take);
    assert_eq!(form.value("grant"), grant);
    let page = person.send_to(&form, &take).await;
    says(&person.follow(page).await, &format!("href=\"/grants/{grant}\""));

    let anew = person.post(&format!("{path}/authorize"), &[]).await.expect(200);
    says(&anew, "One-time address");
    let wrong = person.post(&format!("{path}/authorize"), &[("link", "none")]).await.expect(422);
    says(&wrong, "id=\"e-link\"");
}

#[tokio::test]
async fn an_edit_is_not_lost_and_a_moved_host_asks_for_the_sign_in() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let path = saved(&scene).await;
    let edit = format!("{path}/edit");
    let form = PageForm::of(&person.open(&edit).await, &edit);
    let draft = MailServerDraft { description: Some("Theirs <b>".into()), ..Default::default() };
    let theirs = MailServerEdit { draft, ..MailServerEdit::default() };
    app.engine.edit_mail_server("Support", theirs, &Caller::System).await.unwrap();
    let mine = form.with("poll_seconds", "90").with("description", "Mine");
    let page = person.send_to(&mine, &edit).await.expect(422);
    says(&page, "has been changed since it was read");
    says(&page, "<dt>Description</dt><dd class=\"written\">Theirs &lt;b&gt;</dd>");
    says_not(&page, "<dt>Host</dt>");
    let again = PageForm::of(&page, &edit);
    person.send_to(&again, &edit).await.expect(303);
    let server = app.engine.mail_server("Support").await.unwrap();
    assert_eq!((server.description.as_str(), server.poll_seconds), ("Mine", 90));

    let form = PageForm::of(&person.open(&edit).await, &edit).with("host", "127.0.0.1");
    let page = person.send_to(&form, &edit).await.expect(422);
    says(&page, "id=\"e-grant\"");
    let tried = person.send_to(&form, &format!("{edit}/test")).await.expect(422);
    says(&tried, "id=\"e-grant\"");
    let SignIn::Grant(grant) = server.sign_in else { panic!("{:?}", server.sign_in) };
    let form = form.with("grant", &grant.to_string());
    person.send_to(&form, &edit).await.expect(303);
    assert_eq!(app.engine.mail_server("Support").await.unwrap().host, "127.0.0.1");

    let garbled = PageForm::of(&person.open(&edit).await, &edit).with("updated_at", "");
    says(&person.send_to(&garbled, &edit).await.expect(422), "Open it anew.");
}

#[tokio::test]
async fn another_mailbox_is_asked_about_once_it_was_read() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let path = saved(&scene).await;
    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let handler = json!({"name": "H", "mail_server": "Support", "project": "SUP"});
    app.make("/api/v1/handlers", handler).await;
    person.post(&format!("{path}/fetch"), &[]).await.expect(200);
    person.wait_for(&path, ">Connected<").await;
    // A fetch is a line of the connectivity log.
    let page = person.wait_for(&path, ">Worked<").await;
    says(&page, "<td data-label=\"Asked\">1.</td>");
    let log = person.open(&format!("/connections?mail_server={}", &path[14..])).await;
    says(&log, "Connectivity log of Support");
    says(&log, ">Worked<");
    let failed = format!("/connections?mail_server={}&failed=true", &path[14..]);
    says(&person.open(&failed).await, "Nothing was tried yet.");

    let edit = format!("{path}/edit");
    let form = PageForm::of(&person.open(&edit).await, &edit).with("mailbox", "other@example.org");
    let page = person.send_to(&form, &edit).await.expect(422);
    says(&page, "tick the box");
    let form = PageForm::of(&page, &edit).tick("mailbox_renamed", "yes");
    person.send_to(&form, &edit).await.expect(303);
    assert_eq!(app.engine.mail_server("Support").await.unwrap().mailbox, "other@example.org");

    // Another mailbox of the same name signs in no more: the page says so, who must act, and what mends it.
    person.post(&format!("{path}/fetch"), &[]).await.expect(200);
    let page = person.wait_for(&path, ">Failing<").await;
    says(&page, "must act.");
    says(&page, "<button class=\"main\">Authorise anew</button>");
    says(&person.open(&failed).await, ">Failed<");
}
