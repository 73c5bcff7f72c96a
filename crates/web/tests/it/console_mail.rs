//! Messages and issues by pages alone: the processing log, the quarantine, and what can be done with an issue.

use serde_json::json;

use crate::app::{Answer, TestApp};
use crate::consents::Scene;
use crate::console_kit::{PageForm, Person};
use crate::crowd::Crowd;

fn mail(n: u32, from: &str, subject: &str, more: &str) -> String {
    format!(
        "Authentication-Results: mx.practice.test; dmarc=fail header.from=example.net\r\n\
         From: {from}\r\nTo: alice@example.org\r\nSubject: {subject}\r\n\
         Message-ID: <m{n}@example.net>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n{more}\r\nText {n}.\r\n"
    )
}

const REPORT: &str = "From: Mailer <mailer-daemon@example.net>\r\n\
To: alice@example.org\r\n\
Subject: Undelivered: [SUP-1] Help\r\n\
Message-ID: <report-1@example.net>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\
\r\n\
--b\r\n\
Content-Type: text/plain\r\n\
\r\n\
It did not arrive.\r\n\
--b\r\n\
Content-Type: message/delivery-status\r\n\
\r\n\
Reporting-MTA: dns; mx.example.net\r\n\
\r\n\
Final-Recipient: rfc822; gone@example.net\r\n\
Action: failed\r\n\
Status: 5.1.1\r\n\
\r\n\
--b\r\n\
Content-Type: text/rfc822-headers\r\n\
\r\n\
Message-ID: <m1@example.net>\r\n\
--b--\r\n";

/// A mailbox with a handler, from which some mail was fetched.
async fn fetched(mails: &[String], handler: serde_json::Value) -> Scene {
    let scene = Scene::new().await;
    let grant = scene.grant().await;
    let alice = scene.practice.users[0].address.clone();
    let app = &scene.app;
    for (key, name) in [("SUP", "Support"), ("OPS", "Operations")] {
        app.make("/api/v1/projects", json!({"key": key, "name": name})).await;
    }
    let server = json!({
        "name": "Box", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": alice, "grant": grant, "take": "all", "authserv_id": "mx.practice.test",
    });
    app.make("/api/v1/mail-servers", server).await;
    let mut body = json!({"name": "Taker", "mail_server": "Box", "project": "SUP"});
    body.as_object_mut().unwrap().extend(handler.as_object().unwrap().clone());
    app.make("/api/v1/handlers", body).await;
    for mail in mails {
        assert!(scene.practice.deliver(&alice, mail.as_str()));
        fetch(app).await;
    }
    scene
}

async fn fetch(app: &TestApp) {
    app.post("/api/v1/mail-servers/Box/fetch").token(&app.admin).send().await.expect(200);
}

#[track_caller]
fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text:?} is missing in {}", page.body);
}

#[track_caller]
fn hides(page: &Answer, text: &str) {
    assert!(!page.body.contains(text), "{text:?} stands in {}", page.body);
}

fn link<'a>(page: &'a Answer, start: &str) -> &'a str {
    let start = format!("href=\"{start}");
    let at = page.body.find(&start).unwrap_or_else(|| panic!("no {start} in {}", page.body)) + 6;
    page.body[at..].split('"').next().unwrap()
}

#[tokio::test]
async fn the_log_is_searched_and_its_pages_keep_the_search() {
    let mails = [
        mail(1, "Ann <ann@example.net>", "Printer", ""),
        mail(2, "Bob <bob@example.net>", "Coffee", ""),
        mail(3, "Ann <ann@example.net>", "Printer again", ""),
        mail(4, "Ann <ann@example.net>", "Away", "Auto-Submitted: auto-replied\r\n"),
    ];
    let scene = fetched(&mails, json!({})).await;
    let person = Person::new(&scene.app).await;
    let all = person.open("/messages").await;
    for text in ["Printer again", "Coffee", "Away", "Sender not proven", "Rejected", "Taker"] {
        says(&all, text);
    }
    let printers = person.open("/messages?text=PRINTER&sender=ann%40example.net&outcome=").await;
    says(&printers, "Printer again");
    hides(&printers, "Coffee");
    let rejected = person.open("/messages?outcome=rejected").await;
    says(&rejected, ">Away</a>");
    hides(&rejected, "Coffee");
    for path in [
        "/messages?handler=Taker&project=SUP&mail_server=Box&sender=bob%40example.net",
        "/messages?since=2020-01-01&text=coffee",
    ] {
        let some = person.open(path).await;
        says(&some, "Coffee");
        hides(&some, ">Away</a>");
    }
    says(&person.open("/messages?until=2020-01-01").await, "There is no such message.");

    let first = person.open("/messages?sender=ann%40example.net&limit=1").await;
    says(&first, ">Away</a>");
    let next = link(&first, "/messages?after=").replace("&amp;", "&");
    assert!(next.contains("&sender=ann%40example.net") && next.ends_with("&limit=1"), "{next}");
    let second = person.open(&next).await;
    says(&second, "Printer again");
    hides(&second, ">Away</a>");

    let ask = |path: &'static str| scene.app.get(path).cookie(person.cookie()).send();
    let wrong = ask("/messages?since=soon").await.expect(422);
    says(&wrong, "id=\"e-since\"");
    says(&wrong, "value=\"soon\"");
    says(&ask("/messages?outcome=eaten").await.expect(422), "id=\"e-outcome\"");
    ask("/messages?handler=nobody").await.expect(404);
}

