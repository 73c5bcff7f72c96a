//! How a mail server stands, in one line, and the button that mends it. A pure function of what the store holds.

use outlink_engine::grants::{GrantView, grant_name};
use outlink_model::grant::{Actor, GrantState};
use outlink_model::mail_server::{Direction, MailServer, SignIn};
use serde::Serialize;

use crate::words::{Badge, TroubleView, When, badge};

/// How it stands.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StateLine {
    pub(crate) badge: Badge,
    /// A sentence; may be empty.
    pub(crate) text: String,
    /// Since when, where that is known.
    pub(crate) since: Option<When>,
}

/// The button that mends it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Mend {
    pub(crate) label: &'static str,
    /// What it posts to, where pressing it is enough.
    pub(crate) post: Option<String>,
    /// Where it leads, where something must be entered.
    pub(crate) href: Option<String>,
}

impl Mend {
    fn post(label: &'static str, action: String) -> Self {
        Self { label, post: Some(action), href: None }
    }

    fn at(label: &'static str, href: String) -> Self {
        Self { label, post: None, href: Some(href) }
    }
}

/// All that is said of how it stands.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Standing {
    pub(crate) line: StateLine,
    /// What is wrong, and who must act.
    pub(crate) trouble: Option<TroubleView>,
    pub(crate) mend: Option<Mend>,
}

/// How a mail server stands. `at_work` is whether a handler takes its mail, or sends through it; `page` is the address of the page that says
/// this, whose buttons and places the mending needs.
pub(crate) fn standing(
    server: &MailServer,
    grant: Option<&GrantView>,
    at_work: bool,
    page: &str,
) -> Standing {
    let grant_trouble = grant.and_then(GrantView::trouble);
    let trouble = match &grant_trouble {
        Some(trouble) if trouble.actor != Actor::Nobody => Some(trouble),
        _ => server.health.trouble.as_ref(),
    };
    Standing {
        line: line(server, grant, at_work),
        trouble: trouble.filter(|_| !server.paused || is_missing(server)).map(TroubleView::from),
        mend: mend(server, grant, page),
    }
}

fn is_missing(server: &MailServer) -> bool {
    matches!(server.sign_in, SignIn::Missing)
}

/// Whether only a person's consent helps.
fn needs_consent(view: &GrantView) -> bool {
    view.locked || matches!(view.grant.state, GrantState::NeedsConsent { .. } | GrantState::Revoked)
}

/// Whether whoever owns the mailbox must act: mostly somebody else has consented.
fn owner_must_act(server: &MailServer) -> bool {
    server.health.trouble.as_ref().is_some_and(|trouble| trouble.actor == Actor::MailboxOwner)
}

fn line(server: &MailServer, grant: Option<&GrantView>, at_work: bool) -> StateLine {
    let health = &server.health;
    let failing_since = health.failing_since.map(When::from);
    let told = |badge, text: &str, since| StateLine { badge, text: text.to_owned(), since };
    if is_missing(server) {
        let text = format!("Nobody has consented for {}.", server.mailbox);
        return told(badge("bad", "Needs consent"), &text, failing_since);
    }
    if server.paused {
        let text = match server.direction {
            Direction::Incoming => "Nothing is fetched until it is resumed.",
            Direction::Outgoing => "Nothing is sent until it is resumed.",
        };
        return told(badge("idle", "Paused"), text, None);
    }
    if let Some(view) = grant.filter(|view| needs_consent(view)) {
        let text = format!("Needs the consent of {}.", grant_name(&view.grant));
        return told(badge("bad", "Needs consent"), &text, Some(view.grant.since.into()));
    }
    if !at_work {
        return match server.direction {
            Direction::Incoming => {
                let text = "Nothing is fetched, since no handler is at work.";
                told(badge("idle", "Not switched on"), text, None)
            }
            Direction::Outgoing => {
                told(badge("idle", "Not used"), "No handler sends through it.", None)
            }
        };
    }
    if health.trouble.is_some() {
        let text = match health.failures {
            0 | 1 => String::new(),
            times => format!("It has failed {times} times in a row."),
        };
        return told(badge("bad", "Failing"), &text, failing_since);
    }
    let at = health.ok_at.map(|at| When::from(at).text);
    match (server.direction, at) {
        (Direction::Incoming, Some(at)) => {
            told(badge("good", "Connected"), &format!("Last looked at {at}."), None)
        }
        (Direction::Incoming, None) => {
            told(badge("idle", "Not fetched yet"), "It is looked at within a minute.", None)
        }
        (Direction::Outgoing, Some(at)) => {
            told(badge("good", "Works"), &format!("Last sent at {at}."), None)
        }
        (Direction::Outgoing, None) => told(badge("idle", "Nothing sent yet"), "", None),
    }
}

