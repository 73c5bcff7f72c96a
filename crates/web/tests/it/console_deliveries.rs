//! Mail that goes out, by pages alone: the server that sends, the handler that names it, and what is on its way.

use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::consents::Scene;
use crate::console_kit::{PageForm, Person};
use crate::deliveries::fetched;

#[track_caller]
fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text:?} is missing: {}", page.body);
}

#[track_caller]
fn hides(page: &Answer, text: &str) {
    assert!(!page.body.contains(text), "{text:?} is there: {}", page.body);
}

async fn read(app: &TestApp, path: &str) -> Value {
    app.get(&format!("/api/v1{path}")).token(&app.reader).send().await.expect(200).json()
}

/// The page of what such a path lists first.
async fn first(app: &TestApp, path: &str) -> String {
    let listed = read(app, path).await;
    let kind = path.split('?').next().unwrap();
    format!("{kind}/{}", listed["items"][0]["id"].as_str().unwrap())
}

const OF_FETCHING: [&str; 7] =
    ["folders", "take", "after", "move_to", "poll_seconds", "idle", "authserv_id"];

#[tokio::test]
async fn the_form_of_a_server_that_sends_asks_nothing_of_fetching() {
    let app = TestApp::new().await;
    let person = Person::new(&app).await;
    let asked = PageForm::of(&person.open("/mail-servers/new").await, "/mail-servers");
    assert!(OF_FETCHING.iter().all(|name| asked.has(name)), "{asked:?}");
    // Chosen in the form for any server, it becomes the form for one that sends.
    let form = asked.with("protocol", "smtp").with("preset", "microsoft/worldwide");
    let page = person.send_to(&form, "/mail-servers/fill").await.expect(200);
    says(&page, "Add an outgoing mail server");
    let form = PageForm::of(&page, "/mail-servers");
    assert!(!OF_FETCHING.iter().any(|name| form.has(name)), "{form:?}");
    assert_eq!((form.value("host"), form.value("port")), ("smtp.office365.com", "587"));
    assert_eq!(form.value("security"), "starttls");

    // Saved at once from the form for any server, it is a server that sends as well.
    let form = PageForm::of(&person.open("/mail-servers/new").await, "/mail-servers")
        .with("protocol", "smtp")
        .with("name", "Out")
        .with("preset", "google")
        .with("mailbox", "support@example.org")
        .with("password", "correct horse")
        .with("folders", "Sales")
        .with("poll_seconds", "5");
    let saved = person.send_to(&form, "/mail-servers").await;
    let page = person.follow(saved).await;
    says(&page, "smtp.gmail.com, port 465, SMTP by TLS");
    hides(&page, "Folder");
    hides(&page, "Fetch now");
    says(&page, "No handler sends through it");
    let list = person.open("/mail-servers").await;
    says(&list, "Sent by SMTP");
    hides(&person.open("/channels").await, "support@example.org");

    let edit = format!("{}/edit", first(&app, "/mail-servers").await);
    let page = person.open(&edit).await;
    let form = PageForm::of(&page, &edit);
    assert!(!OF_FETCHING.iter().any(|name| form.has(name)), "{form:?}");
    hides(&page, "value=\"imap\"");
    let form = form.with("time_limit_seconds", "20").with("description", "Sends");
    person.send_to(&form, &edit).await.expect(303);
    let server = app.engine.mail_server("Out").await.unwrap();
    assert_eq!((server.time_limit_seconds, server.description.as_str()), (20, "Sends"));
    let straight = person.open("/mail-servers/new?protocol=smtp").await;
    assert_eq!(PageForm::of(&straight, "/mail-servers").value("protocol"), "smtp");
}

#[tokio::test]
async fn a_moved_server_is_authorised_in_the_same_edit_and_two_sign_ins_are_one_too_many() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let link = read(app, "/links/Practice").await["id"].as_str().unwrap().to_owned();
    let server = json!({
        "name": "Inbox", "host": "mail.example.org", "port": scene.practice.imap.port(),
        "mailbox": "support@example.org", "password": "correct horse",
    });
    app.make("/api/v1/mail-servers", server).await;
    let path = first(app, "/mail-servers").await;
    let edit = format!("{path}/edit");
    let blank = PageForm::of(&person.open(&edit).await, &edit);
    let moved = blank.clone().with("host", "localhost").with("link", &link);
    let both = moved.clone().with("password", "hunter2-secret");
    let page = person.send_to(&both, &edit).await.expect(422);
    says(&page, "id=\"e-link\"");
    hides(&page, "hunter2");
    let grant = scene.grant().await;
    let page = person.send_to(&moved.clone().with("grant", &grant), &edit).await.expect(422);
    says(&page, "id=\"e-link\"");
    let page = blank.with("grant", &grant).with("password", "hunter2-secret");
    says(&person.send_to(&page, &edit).await.expect(422), "id=\"e-password\"");
    assert_eq!(
        read(app, "/mail-servers/Inbox").await["host"],
        "mail.example.org",
        "nothing was saved"
    );
    // The same on its page, where there is less to fill in.
    let sign_in = format!("{path}/sign-in");
    let form = PageForm::of(&person.open(&path).await, &sign_in);
    let form = form.with("grant", &grant).with("password", "hunter2-secret");
    says(&person.send_to(&form, &sign_in).await.expect(422), "id=\"e-password\"");

    let tried = person.send_to(&moved, &format!("{edit}/test")).await.expect(200);
    says(&tried, "nobody has consented yet");
    let offer = person.send_to(&moved, &edit).await.expect(200);
    says(&offer, "One-time address");
    let now = read(app, "/mail-servers/Inbox").await;
    assert_eq!((&now["host"], &now["sign_in"]), (&json!("localhost"), &json!("missing")));
    says(&person.open(&path).await, "Nobody has consented");
}

