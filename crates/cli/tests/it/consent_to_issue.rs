//! The main job, from end to end: a link, a consent, a mailbox, and mail that stands as issues and comments.

use std::path::Path;

use serde_json::Value;

use super::mail::{message, plain, with_attachment};
use super::rig::desk::{ALICE, Desk, Options};

#[test]
fn a_consent_turns_mail_into_issues_and_comments() {
    let mut desk = Desk::start(&Options::default());

    // The link shows the redirect URL that was told before it stood, or the provider would refuse.
    let client = desk.register(3600, "client_secret_basic");
    let link = desk.create_link("Work", &client, &["--issuer", desk.provider.issuer()]);
    let redirect_url = link["redirect_url"].as_str().expect("a redirect URL");
    assert!(
        redirect_url.starts_with(&format!("{}/oauth2/callback/", desk.outlink.base_url)),
        "{redirect_url}"
    );

    let grant = desk.grant("Work", ALICE);
    assert_eq!(grant["state"], "active", "{grant}");
    assert!(grant["identity"].to_string().contains(ALICE), "{grant}");
    let scopes = grant["scopes"].to_string();
    assert!(scopes.contains("mail.imap") && scopes.contains("offline_access"), "{grant}");
    assert!(grant["expires_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{grant}");

    let id = grant["id"].as_str().expect("an id");
    desk.create_server("Inbox", ALICE, id, &[]);
    // Everything works but for the handler, which is still to come.
    assert_eq!(tested(&desk), ["skipped handler"]);
    desk.outlink.json(&["project", "create", "SUP", "--name", "Support"]);
    desk.create_handler("Support mail", "Inbox", "SUP");
    assert!(tested(&desk).is_empty(), "every step is ok");

    let pdf = b"%PDF-1.4 not really, but bytes \x00\xff\xfe all the same".as_slice();
    let first = "printer-1@customer.example";
    let text = "Hello,\n\nit prints nothing but stripes.\n\n-- \nCarol\n";
    let mail = with_attachment(first, "The printer is broken", text, "stripes.pdf", pdf);
    desk.dovecot.deliver(ALICE, "1", &mail);
    let fetched = desk.outlink.json(&["mail-server", "fetch", "Inbox"]);
    let counts =
        ["fetched", "created", "commented", "rejected", "quarantined"].map(|what| &fetched[what]);
    assert_eq!(counts, [1, 1, 0, 0, 0], "{fetched}");
    let issue = &desk.outlink.list("issue")[0];
    assert_eq!(issue["key"], "SUP-1", "{issue}");
    assert_eq!(issue["summary"], "The printer is broken", "{issue}");
    assert!(issue["reporter"].as_str().is_some_and(|who| who.contains("Carol")), "{issue}");
    assert_eq!(issue["comments"], 0, "{issue}");

    // An answer finds its issue by what it answers, and only what its writer wrote new counts.
    let quoted = "It is the toner.\n\nOn Thu, 19 Nov 2026, Carol Customer wrote:\n> it prints nothing but stripes.\n";
    let threading = format!("In-Reply-To: <{first}>\r\nReferences: <{first}>\r\n");
    desk.dovecot.deliver(
        ALICE,
        "2",
        &plain("r2@x.example", "Re: The printer is broken", &threading, quoted),
    );
    // Another finds it by the key in its subject.
    desk.dovecot.deliver(
        ALICE,
        "3",
        &plain("r3@x.example", "Fwd: [SUP-1] stripes", "", "Toner changed.\n"),
    );
    let html = "<html><head><style>p{color:red}</style></head><body><p>Please <b>reset</b> my password.</p>\
                <script>alert(1)</script></body></html>\n";
    let html =
        message("h4@x.example", "Password", "Content-Type: text/html; charset=utf-8\r\n", html);
    desk.dovecot.deliver(ALICE, "4", &html);
    let fetched = desk.outlink.json(&["mail-server", "fetch", "Inbox"]);
    let counts =
        ["fetched", "created", "commented", "rejected", "quarantined"].map(|what| &fetched[what]);
    assert_eq!(counts, [3, 1, 2, 0, 0], "{fetched}");
    let issues = desk.outlink.json(&["issue", "list", "--project", "SUP"]);
    assert_eq!(issues["items"].as_array().map(Vec::len), Some(2), "{issues}");

    let shown = desk.outlink.json(&["issue", "show", "SUP-1"]);
    let description = shown["description"].as_str().expect("a description");
    assert!(description.contains("it prints nothing but stripes."), "{shown}");
    let comments = shown["comments"].as_array().expect("comments");
    assert_eq!(comments.len(), 2, "{shown}");
    assert_eq!(comments[0]["body"].as_str().map(str::trim), Some("It is the toner."), "{shown}");
    assert_eq!(comments[1]["body"].as_str().map(str::trim), Some("Toner changed."), "{shown}");
    assert!(comments[0]["author"].as_str().is_some_and(|who| who.contains("Carol")), "{shown}");
    assert!(comments[0]["created_at"].is_string(), "{shown}");
    let attachment = &shown["attachments"][0];
    assert_eq!(attachment["name"], "stripes.pdf", "{shown}");
    assert_eq!(attachment["type"], "application/pdf", "{shown}");
    assert_eq!(attachment["size"], pdf.len(), "{shown}");
    downloads(&desk, attachment, pdf);

    let html = desk.outlink.json(&["issue", "show", "SUP-2"]);
    let text = html["description"].as_str().expect("a description");
    assert!(text.contains("reset") && text.contains("my password."), "{html}");
    assert!(
        !text.contains('<') && !text.contains("color:red") && !text.contains("alert"),
        "{html}"
    );

    let messages = desk.outlink.list("message");
    let outcome = |id: &str| {
        let message = messages.iter().find(|message| message["message_id"] == id);
        let message = message.unwrap_or_else(|| panic!("{id} is not among {messages:?}"));
        (
            message["outcome"].as_str().expect("an outcome"),
            message["issue"].as_str().expect("an issue"),
        )
    };
    assert_eq!(outcome(first), ("created", "SUP-1"));
    assert_eq!(outcome("r2@x.example"), ("commented", "SUP-1"));
    assert_eq!(outcome("r3@x.example"), ("commented", "SUP-1"));
    assert_eq!(outcome("h4@x.example"), ("created", "SUP-2"));
    let mailbox = desk.dovecot.mailbox(ALICE);
    assert!(mailbox.len() == 4 && mailbox.iter().all(|(_, seen)| *seen), "{mailbox:?}");

    // **Secrets stay in.** Neither log nor data hold a token or the client's secret.
    let log = desk.outlink.log();
    let stopped = desk.outlink.stop();
    assert_eq!(stopped.code(), Some(0), "SIGTERM is a clean end: {log}");
    let mut secrets = desk.provider.tokens();
    assert!(secrets.len() >= 2, "an access token and a refresh token at least");
    secrets.push(client.secret);
    for secret in &secrets {
        assert!(!log.contains(secret), "a secret is in the log: {log}");
        holds_not(&desk.outlink.dir().join("data"), secret.as_bytes());
    }
}

/// Tests the mail server, and tells the steps that are not ok.
fn tested(desk: &Desk) -> Vec<String> {
    let tested = desk.outlink.json(&["mail-server", "test", "Inbox"]);
    assert_eq!(tested["ok"], true, "{tested}");
    let steps = tested["steps"].as_array().expect("steps");
    assert!(steps.len() > 5 && steps.iter().all(|step| step["ms"].is_u64()), "{tested}");
    let others = steps.iter().filter(|step| step["status"] != "ok");
    let text = |step: &Value, field: &str| step[field].as_str().expect("a text").to_owned();
    others.map(|step| text(step, "status") + " " + &text(step, "id")).collect()
}

/// The attachment comes back byte for byte, and only ever as a download.
fn downloads(desk: &Desk, attachment: &Value, expected: &[u8]) {
    let id = attachment["id"].as_str().unwrap_or_else(|| panic!("no id in {attachment}"));
    let page = desk.outlink.get(&format!("attachments/{id}"));
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(page.bytes, expected);
    assert!(page.header("content-disposition").starts_with("attachment"), "{:?}", page.headers);
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert!(page.header("content-security-policy").contains("sandbox"), "{:?}", page.headers);
}

fn holds_not(dir: &Path, needle: &[u8]) {
    for entry in std::fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        let bytes = std::fs::read(&path).expect("readable");
        let found = bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{} holds a secret in the clear", path.display());
    }
}