fn mend(server: &MailServer, grant: Option<&GrantView>, page: &str) -> Option<Mend> {
    if is_missing(server) {
        return Some(Mend::at("Authorise", "#sign-in".to_owned()));
    }
    if server.paused {
        return Some(Mend::post("Resume", format!("{page}/resume")));
    }
    match grant {
        Some(view) if needs_consent(view) && view.has_consent => {
            Some(Mend::post("Authorise anew", format!("{page}/authorize")))
        }
        Some(view) if view.trouble().is_some_and(|trouble| trouble.actor != Actor::Nobody) => {
            Some(Mend::at("Look at the grant", format!("/grants/{}", view.grant.id)))
        }
        Some(view) if view.has_consent && owner_must_act(server) => {
            Some(Mend::post("Authorise anew", format!("{page}/authorize")))
        }
        _ if server.health.trouble.is_some() => {
            Some(Mend::post("Test the connection", format!("{page}/test")))
        }
        _ => None,
    }
}

/// A mail server with which nothing is wrong.
#[cfg(test)]
pub(crate) fn a_server() -> MailServer {
    use outlink_model::mail_server::{After, Protocol, Security, ServerHealth, Take};
    use outlink_model::{Secret, Timestamp};

    MailServer {
        id: "019a0000-0000-7000-8000-000000000000".parse().unwrap(),
        name: "Support".into(),
        description: String::new(),
        direction: Direction::Incoming,
        protocol: Protocol::Imap,
        security: Security::Tls,
        host: "imap.example.org".into(),
        port: 993,
        mailbox: "support@example.org".into(),
        sign_in: SignIn::Password(Secret::new("x")),
        folders: vec!["INBOX".into()],
        after: After::Keep,
        take: Take::New,
        poll_seconds: 60,
        idle: true,
        time_limit_seconds: 60,
        authserv_id: None,
        paused: false,
        health: ServerHealth::default(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

#[cfg(test)]
mod tests {
    use outlink_model::Timestamp;
    use outlink_model::grant::Trouble;
    use outlink_model::mail_server::ServerHealth;

    use super::a_server as server;
    use super::*;

    fn failing(actor: Actor) -> ServerHealth {
        ServerHealth {
            trouble: Some(Trouble {
                actor,
                reason: "It does not answer.".into(),
                hint: String::new(),
                provider_error: None,
            }),
            failing_since: Some(Timestamp::UNIX_EPOCH),
            failures: 3,
            ..ServerHealth::default()
        }
    }

    fn word(server: &MailServer, at_work: bool) -> &'static str {
        standing(server, None, at_work, "/channels/1").line.badge.text
    }

    #[test]
    fn what_waits_for_a_person_is_said_first() {
        let fine = ServerHealth { ok_at: Some(Timestamp::UNIX_EPOCH), ..ServerHealth::default() };
        assert_eq!(word(&server(), true), "Not fetched yet");
        assert_eq!(word(&server(), false), "Not switched on");
        assert_eq!(word(&MailServer { health: fine, ..server() }, true), "Connected");
        let broken = MailServer { health: failing(Actor::Operator), ..server() };
        assert_eq!(word(&broken, true), "Failing");
        let paused = MailServer { paused: true, ..broken.clone() };
        assert_eq!(word(&paused, true), "Paused");
        let missing = MailServer { sign_in: SignIn::Missing, ..paused };
        assert_eq!(word(&missing, false), "Needs consent");
    }

    #[test]
    fn of_a_server_that_sends_nothing_is_said_of_fetching() {
        let out = MailServer { direction: Direction::Outgoing, ..server() };
        let fine = ServerHealth { ok_at: Some(Timestamp::UNIX_EPOCH), ..ServerHealth::default() };
        let paused = MailServer { paused: true, ..out.clone() };
        let works = MailServer { health: fine, ..out.clone() };
        for (server, at_work, wanted) in [
            (&out, true, "Nothing sent yet"),
            (&out, false, "Not used"),
            (&works, true, "Works"),
            (&paused, true, "Paused"),
        ] {
            let line = standing(server, None, at_work, "/mail-servers/1").line;
            assert_eq!(line.badge.text, wanted);
            assert!(!line.text.contains("fetched") && !line.text.contains("looked"), "{line:?}");
        }
    }

    #[test]
    fn each_trouble_has_its_button() {
        let of = |server: &MailServer| standing(server, None, true, "/channels/1");
        assert!(of(&server()).mend.is_none() && of(&server()).trouble.is_none());
        let broken = MailServer { health: failing(Actor::Operator), ..server() };
        let told = of(&broken);
        assert!(told.line.text.contains("3 times"), "{}", told.line.text);
        assert_eq!(told.mend.unwrap().post.as_deref(), Some("/channels/1/test"));
        assert_eq!(told.trouble.unwrap().reason, "It does not answer.");
        let paused = of(&MailServer { paused: true, ..broken.clone() });
        assert!(paused.trouble.is_none(), "nobody need mend what is switched off");
        assert_eq!(paused.mend.unwrap().post.as_deref(), Some("/channels/1/resume"));
        let missing = of(&MailServer { sign_in: SignIn::Missing, paused: true, ..broken });
        assert_eq!(missing.mend.unwrap().href.as_deref(), Some("#sign-in"));
        assert!(missing.trouble.is_some());
    }
}