#[tokio::test]
async fn what_lies_in_quarantine_is_found_from_home_and_handled_anew() {
    let mails = [mail(1, "Ann <ann@example.net>", "Printer", "")];
    let scene = fetched(&mails, json!({"unauthenticated": "quarantine"})).await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let home = person.open("/").await;
    says(&home, "1 message lies in quarantine.");
    let list = person.open(link(&home, "/messages?outcome=quarantined")).await;
    let href = link(&list, "/messages/").to_owned();
    let message = person.open(&href).await;
    for text in [
        "From may be a lie",
        "Sender not proven",
        "Nothing: it lies there as it came.",
        "Download the whole mail",
    ] {
        says(&message, text);
    }
    let replay = format!("{href}/replay");
    let again = person.post(&replay, &[]).await.expect(200);
    says(&again, "It was handled anew. It is now: quarantined.");
    let edit = json!({"unauthenticated": "mark"});
    let ask = app.ask("PATCH", "/api/v1/handlers/Taker").token(&app.admin).json(&edit);
    ask.send().await.expect(200);
    let done = person.post(&replay, &[]).await.expect(200);
    says(&done, "It is now: new issue.");
    says(&done, "Open SUP-1");
    hides(&done, "Handle it anew");
    // A button of a page that is old by now is refused in words.
    says(&person.post(&replay, &[]).await.expect(200), "has become something already");
    hides(&person.open("/").await, "in quarantine.");
    let issue = person.open("/issues/SUP-1").await;
    says(&issue, "Sender not proven");
    fetch(app).await;
    says(&person.open(&href).await, "It was told to mark it as read.");
}

#[tokio::test]
async fn a_message_without_its_bytes_offers_nothing_that_cannot_work() {
    let mails = [
        mail(1, "Ann <ann@example.net>", "Help", ""),
        mail(2, "Ann <ann@example.net>", "Away", "Auto-Submitted: auto-replied\r\n"),
    ];
    let scene = fetched(&mails, json!({})).await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let list = person.open("/messages?outcome=rejected").await;
    let href = link(&list, "/messages/0").to_owned();
    let api = format!("/api/v1{href}");
    let show = async || app.get(&api).token(&app.reader).send().await.expect(200).json();
    assert_eq!(show().await["raw"], "kept");
    let page = person.open(&href).await;
    says(&page, "Download the whole mail");
    says(&page, "Handle it anew");
    says(&person.open("/issues/SUP-1").await, "whole mail");

    Crowd::of(app).await.let_raws_go().await;
    assert_eq!(show().await["raw"], "gone");
    let page = person.open(&href).await;
    says(&page, "are not kept any more");
    says(&page, "retention.raw_days");
    hides(&page, "Download the whole mail");
    hides(&page, "Handle it anew");
    hides(&person.open("/issues/SUP-1").await, "whole mail");
    let raw = app.get(&format!("{api}/raw")).token(&app.reader).send().await.expect(404).json();
    assert_eq!(raw["code"], "message_bytes_gone", "{raw}");
    let replay = app.post(&format!("{api}/replay")).token(&app.admin).json(&json!({}));
    let replay = replay.send().await.expect(409).json();
    assert_eq!(replay["code"], "message_bytes_gone", "{replay}");
    assert!(replay["hint"].as_str().unwrap().contains("retention.raw_days"), "{replay}");
}

