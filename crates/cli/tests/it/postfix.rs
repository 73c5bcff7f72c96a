//! Mail out, through a mail server that we did not write: every way to sign in there, what handlers send, and what becomes
//! of it when it is not taken.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::dovecot::{add, with_grant};
use super::mail::{message, plain};
use super::rig::desk::{ALICE, Desk, Options};
use super::rig::dovecot::PASSWORD;
use super::rig::eventually;
use super::rig::postfix::Postfix;

const BOB: &str = "bob@example.org";
const CAROL: &str = "carol@customer.example";
/// Takes nothing for now, as Postfix is set up.
const LATER: &str = "later@example.org";
/// Has no mailbox.
const GONE: &str = "gone@example.org";

/// Longer than the way through both servers takes.
const SOON: Duration = Duration::from_secs(20);

/// A desk with a Postfix beside it, and a handler on Alice's mailbox. Postfix ends first.
struct Post {
    postfix: Postfix,
    desk: Desk,
    grant: String,
}

impl Post {
    /// None where Postfix cannot be started.
    fn start() -> Option<Self> {
        let options =
            Options { mechanisms: "xoauth2 oauthbearer plain login", ..Options::default() };
        let (desk, grant) = with_grant(&options, 3600);
        let dir = desk.dir().join("postfix");
        let postfix = Postfix::start(&dir, &desk.certs(), "server", &desk.dovecot)?;
        add(&desk, "Box", &grant, &json!({}));
        Some(Self { postfix, desk, grant })
    }

    /// An outgoing server in Alice's name, with her grant unless the flags say otherwise.
    fn outgoing(&self, name: &str, port: u16, more: &[&str]) -> Value {
        let port = port.to_string();
        let flags = [
            "mail-server",
            "create",
            "--name",
            name,
            "--protocol",
            "smtp",
            "--host",
            "localhost",
            "--port",
            &port,
        ];
        let mut all = [&flags, more].concat();
        if !more.contains(&"--mailbox") {
            all.extend(["--mailbox", ALICE]);
        }
        if !more.contains(&"--password-file") {
            all.extend(["--grant", self.grant.as_str()]);
        }
        self.desk.outlink.json(&all)
    }

    /// The outgoing server `Out`, and a handler that sends on to this address what belongs to no issue.
    fn forwarding_to(&self, to: &str) {
        self.outgoing("Out", self.postfix.port, &[]);
        self.handler(&["--outgoing", "Out", "--type", "comment_new_text", "--forward-to", to]);
    }

    fn handler(&self, flags: &[&str]) {
        self.desk.outlink.json(&[&["handler", "edit", "Mail of Box"], flags].concat());
    }

    /// Puts a mail into Alice's mailbox, and tells the ledger's row of it.
    fn receive(&self, id: &str, raw: &[u8]) -> Value {
        self.desk.dovecot.deliver(ALICE, id, raw);
        let mail_id = format!("{id}@x.example");
        eventually("the message in the ledger", SOON, || {
            self.desk.outlink.run(&["mail-server", "fetch", "Box"]);
            let listed = self.desk.outlink.list("message");
            listed.into_iter().find(|row| row["message_id"] == mail_id.as_str())
        })
    }

