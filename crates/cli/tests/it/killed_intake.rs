//! **A message counts once**: the server is killed at any moment of taking in a full mailbox, and in the end each message
//! stands once as an issue or a comment, once in the ledger, and is dealt with on the mail server.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::postgresql::database;
use super::rig::bench::{ALICE, Bench};
use super::rig::eventually;

/// What lies in the mailbox. Every third is an answer to the one before.
const MESSAGES: usize = 2000;
/// On PostgreSQL, where each statement is a round trip.
const FEWER_MESSAGES: usize = 600;
/// Of one intake; the next one begins anew.
const KILLS_OF_ONE: u32 = 10;
/// A kill waits so long for mail to be taken in, at most, and then so long again, at most, which is a few batches.
const PATIENCE: Duration = Duration::from_secs(20);
const BATCHES: Duration = Duration::from_millis(150);

/// What is done with what was handled, and in which protocol.
#[derive(Clone, Copy, Debug)]
enum Way {
    Keep,
    Move,
    Pop3,
}

/// What became of so many kills.
#[derive(Debug, Default)]
struct Figures {
    kills: u32,
    /// Those that fell while mail was being taken in.
    in_the_middle: u32,
    messages: usize,
}

/// A server, a mailbox that is full, and everything between them.
struct Intake {
    bench: Bench,
    way: Way,
    messages: usize,
    /// Where ours keeps its data, if not in SQLite.
    database_url: Option<String>,
}

fn random(end: Duration) -> Duration {
    let end = u64::try_from(end.as_micros()).expect("it is short");
    Duration::from_micros(RandomState::new().build_hasher().finish() % end)
}

fn mail(number: usize) -> String {
    let answers = match number % 3 {
        2 => format!("In-Reply-To: <{}@x.example>\r\n", number - 1),
        _ => String::new(),
    };
    // Nobody sends so much that it looks like a loop.
    let sender = number % 40;
    let text = "Some words to carry. ".repeat(20 + number % 50);
    format!(
        "Message-ID: <{number}@x.example>\r\nFrom: Carol <carol{sender}@customer.example>\r\nTo: <{ALICE}>\r\n\
         Subject: No. {number}\r\nDate: Thu, 19 Nov 2026 09:15:00 +0100\r\n{answers}\r\n{text}\r\nEnd of {number}.\r\n"
    )
}

impl Intake {
    fn start(way: Way) -> Self {
        Self::start_on(None, way, MESSAGES)
    }

    fn start_on(database_url: Option<String>, way: Way, messages: usize) -> Self {
        let bench = Bench::start_with(&settings(database_url.as_deref()));
        for number in 0..messages {
            assert!(bench.practice.deliver(ALICE, mail(number)));
        }
        bench.create_link("Work", &[]);
        let grant = bench.import("Work");
        bench.outlink.json(&["project", "create", "SUP", "--name", "Support"]);
        let mut server = json!({
            "name": "Inbox", "host": "localhost", "port": bench.practice.imap.port(), "mailbox": ALICE,
            "grant": grant, "take": "all", "poll_seconds": 2,
        });
        match way {
            Way::Keep => {}
            Way::Move => {
                server["after"] = "move".into();
                server["move_to"] = "Archive".into();
            }
            Way::Pop3 => {
                server["protocol"] = "pop3".into();
                server["port"] = bench.practice.pop3.port().into();
                server["after"] = "delete".into();
            }
        }
        let made = bench.outlink.post("mail-servers", &server);
        assert_eq!(made.status, 201, "{made:?}");
        let handler = [
            "handler",
            "create",
            "--name",
            "Support mail",
            "--mail-server",
            "Inbox",
            "--project",
            "SUP",
        ];
        bench.outlink.json(&[handler.as_slice(), &["--type", "create_or_comment"]].concat());
        Self { bench, way, messages, database_url }
    }

    /// How many messages are dealt with on the mail server.
    fn dealt_with(&self) -> usize {
        let inbox = self.bench.practice.messages(ALICE, "INBOX");
        match self.way {
            Way::Keep => inbox.iter().filter(|entry| entry.flags.contains("\\Seen")).count(),
            Way::Move | Way::Pop3 => self.messages - inbox.len(),
        }
    }

