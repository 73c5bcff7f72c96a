//! Both SASL mechanisms, each against a server that offers no other.

use super::mail::plain;
use super::rig::desk::{ALICE, Desk, Options};

fn signs_in_by(mechanism: &str, client_auth: &str) {
    let desk = Desk::start(&Options { mechanisms: mechanism, ..Options::default() });
    let client = desk.register(3600, client_auth);
    desk.create_link("Work", &client, &["--client-auth", client_auth]);
    let grant = desk.grant("Work", ALICE)["id"].as_str().expect("an id").to_owned();
    desk.create_server("Inbox", ALICE, &grant, &[]);
    desk.outlink.json(&["project", "create", "SUP", "--name", "Support"]);
    desk.create_handler("Support mail", "Inbox", "SUP");
    desk.dovecot.deliver(ALICE, "1", &plain("one@x.example", "By token", "", "Let in.\n"));
    desk.fetch_until_issues(1);
    let log = desk.dovecot.log();
    assert!(log.contains(&format!("method={}", mechanism.to_uppercase())), "{log}");
}

#[test]
fn by_xoauth2_where_nothing_else_is_offered() {
    signs_in_by("xoauth2", "client_secret_basic");
}

#[test]
fn by_oauthbearer_where_nothing_else_is_offered() {
    signs_in_by("oauthbearer", "client_secret_post");
}
