//! The same on PostgreSQL, where a server is at hand: `scripts/test` starts one and says so in `TEST_DATABASE_URL`.

use std::process::Command;

use super::mail::plain;
use super::rig::desk::{ALICE, Desk, Options};

/// A new, empty database on the server at hand; no two of the same process have one name.
pub(crate) fn database(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "it is for the tests, and no setting of ours")]
    let server = std::env::var("TEST_DATABASE_URL").ok()?;
    let name = format!("acceptance_{name}_{}", std::process::id());
    let create = format!("CREATE DATABASE {name}");
    let made = Command::new("psql").arg(&server).args(["-qc", &create]).output();
    let made = made.expect("psql comes with PostgreSQL");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (address, _) = server.rsplit_once('/').expect("a database is named");
    Some(format!("{address}/{name}"))
}

#[test]
fn mail_becomes_issues_on_postgresql_too_and_a_crash_doubles_nothing() {
    let Some(url) = database("mail") else {
        eprintln!("not tried: TEST_DATABASE_URL names no PostgreSQL");
        return;
    };
    let settings = [("OUTLINK_DATABASE_URL", url.as_str())];
    let mut desk = Desk::start(&Options { environment: &settings, ..Options::default() });
    let grant = desk.set_up(3600);
    let first = plain("pg-1@x.example", "On PostgreSQL", "", "It works.\n");
    desk.dovecot.deliver(ALICE, "1", &first);
    desk.outlink.json(&["mail-server", "fetch", "Inbox"]);
    assert_eq!(desk.outlink.list("issue")[0]["summary"], "On PostgreSQL");
    assert!(!desk.outlink.dir().join("data/outlink.sqlite").exists(), "nothing lies in SQLite");

    desk.outlink.kill();
    desk.outlink.start_again(&settings);
    let answer = "In-Reply-To: <pg-1@x.example>\r\n";
    desk.dovecot.deliver(ALICE, "2", &plain("pg-2@x.example", "Re: hello", answer, "Still.\n"));
    desk.outlink.json(&["mail-server", "fetch", "Inbox"]);
    let issues = desk.outlink.list("issue");
    assert_eq!((issues.len(), &issues[0]["comments"]), (1, &1.into()), "{issues:?}");
    assert_eq!(desk.outlink.json(&["grant", "show", &grant])["state"], "active");
    let log = desk.outlink.log();
    assert_eq!(desk.outlink.stop().code(), Some(0), "{log}");
}
