//! Handlers by pages alone: made, tried on mail, put in order, changed and deleted.

use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::consents::Scene;
use crate::console_kit::{PageForm, Person};

const PRINTER: &str = "From: Ann <ann@example.net>\r\n\
To: support@example.org\r\n\
Subject: The <b>printer</b> burns\r\n\
Message-ID: <printer-1@example.net>\r\n\
Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n\
\r\n\
Please <i>hurry</i>.\r\n";

/// A mail server that nobody can reach, and a project.
async fn set_up() -> TestApp {
    let app = TestApp::new().await;
    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let server = json!({
        "name": "Box", "host": "localhost", "port": 1, "mailbox": "support@example.org",
        "password": "hunter2-secret",
    });
    app.make("/api/v1/mail-servers", server).await;
    app
}

async fn handler(app: &TestApp, name: &str, more: Value) -> String {
    let mut body = json!({"name": name, "mail_server": "Box", "project": "SUP"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = app.make("/api/v1/handlers", body).await;
    format!("/handlers/{}", made["id"].as_str().unwrap())
}

async fn read(app: &TestApp, path: &str) -> Value {
    app.get(&format!("/api/v1{path}")).token(&app.reader).send().await.expect(200).json()
}

#[track_caller]
fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text:?} is missing in {}", page.body);
}

/// A form with one file, as a browser sends it.
fn upload(field: &str, file: &[u8]) -> (String, Vec<u8>) {
    let head = format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.eml\"\r\n\
         Content-Type: message/rfc822\r\n\r\n"
    );
    let body = [head.as_bytes(), file, b"\r\n--xyz--\r\n"].concat();
    ("multipart/form-data; boundary=xyz".to_owned(), body)
}

async fn try_mail(app: &TestApp, person: &Person<'_>, path: &str, file: &[u8]) -> Answer {
    let (kind, body) = upload("mail", file);
    let ask = app.post(path).cookie(person.cookie()).header("content-type", &kind);
    ask.header("sec-fetch-site", "same-origin").text(body).send().await
}

#[tokio::test]
async fn a_handler_is_made_changed_and_deleted_by_pages() {
    let app = set_up().await;
    let person = Person::new(&app).await;
    let form = PageForm::of(&person.open("/handlers/new").await, "/handlers");
    assert_eq!((form.value("strip_quotes"), form.value("attachments_largest")), ("yes", "25"));
    let form = form
        .with("name", "Support")
        .with("type", "comment_before_marker")
        .with("issue_type", "Incident")
        .with("split", "^-- (unclosed")
        .with("catch", "help@example.org\nsupport@example.org")
        .with("attachments_largest", "1,5");
    let wrong = person.send_to(&form, "/handlers").await.expect(422);
    says(&wrong, "id=\"e-split\"");
    says(&wrong, "^-- (unclosed</textarea>");
    says(&wrong, "<details class=\"part\" open><summary>Comments, keys");
    let form = PageForm::of(&wrong, "/handlers").with("split", "^-- cut --$");
    let saved = person.send_to(&form, "/handlers").await.expect(303);
    let href = saved.header("location").to_owned();
    let shown = person.open(&href).await;
    for text in ["At work", "^-- cut --$", "help@example.org, support@example.org", "1.5 MiB each"]
    {
        says(&shown, text);
    }
    let kept = read(&app, "/handlers/Support").await;
    assert_eq!(kept["attachments_largest"], 1_572_864);
    assert_eq!((&kept["reopen"], &kept["enabled"]), (&json!(true), &json!(true)));

    // Two people have the form open; the second is shown what the first one saved.
    let edit = format!("{href}/edit");
    let ours = PageForm::of(&person.open(&edit).await, &edit);
    let theirs = ours.clone().with("name", "Theirs").with("catch", "");
    person.send_to(&theirs, &edit).await.expect(303);
    let late = person.send_to(&ours.with("name", "Ours"), &edit).await.expect(422);
    says(&late, "The handler as it is now, where it differs from the form");
    says(&late, "<dt>Name</dt><dd class=\"written\">Theirs</dd>");
    says(&late, "value=\"Ours\"");
    let again = PageForm::of(&late, &edit);
    person.send_to(&again, &edit).await.expect(303);
    assert_eq!(read(&app, &href).await["catch"].as_array().unwrap().len(), 2);

    let off = person.post(&format!("{href}/disable"), &[]).await;
    says(&person.follow(off).await, "Switched off");
    assert_eq!(read(&app, &href).await["enabled"], false);
    let on = person.post(&format!("{href}/enable"), &[]).await;
    says(&person.follow(on).await, "At work");
    let ask = person.open(&format!("{href}/delete")).await;
    says(&ask, "No other handler of Box is at work:");
    let gone = person.post(&format!("{href}/delete"), &[]).await;
    says(&person.follow(gone).await, "There is no handler yet.");
}