    /// The one delivery about a message, once it is in this state.
    fn delivery(&self, message: &Value, state: &str) -> Value {
        let id = message["id"].as_str().expect("an id");
        let mut last = Value::Null;
        for _ in 0..400 {
            last = self.desk.outlink.json(&["delivery", "list", "--message", id]);
            let items = last["items"].as_array().expect("items");
            assert!(items.len() <= 1, "{last}");
            if let Some(found) = items.iter().find(|item| item["state"] == state) {
                return found.clone();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("not {state}: {last}\n{}\n{}", self.desk.outlink.log(), self.postfix.log());
    }

    /// What lies in a mailbox, as soon as it is so much.
    fn arrived(&self, mailbox: &str, count: usize) -> Vec<String> {
        let maildir = self.desk.dovecot.maildir(mailbox);
        eventually(&format!("{count} mails of {mailbox}"), SOON, || {
            let entries = std::fs::read_dir(maildir.join("new")).ok()?;
            let read = |path| std::fs::read(path).expect("it lies there");
            let mails: Vec<_> = entries
                .map(|entry| {
                    String::from_utf8(read(entry.expect("readable").path())).expect("text")
                })
                .collect();
            (mails.len() >= count).then_some(mails)
        })
    }

    fn health(&self, name: &str) -> Value {
        self.desk.outlink.json(&["mail-server", "show", name])["health"].clone()
    }
}

/// The value of a header of a mail, whose lines may be folded.
fn header(mail: &str, name: &str) -> String {
    let head = mail.split_once("\n\n").map_or(mail, |(head, _)| head).replace("\n ", " ");
    let found = head.lines().find_map(|line| {
        let (known, value) = line.split_once(": ")?;
        known.eq_ignore_ascii_case(name).then(|| value.to_owned())
    });
    found.unwrap_or_else(|| panic!("no {name} in {mail}"))
}

/// A Message-ID without its angle brackets.
fn bare(id: &str) -> &str {
    id.trim_matches(['<', '>'])
}

fn mail(id: &str) -> Vec<u8> {
    plain(&format!("{id}@x.example"), &format!("Matter {id}"), "", &format!("Text of {id}.\n"))
}

#[test]
fn every_mechanism_is_spoken_over_both_ways_to_tls() {
    let Some(mut post) = Post::start() else { return };
    let password = post.desk.secret_file("password", PASSWORD);
    let types = ["--type", "comment_new_text"];
    let mut count = 0;
    let by_password = ["--password-file", password.as_str()];
    for (mechanism, sign_in) in [
        ("xoauth2", [].as_slice()),
        ("oauthbearer", &[]),
        ("plain", &by_password),
        ("login", &by_password),
    ] {
        post.postfix.set(&format!("smtpd_sasl_mechanism_filter = {mechanism}"));
        let ways = [("tls", post.postfix.port), ("starttls", post.postfix.starttls_port)];
        for (security, port) in ways {
            let name = format!("{mechanism} {security}");
            post.outgoing(&name, port, &[&["--security", security], sign_in].concat());
            let tested = post.desk.outlink.json(&["mail-server", "test", &name]);
            assert_eq!(tested["ok"], true, "{name}: {tested}");
            post.handler(&[&["--outgoing", &name, "--forward-to", BOB], types.as_slice()].concat());
            count += 1;
            let id = format!("m{count}");
            let received = post.receive(&id, &mail(&id));
            assert_eq!(received["outcome"], "forwarded", "{name}: {received}");
            let sent = post.delivery(&received, "sent");
            assert_eq!((&sent["to"], &sent["kind"]), (&BOB.into(), &"forward".into()), "{sent}");
            post.arrived(BOB, count);
        }
        let log = post.postfix.log();
        let said = format!("sasl_method={}", mechanism.to_uppercase());
        assert_eq!(log.matches(&said).count(), 2, "{log}");
    }
    let listed = post.desk.dovecot.folder(BOB, "INBOX");
    assert_eq!(listed.len(), count, "each once: {listed:?}");
}

#[test]
fn what_a_handler_cannot_process_arrives_whole_at_whom_it_names() {
    let Some(post) = Post::start() else { return };
    post.forwarding_to(BOB);
    let html = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
    let raw = message("whole@x.example", "About Größe", html, "<p>.\n..\nÜber alles.</p>\n");
    let received = post.receive("whole", &raw);
    assert_eq!(received["outcome"], "forwarded", "{received}");
    assert!(received["reason"].as_str().is_some_and(|text| text.contains(BOB)), "{received}");
    let delivery = post.delivery(&received, "sent");
    assert!(delivery["done_at"].is_string(), "{delivery}");
    let [arrived] = post.arrived(BOB, 1).try_into().expect("one");
    assert_eq!(bare(&header(&arrived, "Message-ID")), delivery["mail_id"], "{arrived}");
    assert_eq!(header(&arrived, "Return-Path"), format!("<{ALICE}>"), "{arrived}");
    assert!(header(&arrived, "From").contains(ALICE) && header(&arrived, "To").contains(BOB));
    assert_eq!(header(&arrived, "Auto-Submitted"), "auto-generated", "{arrived}");
    let text = String::from_utf8(raw.clone()).expect("text").replace("\r\n", "\n");
    assert!(arrived.contains(text.trim_end()), "octet for octet: {arrived}");
    assert!(post.desk.outlink.list("issue").is_empty());

    // What we sent ourselves, and what comes back to us, never goes round.
    let back = arrived.replace('\n', "\r\n");
    post.desk.dovecot.deliver(ALICE, "back", back.as_bytes());
    let returned = eventually("the mail that came back", SOON, || {
        post.desk.outlink.run(&["mail-server", "fetch", "Box"]);
        let listed = post.desk.outlink.list("message");
        listed.into_iter().find(|row| row["message_id"] == delivery["mail_id"])
    });
    assert_eq!(returned["outcome"], "rejected", "{returned}");
    assert_eq!(post.desk.outlink.list("delivery").len(), 1);
}

#[test]
fn a_new_person_is_told_once_and_whoever_answers_comments() {
    let Some(post) = Post::start() else { return };
    post.outgoing("Out", post.postfix.port, &[]);
    post.handler(&["--outgoing", "Out", "--notify", "true"]);
    let received = post.receive("first", &mail("first"));
    assert_eq!(received["issue"], "SUP-1", "{received}");
    let delivery = post.delivery(&received, "sent");
    assert_eq!((&delivery["kind"], &delivery["issue"]), (&"notice".into(), &"SUP-1".into()));
    let [notice] = post.arrived(CAROL, 1).try_into().expect("one");
    assert!(header(&notice, "Subject").contains("SUP-1"), "{notice}");
    assert_eq!(header(&notice, "In-Reply-To"), "<first@x.example>", "{notice}");
    assert_eq!(header(&notice, "Auto-Submitted"), "auto-replied", "{notice}");
    let by_issue = post.desk.outlink.json(&["delivery", "list", "--issue", "SUP-1"]);
    assert_eq!(by_issue["items"][0]["id"], delivery["id"], "{by_issue}");

    // Somebody else, to whom it was handed on, answers under another subject.
    let answer = |id: &str, to: &str| {
        let raw = plain(
            &format!("{id}@x.example"),
            "Something else",
            &format!("In-Reply-To: {to}\r\n"),
            &format!("The answer {id}.\n"),
        );
        String::from_utf8(raw).expect("text").replace("carol@", "dave@").into_bytes()
    };
    let told = header(&notice, "Message-ID");
    let answered = post.receive("answer", &answer("answer", &told));
    assert_eq!((&answered["outcome"], &answered["issue"]), (&"commented".into(), &"SUP-1".into()));
    // A Message-ID that we did not sign leads nowhere.
    let at = told.find('@').expect("a domain");
    let last = if &told[at - 1..at] == "A" { "B" } else { "A" };
    let forged = format!("{}{last}{}", &told[..at - 1], &told[at..]);
    let other = post.receive("forged", &answer("forged", &forged));
    assert_eq!((&other["outcome"], &other["issue"]), (&"created".into(), &"SUP-2".into()));
    // Carol is known by now, and Dave as well.
    assert_eq!(post.receive("second", &mail("second"))["issue"], "SUP-3");
    let machine = "Auto-Submitted: auto-replied\r\n";
    let raw = plain("machine@x.example", "Away", machine, "I am away.\n");
    assert_eq!(post.receive("machine", &raw)["outcome"], "rejected");
    assert_eq!(post.desk.outlink.list("delivery").len(), 1);
}

#[test]
fn a_mail_that_is_returned_is_shown_with_its_issue() {
    let Some(post) = Post::start() else { return };
    post.outgoing("Out", post.postfix.port, &[]);
    post.handler(&["--outgoing", "Out", "--notify", "true"]);
    let raw = String::from_utf8(mail("first")).expect("text");
    let raw = raw.replace(CAROL, "eve@nowhere.example").into_bytes();
    let received = post.receive("first", &raw);
    assert_eq!(post.delivery(&received, "sent")["to"], "eve@nowhere.example");
    // Postfix finds no way there, and tells whoever sent it.
    let report = eventually("the report", SOON, || {
        post.desk.outlink.run(&["mail-server", "fetch", "Box"]);
        let listed = post.desk.outlink.list("message");
        listed.into_iter().find(|row| row["from"].to_string().contains("MAILER-DAEMON"))
    });
    assert_eq!((&report["outcome"], &report["issue"]), (&"rejected".into(), &"SUP-1".into()));
    let reason = report["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("eve@nowhere.example failed"), "{reason}");
    assert_eq!(post.desk.outlink.list("delivery").len(), 1, "no machine is answered");
    assert_eq!(post.desk.outlink.list("issue").len(), 1);
}

#[test]
fn what_is_refused_says_so_and_is_sent_when_somebody_asks_for_it() {
    let Some(mut post) = Post::start() else { return };
    post.forwarding_to(GONE);
    let gone = post.receive("gone", &mail("gone"));
    let refused = post.delivery(&gone, "failed");
    let said = refused.to_string();
    assert!(said.contains("User unknown"), "in the server's words: {said}");
    for field in ["reason", "hint"] {
        assert!(refused[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {said}");
    }
    let id = refused["id"].as_str().expect("an id");
    let failed = post.desk.outlink.json(&["delivery", "list", "--state", "failed"]);
    assert_eq!(failed["items"][0]["id"], id, "{failed}");
    let again = post.desk.outlink.json(&["delivery", "retry", id]);
    assert_eq!(again["state"], "waiting", "{again}");
    assert_eq!(post.delivery(&gone, "failed")["id"], id);
    let deleted = post.desk.outlink.run(&["delivery", "delete", id]);
    assert_eq!(deleted.succeeded(), format!("The delivery {id} is deleted.\n"));
    assert!(post.desk.outlink.refused(&["delivery", "show", id]).contains("hint: "));

    post.handler(&["--forward-to", LATER]);
    let later = post.receive("later", &mail("later"));
    let waiting = eventually("the first attempt", SOON, || {
        let waiting = post.delivery(&later, "waiting");
        (waiting["attempts"] == 1).then_some(waiting)
    });
    assert!(waiting.to_string().contains("takes nothing for now"), "{waiting}");
    assert_eq!(post.health("Out")["state"], "ok", "the server itself is well");

    let long = "More than it takes.\n".repeat(60_000);
    post.handler(&["--forward-to", BOB]);
    let large = post.receive("large", &plain("large@x.example", "Large", "", &long));
    post.delivery(&large, "failed");
    assert_eq!(post.delivery(&post.receive("small", &mail("small")), "sent")["to"], BOB);

    post.postfix.set("smtpd_recipient_restrictions = permit");
    let id = waiting["id"].as_str().expect("an id");
    post.desk.outlink.json(&["delivery", "retry", id]);
    let sent = post.delivery(&later, "sent");
    assert_eq!(sent["mail_id"], waiting["mail_id"], "the same mail");
    let [arrived] = post.arrived(LATER, 1).try_into().expect("one");
    assert_eq!(bare(&header(&arrived, "Message-ID")), waiting["mail_id"]);
}

#[test]
fn mail_waits_for_a_server_that_is_away_or_is_not_who_it_says() {
    let Some(mut post) = Post::start() else { return };
    post.forwarding_to(BOB);
    post.postfix.stop();
    let received = post.receive("waits", &mail("waits"));
    assert_eq!(received["outcome"], "forwarded", "it is a promise: {received}");
    eventually("a server that is failing", SOON, || {
        (post.health("Out")["state"] == "failing").then_some(())
    });
    let waiting = post.delivery(&received, "waiting");
    assert_eq!(waiting["attempts"], 0, "that counts for the server: {waiting}");

    let certificate = |name: &str| {
        let path = post.desk.certs().join(name).display().to_string();
        format!("smtpd_tls_cert_file = {path}.crt\nsmtpd_tls_key_file = {path}.key")
    };
    let (stranger, ours) = (certificate("stranger"), certificate("server"));
    post.postfix.start_again();
    post.postfix.set(&stranger);
    for (name, security, port) in [
        ("By command", "starttls", post.postfix.starttls_port),
        ("From the first", "tls", post.postfix.port),
    ] {
        post.outgoing(name, port, &["--security", security]);
        let tested = post.desk.outlink.run(&["mail-server", "test", name, "--json"]);
        assert_eq!(tested.code, Some(1), "{tested:?}");
        let log = post.postfix.log();
        assert!(tested.stdout.contains("certificate"), "{tested:?}\n{log}");
        assert!(!log.contains("sasl_username"), "nobody signed in: {log}");
    }
    post.postfix.set(&ours);
    let id = waiting["id"].as_str().expect("an id");
    post.desk.outlink.json(&["delivery", "retry", id]);
    post.delivery(&received, "sent");
    assert_eq!(post.arrived(BOB, 1).len(), 1);
    assert_eq!(post.health("Out")["state"], "ok");

    // Postfix says 535 also while Dovecot cannot ask the provider: nobody's consent ends by that.
    post.outgoing("Bob's", post.postfix.port, &["--mailbox", BOB]);
    post.handler(&["--outgoing", "Bob's"]);
    let received = post.receive("refused", &mail("refused"));
    eventually("a sign-in that is refused", SOON, || {
        (post.health("Bob's")["state"] == "failing").then_some(())
    });
    assert_eq!(post.delivery(&received, "waiting")["attempts"], 0);
    let shown = post.desk.outlink.json(&["grant", "show", &post.grant]);
    assert_eq!(shown["state"], "active", "{shown}");
}

#[test]
fn a_kill_while_mail_is_sent_loses_none_of_it() {
    const MAILS: usize = 150;
    let Some(mut post) = Post::start() else { return };
    post.forwarding_to(BOB);
    post.desk.outlink.json(&["mail-server", "pause", "Out"]);
    for number in 0..MAILS {
        let id = format!("m{number}");
        post.desk.dovecot.deliver(ALICE, &id, &mail(&id));
    }
    eventually("all of it taken in", SOON, || {
        post.desk.outlink.run(&["mail-server", "fetch", "Box"]);
        post.desk.dovecot.mailbox(ALICE).iter().all(|(_, seen)| *seen).then_some(())
    });

    // It ends when Postfix has taken the first one, and nothing says so yet: that one comes twice.
    post.desk.outlink.kill();
    post.desk.outlink.start_again(&[("OUTLINK_TEST_FAILPOINT", "after_mail_was_taken")]);
    post.desk.outlink.run(&["mail-server", "resume", "Out"]);
    let ended = post.desk.outlink.wait(SOON);
    assert!(!ended.success(), "it was to crash: {ended}");
    let maildir = post.desk.dovecot.maildir(BOB).join("new");
    let lying = || std::fs::read_dir(&maildir).map_or(0, Iterator::count);
    for moment in [0, 7] {
        let before = lying();
        post.desk.outlink.start_again(&[]);
        let limit = Instant::now() + SOON;
        while lying() < before + 5 && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(moment));
        post.desk.outlink.kill();
        let after = lying();
        assert!(before < after && after < MAILS, "{after} had arrived: nothing was cut off");
    }
    post.desk.outlink.start_again(&[]);
    eventually("everything sent", SOON, || {
        let waiting = post.desk.outlink.json(&["delivery", "list", "--state", "waiting"]);
        waiting["items"].as_array().is_some_and(Vec::is_empty).then_some(())
    });
    let mut arrived: Vec<String> =
        post.arrived(BOB, MAILS + 1).iter().map(|mail| header(mail, "Message-ID")).collect();
    let all = arrived.len();
    arrived.sort();
    arrived.dedup();
    // What was taken and not noted before a kill is sent again, under the same Message-ID.
    assert_eq!(arrived.len(), MAILS, "{all} arrived");
    assert!((MAILS + 1..=MAILS + 3).contains(&all), "one more for each kill at most, not {all}");
}