#[tokio::test]
async fn a_handler_that_is_to_send_is_told_what_it_needs() {
    let scene = fetched().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let href = first(app, "/handlers").await;
    let shown = person.open(&href).await;
    for text in ["is sent on to bob@example.org", "<dt>Sends through</dt>", "are told, by mail"] {
        says(&shown, text);
    }
    let edit = format!("{href}/edit");
    let page = person.open(&edit).await;
    let form = PageForm::of(&page, &edit);
    let out = read(app, "/mail-servers/Out").await["id"].as_str().unwrap().to_owned();
    assert_eq!((form.value("outgoing"), form.value("notify")), (out.as_str(), "yes"));
    let lists = |name: &str| {
        let start = page.body.find(&format!("name=\"{name}\"")).unwrap();
        page.body[start..][..page.body[start..].find("</select>").unwrap()].to_owned()
    };
    assert!(lists("outgoing").contains(">Out<") && !lists("outgoing").contains(">Inbox<"));
    assert!(lists("mail_server").contains(">Inbox<") && !lists("mail_server").contains(">Out<"));

    let without = person.send_to(&form.clone().with("outgoing", ""), &edit).await.expect(422);
    says(&without, "id=\"e-outgoing\"");
    says(&without, "<details class=\"part\" open><summary>Mail that it sends");
    let silent = form.with("outgoing", "").without("notify");
    let silent = silent.with("bulk", "ignore").with("forward_to", "");
    person.send_to(&silent, &edit).await.expect(303);
    let kept = read(app, "/handlers/Support").await;
    assert_eq!((&kept["outgoing"], &kept["notify"]), (&Value::Null, &json!(false)));
    hides(&person.open(&href).await, "Sends through");
}

#[tokio::test]
async fn mail_on_its_way_stands_on_the_pages_of_what_it_is_about() {
    let scene = fetched().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let all = person.open("/deliveries").await;
    for text in ["bob@example.org", "ann@example.net", "Fwd: I am away", ">Waiting<"] {
        says(&all, text);
    }
    hides(&all, "Try again");
    says(&person.open("/deliveries?state=failed").await, "There is no such delivery.");
    let of_issue = person.open("/deliveries?issue=SUP-1").await;
    says(&of_issue, "href=\"/deliveries?issue=SUP-1&amp;state=sent\"");
    hides(&of_issue, "bob@example.org");

    let notice = first(app, "/deliveries?kind=notice").await;
    let issue = person.open("/issues/SUP-1").await;
    says(&issue, &format!("<dt>Notice to</dt><dd><a href=\"{notice}\">ann@example.net</a>"));
    let message = person.open(&first(app, "/messages?outcome=forwarded").await).await;
    says(&message, "<dt>Forward to</dt>");
    says(&message, "bob@example.org");
    let page = person.open(&notice).await;
    for text in ["href=\"/issues/SUP-1\"", "href=\"/messages/", "the handler <a", "kept as SUP-1"] {
        says(&page, text);
    }
    let gone = person.post(&format!("{notice}/delete"), &[]).await;
    hides(&person.follow(gone).await, "ann@example.net");
    hides(&person.open("/issues/SUP-1").await, "Notice to");
}

#[tokio::test]
async fn what_keeps_a_mail_is_said_with_the_button_that_helps() {
    let scene = fetched().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let out = read(app, "/mail-servers/Out").await["id"].as_str().unwrap().to_owned();
    let server = format!("/mail-servers/{out}");
    let page = person.open(&server).await;
    for text in [">Nothing sent yet<", "Newest deliveries", "Fwd: I am away", ">Support</a>"] {
        says(&page, text);
    }
    let paused = person.post(&format!("{server}/pause"), &[]).await;
    says(&person.follow(paused).await, "Nothing is sent until it is resumed.");
    let held = person.open("/deliveries").await;
    for text in [">Held up<", "The mail server Out is paused.", ">Delete</button>"] {
        says(&held, text);
    }
    hides(&held, "Try again");
    let forward = first(app, "/deliveries?kind=forward").await;
    let page = person.open(&forward).await;
    says(&page, "An administrator has paused it.");
    says(&page, &format!("<a class=\"button main\" href=\"{server}\">Open Out</a>"));
    let again = person.post(&format!("{forward}/retry"), &[]).await;
    says(&person.follow(again).await, "Fwd: I am away");

    let delete = format!("{server}/delete");
    let ask = person.open(&delete).await;
    says(&ask, "These handlers send through it:");
    let form = PageForm::of(&ask, &delete);
    says(&person.send_to(&form, &delete).await.expect(422), "Tick the box");
    person.send_to(&form.tick("handlers", "yes"), &delete).await.expect(303);
    let failed = person.open(&forward).await;
    for text in [">Given up<", "was deleted", "It was given up"] {
        says(&failed, text);
    }
    let refused = person.post(&format!("{forward}/retry"), &[]).await.expect(200);
    says(&refused, "role=\"alert\"");
    says(&refused, "The mail server that was to send the mail to bob@example.org was deleted.");
    says(&person.open("/").await, "Some mail could not be sent, the last to bob@example.org.");
    let given_up = person.open("/deliveries?state=failed").await;
    says(&given_up, ">Delete</button>");
    hides(&given_up, "Try again");
}