#[tokio::test]
async fn a_box_that_is_not_ticked_switches_its_setting_off() {
    let app = set_up().await;
    let person = Person::new(&app).await;
    let fields = [
        ("name", "Support"),
        ("mail_server", "Box"),
        ("project", "SUP"),
        ("type", "create"),
        ("issue_type", "Task"),
        ("priority", "yes"),
    ];
    person.post("/handlers", &fields).await.expect(303);
    let kept = read(&app, "/handlers/Support").await;
    for (field, expected) in
        [("priority", true), ("reopen", false), ("only_involved", false), ("enabled", false)]
    {
        assert_eq!(kept[field], expected, "{field}");
    }
}

#[tokio::test]
async fn handlers_of_a_mail_server_are_put_in_order_by_buttons() {
    let app = set_up().await;
    let person = Person::new(&app).await;
    let first = handler(&app, "First", json!({})).await;
    let second = handler(&app, "Second", json!({})).await;
    let order = |page: &Answer| {
        let at = |name: &str| page.body.find(&format!(">{name}</a>")).unwrap();
        at("First") < at("Second")
    };
    let page = person.open("/handlers?mail_server=Box").await;
    assert!(order(&page));
    let nowhere = format!("action=\"{first}/up\"");
    assert!(!page.body.contains(&nowhere), "the first can go no further up: {}", page.body);
    let moved = person.post(&format!("{second}/up"), &[]).await;
    assert!(!order(&person.follow(moved).await));
    // A button of a page that is old by now does no harm.
    let still = person.post(&format!("{second}/up"), &[]).await;
    assert!(!order(&person.follow(still).await));
    says(&person.open(&first).await, "as number 2 of 2");
    let moved = person.post(&format!("{second}/down"), &[]).await;
    assert!(order(&person.follow(moved).await));
}

#[tokio::test]
async fn trying_a_mail_says_what_would_become_of_it_and_writes_nothing() {
    let app = set_up().await;
    let person = Person::new(&app).await;
    let picky = handler(&app, "Picky", json!({"catch": ["sales@example.org"]})).await;
    handler(&app, "Taker", json!({})).await;
    let server = read(&app, "/mail-servers/Box").await["id"].as_str().unwrap().to_owned();
    let page = person.open(&format!("/mail-servers/{server}/try")).await;
    says(&page, "<strong>Nothing is written:</strong>");
    says(&page, "enctype=\"multipart/form-data\"");

    let path = format!("/mail-servers/{server}/try/mail");
    let tried = try_mail(&app, &person, &path, PRINTER.as_bytes()).await.expect(200);
    for text in [
        "The &lt;b&gt;printer&lt;/b&gt; burns",
        ">New issue<",
        "SUP-1",
        "by Taker",
        "Asked before, and left it:</p><ul><li>Picky takes mail to sales@example.org alone.",
        "Please &lt;i&gt;hurry&lt;/i&gt;.",
    ] {
        says(&tried, text);
    }
    assert!(!tried.body.contains("href=\"/issues/SUP-1\""), "it does not stand");
    let alone = try_mail(&app, &person, &format!("{picky}/try/mail"), PRINTER.as_bytes()).await;
    let alone = alone.expect(200);
    says(&alone, ">Unhandled<");
    assert_eq!(alone.body.matches("Picky takes mail to").count(), 1, "said once");
    for path in ["/issues", "/messages"] {
        let listed = read(&app, path).await;
        assert!(listed["items"].as_array().unwrap().is_empty(), "{path}: {listed}");
    }
}