#[tokio::test]
async fn what_came_from_a_deleted_mail_server_names_it_and_leads_to_no_page_of_it() {
    let mails = [mail(1, "Ann <ann@example.net>", "Help", "")];
    let scene = fetched(&mails, json!({"unauthenticated": "quarantine"})).await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let server = app.engine.mail_server("Box").await.unwrap().id.to_string();
    let list = person.open("/messages").await;
    let href = link(&list, "/messages/0").to_owned();
    app.ask("DELETE", "/api/v1/mail-servers/Box?handlers=true")
        .token(&app.admin)
        .send()
        .await
        .expect(200);
    for path in ["", "/edit", "/try", "/delete"] {
        let path = format!("/mail-servers/{server}{path}");
        app.get(&path).cookie(person.cookie()).send().await.expect(404);
    }
    for path in ["test", "fetch", "pause", "resume"] {
        let console = person.post(&format!("/mail-servers/{server}/{path}"), &[]).await;
        let told = console.body.contains("There is no mail server called");
        assert!(told, "{path}: {}", console.body);
        let api = format!("/api/v1/mail-servers/{server}/{path}");
        app.post(&api).token(&app.admin).json(&json!({})).send().await.expect(404);
    }
    app.get(&format!("/api/v1/mail-servers/{server}")).token(&app.reader).send().await.expect(404);

    let page = person.open(&href).await;
    let all = format!("/messages?mail_server={server}");
    says(&page, &format!("<a href=\"{all}\">Box (deleted)</a>"));
    hides(&page, "/mail-servers/0");
    says(&page, "Download the whole mail");
    hides(&page, "Handle it anew");
    let list = person.open(&all).await;
    says(&list, "Help");
    says(&list, &format!("<option value=\"{server}\" selected>Box (deleted)</option>"));
    let shown = app.get(&format!("/api/v1{href}")).token(&app.reader).send().await.json();
    assert_eq!(
        (&shown["mail_server"], &shown["mail_server_deleted"]),
        (&json!("Box (deleted)"), &json!(true))
    );
}

#[tokio::test]
async fn an_issue_says_who_is_in_doubt_and_what_did_not_arrive() {
    let mails = [
        mail(1, "Ann <ann@example.net>", "Help", "X-Priority: 1\r\n"),
        mail(2, "Ann <ann@example.net>", "Re: Help", "In-Reply-To: <m1@example.net>\r\n"),
        REPORT.to_owned(),
    ];
    let scene = fetched(&mails, json!({"issue_type": "Incident"})).await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let issue = person.open("/issues/SUP-1").await;
    for text in
        ["Incident", "Highest", "Text 1.", "Text 2.", "A mail system reports", "gone@example.net"]
    {
        says(&issue, text);
    }
    assert_eq!(issue.body.matches("Sender not proven").count(), 2, "{}", issue.body);
    assert_eq!(issue.body.matches("/raw\" download>whole mail").count(), 3, "{}", issue.body);
    says(&person.open("/issues").await, "Incident");
    // A handler that accepts such mail like any other wants no marks either.
    let edit = json!({"unauthenticated": "accept"});
    let ask = app.ask("PATCH", "/api/v1/handlers/Taker").token(&app.admin).json(&edit);
    ask.send().await.expect(200);
    hides(&person.open("/issues/SUP-1").await, "Sender not proven");
}

#[tokio::test]
async fn an_issue_is_resolved_opened_and_moved_by_buttons() {
    let scene = fetched(&[mail(1, "Ann <ann@example.net>", "Help", "")], json!({})).await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let resolved = person.post("/issues/SUP-1/resolve", &[]).await;
    says(&person.follow(resolved).await, "Resolved");
    let open = person.post("/issues/SUP-1/reopen", &[]).await;
    let page = person.follow(open).await;
    says(&page, ">Open<");
    let form = PageForm::of(&page, "/issues/SUP-1/move");
    hides(&page, "Support (SUP)</option>");
    let wrong = form.clone().with("project", "SUP");
    says(&person.send_to(&wrong, "/issues/SUP-1/move").await.expect(422), "id=\"e-project\"");
    let moved = person.send_to(&form, "/issues/SUP-1/move").await;
    assert_eq!(moved.header("location"), "/issues/OPS-1");
    let page = person.follow(moved).await;
    says(&page, "Former keys");
    // Its former address leads to it.
    let old = app.get("/issues/SUP-1").cookie(person.cookie()).send().await.expect(303);
    assert_eq!(old.header("location"), "/issues/OPS-1");
}
