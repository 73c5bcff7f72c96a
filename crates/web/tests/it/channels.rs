//! A channel by pages alone, from the project to the first issue.

use serde_json::json;

use crate::app::Answer;
use crate::consents::Scene;
use crate::console_kit::{PageForm, Person};

const MAIL: &str = "From: Bob <bob@example.net>\r\nTo: alice@example.org\r\nSubject: The printer burns\r\n\
Message-ID: <burns-1@example.net>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\nPlease help.\r\n";

#[track_caller]
fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text:?} is missing: {}", page.body);
}

#[track_caller]
fn says_not(page: &Answer, text: &str) {
    assert!(!page.body.contains(text), "{text:?} is there: {}", page.body);
}

/// The form for a new channel, filled in but for the sign-in.
async fn filled(scene: &Scene, person: &Person<'_>) -> PageForm {
    let port = scene.practice.imap.port().to_string();
    PageForm::of(&person.open("/channels/new").await, "/channels")
        .with("project_key", "SUP")
        .with("project_name", "Support")
        .with("mailbox", &scene.practice.users[0].address)
        .with("host", "localhost")
        .with("port", &port)
        .with("take", "all")
        .with("issue_type", "Incident")
}

/// What the person does with the page that asks for the consent; the page at the end.
async fn consented(scene: &Scene, offer: &Answer, decision: &str) -> Answer {
    let app = &scene.app;
    let path = offer.body.split("href=\"/consent/").nth(1).unwrap().split('"').next().unwrap();
    let begun = app.post(&format!("/consent/{path}")).form(&[]).send().await.expect(303);
    let back = scene.at_provider(begun.header("location"), decision).await;
    let cookies = format!("{}; {}", begun.cookies(), offer.cookies());
    let done = app.get(&back).cookie(&cookies).send().await.expect(303);
    app.get("/consent/done").cookie(&done.cookies()).send().await
}

#[tokio::test]
async fn a_channel_is_set_up_step_by_step_with_a_consent_in_place() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let alice = scene.practice.users[0].address.clone();
    assert!(scene.practice.deliver(&alice, MAIL));
    let link = app.engine.link("Practice").await.unwrap().id.to_string();
    let form = filled(&scene, &person).await.with("link", &link);

    // As far as one comes without a consent. Nothing is made by it.
    let tried = person.send_to(&form, "/channels/test").await.expect(200);
    says(&tried, "The test went well");
    says(&tried, "nobody has consented yet");
    assert!(app.engine.project("SUP").await.is_err());
    let form = PageForm::of(&tried, "/channels");
    assert_eq!((form.value("project_name"), form.value("link")), ("Support", link.as_str()));

    // Saved, the consent is asked for at once; the page at its end leads back.
    let offer = person.send_to(&form, "/channels").await.expect(200);
    says(&offer, "One-time address");
    let server = app.engine.mail_server(&alice).await.unwrap();
    let channel = format!("/channels/{}", server.id);
    let waiting = person.open(&channel).await;
    says(&waiting, "Needs consent");
    says(&waiting, "Nobody has consented");
    says(&person.open("/channels").await, "Needs consent");
    let refused = consented(&scene, &offer, "deny").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    says(&refused, &format!("href=\"{channel}\""));
    let authorize = format!("{channel}/authorize");
    let form = PageForm::of(&waiting, &authorize).with("link", &link);
    let offer = person.send_to(&form, &authorize).await.expect(200);
    let done = consented(&scene, &offer, "allow").await.expect(200);
    says(&done, &format!("<a class=\"button main\" href=\"{channel}\">Go on with the channel</a>"));

    // The test of the whole way, by a handler that is not at work yet.
    let page = person.open(&channel).await;
    says(&page, "Not switched on");
    says(&page, &format!("the grant of {alice}"));
    let tested = person.post(&format!("{channel}/test"), &[]).await.expect(200);
    says(&tested, "The test went well");
    says(&tested, "<strong>The printer burns</strong>");
    says(&tested, ">New issue<");
    let issues = app.engine.issues(None, Default::default()).await.unwrap();
    assert!(issues.items.is_empty(), "trying makes nothing");

    let on = person.post(&format!("{channel}/on"), &[]).await;
    let page = person.follow(on).await;
    says_not(&page, "<h2>Set-up</h2>");
    let fetched = person.post(&format!("{channel}/fetch"), &[]).await.expect(200);
    says(&fetched, "role=\"status\"");
    let page = person.wait_for(&channel, "href=\"/issues/SUP-1\"").await;
    says(&page, "The printer burns");
    says(&page, "Connected");
    let issue = app.engine.issue("SUP-1").await.unwrap().issue;
    assert_eq!(
        (issue.summary.as_str(), issue.issue_type.as_str()),
        ("The printer burns", "Incident")
    );
    says(&person.open("/channels").await, "SUP-1");
    let paused = person.post(&format!("{channel}/pause"), &[]).await;
    says(&person.follow(paused).await, ">Paused<");
    let resumed = person.post(&format!("{channel}/resume"), &[]).await;
    says_not(&person.follow(resumed).await, ">Paused<");

    // Whoever has switched a handler off meant that; resuming is no reason to switch it on.
    person.post(&format!("{channel}/pause"), &[]).await.expect(303);
    let off = json!({"enabled": false});
    let handler = app.engine.channel(&alice).await.unwrap().handlers.remove(0).handler.id;
    let handler = format!("/api/v1/handlers/{handler}");
    app.ask("PATCH", &handler).token(&app.admin).json(&off).send().await.expect(200);
    let resumed = person.post(&format!("{channel}/resume"), &[]).await;
    says(&person.follow(resumed).await, "Switch on");
    assert!(!app.engine.channel(&alice).await.unwrap().is_on());
    assert!(!app.engine.mail_server(&alice).await.unwrap().paused);
}