#[tokio::test]
async fn a_trial_without_a_mail_or_with_too_much_of_it_is_refused_at_its_field() {
    let app = TestApp::with(|settings| settings.limits.message_size = 100_000).await;
    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let server = json!({
        "name": "Box", "host": "localhost", "port": 1, "mailbox": "a@example.org",
        "password": "hunter2-secret",
    });
    app.make("/api/v1/mail-servers", server).await;
    let person = Person::new(&app).await;
    let href = handler(&app, "Taker", json!({})).await;
    let mail = format!("{href}/try/mail");
    for (file, code) in [(vec![], "No mail was sent along."), (vec![b'x'; 100_001], "is too large")]
    {
        let refused = try_mail(&app, &person, &mail, &file).await.expect(422);
        says(&refused, "id=\"e-mail\"");
        says(&refused, code);
    }
    let far_too_large = try_mail(&app, &person, &mail, &vec![b'x'; 300_000]).await.expect(422);
    says(&far_too_large, "is too large");
    let largest = [b"Subject: x\r\n\r\n".as_slice(), &vec![b'x'; 99_000]].concat();
    try_mail(&app, &person, &mail, &largest).await.expect(200);
    let (kind, body) = upload("other", b"x");
    let ask = app.post(&mail).cookie(person.cookie()).header("content-type", &kind);
    says(&ask.text(body).send().await.expect(422), "No mail was sent along.");
    says(&person.post(&mail, &[("mail", "x")]).await.expect(422), "No mail was sent along.");
    let newest = format!("{href}/try/newest");
    for wrong in ["0", "51", "many"] {
        let refused = person.post(&newest, &[("newest", wrong)]).await.expect(422);
        says(&refused, "id=\"e-newest\"");
    }
    // Nothing listens at port 1: the page says so and is none the worse.
    says(&person.post(&newest, &[("newest", "5")]).await.expect(200), "role=\"alert\"");
    let (kind, body) = upload("mail", b"x");
    let stranger = app.post(&mail).header("content-type", &kind).text(body).send().await;
    assert_ne!(stranger.status.as_u16(), 200, "nobody tries mail who is not signed in");
}

#[tokio::test]
async fn the_newest_mail_of_a_mailbox_is_tried_and_left_as_it_is() {
    let scene = Scene::new().await;
    let grant = scene.grant().await;
    let app = &scene.app;
    let alice = scene.practice.users[0].address.clone();
    let second = PRINTER.replace("printer-1", "printer-2").replace("burns", "smokes");
    assert!(scene.practice.deliver(&alice, PRINTER) && scene.practice.deliver(&alice, second));
    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let server = json!({
        "name": "Box", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": alice, "grant": grant, "take": "all",
    });
    app.make("/api/v1/mail-servers", server).await;
    let href = handler(app, "Taker", json!({"enabled": false})).await;
    let person = Person::new(app).await;
    let one = person.post(&format!("{href}/try/newest"), &[("newest", "1")]).await.expect(200);
    says(&one, "smokes");
    assert!(!one.body.contains("burns"), "{}", one.body);
    let both = person.post(&format!("{href}/try/newest"), &[("newest", "5")]).await.expect(200);
    says(&both, "burns");
    assert!(read(app, "/messages").await["items"].as_array().unwrap().is_empty());
    // Had the trial marked or taken anything, a fetch would not find both.
    let on = person.post(&format!("{href}/enable"), &[]).await;
    person.follow(on).await;
    let done = app.post("/api/v1/mail-servers/Box/fetch").token(&app.admin).send().await;
    assert_eq!(done.expect(200).json()["created"], 2);
}

#[tokio::test]
async fn senders_are_trusted_and_refused_for_every_handler() {
    let app = set_up().await;
    let person = Person::new(&app).await;
    let href = handler(&app, "Taker", json!({})).await;
    let form = PageForm::of(&person.open("/sender-rules").await, "/sender-rules");
    let wrong = form.clone().with("rule", "nobody");
    let wrong = person.send_to(&wrong, "/sender-rules").await.expect(422);
    says(&wrong, "id=\"e-rule\"");
    says(&wrong, "value=\"nobody\"");
    let deny = form.with("rule", "Example.net").with("list", "deny");
    let listed = person.send_to(&deny, "/sender-rules").await;
    says(&person.follow(listed).await, "<td data-label=\"Sender\">example.net</td>");
    says(&person.send_to(&deny, "/sender-rules").await.expect(422), "id=\"e-rule\"");
    let tried = try_mail(&app, &person, &format!("{href}/try/mail"), PRINTER.as_bytes()).await;
    says(&tried.expect(200), "The sender is denied for all handlers (example.net).");
    says(&person.open("/sender-rules?list=deny&limit=1").await, "example.net");
    assert!(!person.open("/sender-rules?list=allow").await.body.contains("example.net"));

    let id = read(&app, "/sender-rules").await["items"][0]["id"].as_str().unwrap().to_owned();
    let gone = person.post(&format!("/sender-rules/{id}/delete"), &[]).await;
    assert!(!person.follow(gone).await.body.contains("example.net"));
}