    /// All items of a list.
    fn all(&self, noun: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.bench.outlink.get(&format!("{noun}?limit=1000{after}"));
            assert_eq!(page.status, 200, "{page:?}");
            let page = page.json();
            items.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return items,
            }
        }
    }

    /// Kills the server at a random moment while mail is taken in, and starts it again. Whether it was in the middle.
    fn kill(&mut self) -> bool {
        let (before, latest) = (self.dealt_with(), Instant::now() + PATIENCE);
        while self.dealt_with() == before && before < self.messages && Instant::now() < latest {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(random(BATCHES));
        self.bench.outlink.kill();
        let told = self.dealt_with();
        self.bench.outlink.start_again(&settings(self.database_url.as_deref()));
        let known = self.all("messages").len();
        assert!(known >= told, "{told} are dealt with on the mail server, {known} in the ledger");
        if self.database_url.is_some() {
            // The lease of the one that was killed stands for minutes. An administrator's hand frees it.
            self.bench.outlink.json(&["mail-server", "pause", "Inbox"]);
            self.bench.outlink.json(&["mail-server", "resume", "Inbox"]);
        }
        before < told && told < self.messages
    }

    /// Waits until all is done, and counts.
    fn count(&self) {
        eventually("every message to be dealt with", Duration::from_secs(120), || {
            (self.dealt_with() == self.messages).then_some(())
        });
        let messages = eventually("the ledger to know it", Duration::from_secs(60), || {
            let messages = self.all("messages");
            messages.iter().all(|message| message["flagged"] == true).then_some(messages)
        });
        let ids: BTreeSet<String> =
            messages.iter().map(|message| message["message_id"].to_string()).collect();
        let all = self.messages;
        assert_eq!((messages.len(), ids.len()), (all, all), "{:?}", self.way);
        let became =
            |outcome: &str| messages.iter().filter(|row| row["outcome"] == outcome).count();
        let answers = (0..all).filter(|number| number % 3 == 2).count();
        assert_eq!((became("created"), became("commented")), (all - answers, answers));
        let issues = self.all("issues");
        let comments: u64 = issues.iter().filter_map(|issue| issue["comments"].as_u64()).sum();
        let summaries: BTreeSet<String> =
            issues.iter().map(|issue| issue["summary"].to_string()).collect();
        let counted = (issues.len(), summaries.len(), comments);
        assert_eq!(counted, (all - answers, all - answers, answers as u64), "{:?}", self.way);
        if let Way::Move = self.way {
            let moved = self.bench.practice.messages(ALICE, "Archive");
            assert_eq!(moved.len(), all, "none is there twice");
        }
    }
}

fn settings(database_url: Option<&str>) -> Vec<(&'static str, &str)> {
    database_url.map(|url| ("OUTLINK_DATABASE_URL", url)).into_iter().collect()
}

/// Kills so often, in one intake after the other, by these ways in turns.
fn kills(count: u32, ways: &[Way]) -> Figures {
    let mut figures = Figures::default();
    for way in ways.iter().cycle() {
        let mut intake = Intake::start(*way);
        for _ in 0..KILLS_OF_ONE.min(count - figures.kills) {
            figures.kills += 1;
            if !intake.kill() {
                break;
            }
            figures.in_the_middle += 1;
        }
        intake.count();
        figures.messages += MESSAGES;
        if figures.kills == count {
            break;
        }
    }
    figures
}

#[test]
fn kills_in_an_intake_lose_and_double_nothing() {
    let figures = kills(5, &[Way::Keep]);
    assert!(figures.in_the_middle >= 3, "they fell too late: {figures:?}");
}

/// What was moved away before it was committed is found by no later fetch.
#[test]
fn kills_in_an_intake_that_moves_mail_lose_and_double_nothing() {
    let figures = kills(3, &[Way::Move]);
    assert!(figures.in_the_middle >= 1, "they fell too late: {figures:?}");
}

/// There no lock tells that the old server is gone, so that its lease stands.
#[test]
fn on_postgresql_too_kills_in_an_intake_lose_and_double_nothing() {
    let Some(url) = database("killed_intake") else {
        eprintln!("not tried: TEST_DATABASE_URL names no PostgreSQL");
        return;
    };
    let mut intake = Intake::start_on(Some(url), Way::Keep, FEWER_MESSAGES);
    let in_the_middle = (0..2).filter(|_| intake.kill()).count();
    intake.count();
    assert!(in_the_middle >= 1, "they fell too late, or nothing was taken in after the first");
}

/// By hand: `scripts/soak intake [N]`.
#[test]
#[ignore = "takes minutes: scripts/soak intake"]
fn soak() {
    #[expect(clippy::disallowed_methods, reason = "it is for the tests, and no setting of ours")]
    let count = std::env::var("SOAK_KILLS").ok().and_then(|count| count.parse().ok());
    let began = Instant::now();
    let Figures { kills, in_the_middle, messages } =
        kills(count.unwrap_or(200), &[Way::Keep, Way::Move, Way::Pop3]);
    println!(
        "{kills} kills, {in_the_middle} while mail was being taken in; {messages} messages, each exactly once; {} s",
        began.elapsed().as_secs()
    );
    assert!(in_the_middle * 2 >= kills, "too many fell where nothing was at stake");
}