#[tokio::test]
async fn a_stranger_who_consents_is_not_led_into_the_console() {
    let scene = Scene::new().await;
    let person = Person::new(&scene.app).await;
    let link = scene.app.engine.link("Practice").await.unwrap().id.to_string();
    let form = filled(&scene, &person).await.with("link", &link);
    let mut offer = person.send_to(&form, "/channels").await.expect(200);
    offer.headers.remove("set-cookie");
    let done = consented(&scene, &offer, "allow").await.expect(200);
    says(&done, "You can close this page.");
    says_not(&done, "/channels/");
}

#[tokio::test]
async fn what_is_wrong_leaves_nothing_behind_and_keeps_what_was_typed() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let form = filled(&scene, &person).await;
    for (field, wrong, at) in [
        ("project_key", "no key", "project_key"),
        ("project_name", "", "project_name"),
        ("mailbox", "", "mailbox"),
        ("host", "https://mail.example.org", "host"),
        ("port", "no", "port"),
        ("grant", "nobody@example.org", "grant"),
    ] {
        let typed = form.clone().with("password", "hunter2-secret").with(field, wrong);
        let typed = if field == "grant" { typed.with("password", "") } else { typed };
        let page = person.send_to(&typed, "/channels").await.expect(422);
        says(&page, &format!("id=\"e-{at}\""));
        says_not(&page, "hunter2");
        assert_eq!(PageForm::of(&page, "/channels").value("issue_type"), "Incident");
        assert!(app.engine.mail_servers(Default::default()).await.unwrap().items.is_empty());
        assert!(app.engine.project("SUP").await.is_err(), "{field}");
    }
    // What becomes of the mail is refused as well before anything is made.
    let typed = form.with("password", "hunter2-secret").with("issue_type", &"x".repeat(70));
    let page = person.send_to(&typed, "/channels").await.expect(422);
    says(&page, "id=\"e-issue_type\"");
    assert!(app.engine.mail_servers(Default::default()).await.unwrap().items.is_empty());
    assert!(app.engine.project("SUP").await.is_err());
    let form = PageForm::of(&page, "/channels");
    assert_eq!((form.value("project"), form.value("project_key")), ("", "SUP"));
    let form = form.with("password", "hunter2-secret").with("issue_type", "Task");
    person.send_to(&form, "/channels").await.expect(303);
}

#[tokio::test]
async fn what_was_begun_elsewhere_is_gone_on_with_or_deleted() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let project = app.engine.project("SUP").await.unwrap().id.to_string();
    let form = person.open("/channels/new?project=SUP").await;
    assert_eq!(PageForm::of(&form, "/channels").value("project"), project);
    let server = json!({
        "name": "Bare", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": scene.practice.users[1].address, "grant": scene.grant().await,
    });
    let id = app.make("/api/v1/mail-servers", server).await["id"].as_str().unwrap().to_owned();
    let channel = format!("/channels/{id}");
    says(&person.open("/channels").await, "not chosen yet");
    let early = person.post(&format!("{channel}/on"), &[]).await;
    says(&early, "Choose first what new mail becomes.");
    let purpose = format!("{channel}/purpose");
    let form = PageForm::of(&person.open(&channel).await, &purpose);
    let nowhere = form.clone().with("project", "NO");
    says(&person.send_to(&nowhere, &purpose).await.expect(422), "id=\"e-project\"");
    let form = form.with("project", &project).with("type", "create");
    let set = person.send_to(&form, &purpose).await;
    says(&person.follow(set).await, "Task in SUP");
    // The same form, still open in another window.
    let twice = person.send_to(&form, &purpose).await.expect(303);
    person.follow(twice).await;
    let other = form.with("issue_type", "Incident");
    says(&person.send_to(&other, &purpose).await, "is taken already by: SUP: Bare");
    assert_eq!(app.engine.handlers(Default::default()).await.unwrap().items.len(), 1);

    let delete = format!("{channel}/delete");
    let question = person.open(&delete).await;
    says(&question, "<li>SUP: Bare</li>");
    says(&question, "What stays");
    let form = PageForm::of(&question, &delete);
    says(&person.send_to(&form, &delete).await.expect(422), "id=\"e-handlers\"");
    let gone = person.send_to(&form.tick("handlers", "yes"), &delete).await.expect(303);
    assert_eq!(gone.header("location"), "/channels");
    says(&person.open("/channels").await, "There is no channel yet.");
    assert!(app.engine.handlers(Default::default()).await.unwrap().items.is_empty());
}
