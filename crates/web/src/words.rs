//! Words for people: states, actors, scopes, times and sizes as the console says them.

use outlink_model::Timestamp;
use outlink_model::delivery::{DeliveryKind, DeliveryState};
use outlink_model::event::EventClass;
use outlink_model::grant::{Actor, GrantStateName, Trouble};
use outlink_model::link::{GrantType, Link, LinkHealth};
use outlink_model::mail_server::{Direction, MailServer, SignIn, Take};
use outlink_model::message::{Authentication, Outcome};
use outlink_model::step::StepStatus;
use outlink_model::tracker::{IssueStatus, Person, Priority};
use outlink_model::webhook::Webhook;
use serde::Serialize;

/// A time, for the eye and for programs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct When {
    /// RFC 3339.
    pub(crate) iso: String,
    /// To the minute, UTC.
    pub(crate) text: String,
}

impl From<Timestamp> for When {
    fn from(at: Timestamp) -> Self {
        Self { iso: at.to_string(), text: at.strftime("%Y-%m-%d %H:%M UTC").to_string() }
    }
}

/// A state as a word, with a colour that helps.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Badge {
    /// `good`, `warn`, `bad` or `idle`.
    pub(crate) tone: &'static str,
    pub(crate) text: &'static str,
}

/// A badge.
pub(crate) const fn badge(tone: &'static str, text: &'static str) -> Badge {
    Badge { tone, text }
}

pub(crate) const DONE: Badge = badge("good", "Done");
pub(crate) const TO_DO: Badge = badge("idle", "To do");
pub(crate) const ENABLED: Badge = badge("good", "At work");
pub(crate) const DISABLED: Badge = badge("idle", "Switched off");

pub(crate) fn grant_badge(state: GrantStateName) -> Badge {
    match state {
        GrantStateName::Active => badge("good", "Works"),
        GrantStateName::Degraded => badge("warn", "Being retried"),
        GrantStateName::NeedsConsent => badge("bad", "Needs consent"),
        GrantStateName::Blocked => badge("bad", "Blocked"),
        GrantStateName::Revoked => badge("idle", "Given back"),
    }
}

pub(crate) fn link_badge(link: &Link) -> Badge {
    match link.health {
        _ if !link.enabled => DISABLED,
        LinkHealth::Healthy => badge("good", "In order"),
        LinkHealth::Marked { .. } => badge("bad", "Refused"),
    }
}

pub(crate) fn webhook_badge(webhook: &Webhook) -> Badge {
    match (&webhook.trouble, webhook.ok_at) {
        _ if !webhook.enabled => DISABLED,
        (Some(_), _) => badge("bad", "Failing"),
        (None, Some(_)) => badge("good", "Works"),
        (None, None) => badge("idle", "Nothing sent yet"),
    }
}

pub(crate) fn class_badge(class: EventClass) -> Badge {
    match class {
        EventClass::Audit => badge("idle", "Who did what"),
        EventClass::Health => badge("warn", "Health"),
    }
}

pub(crate) fn server_badge(server: &MailServer) -> Badge {
    if matches!(server.sign_in, SignIn::Missing) {
        return badge("bad", "No sign-in");
    }
    match (server.paused, &server.health.trouble, server.health.ok_at) {
        (true, _, _) => badge("idle", "Paused"),
        (false, Some(_), _) => badge("bad", "Failing"),
        (false, None, Some(_)) => badge("good", "Works"),
        (false, None, None) => match server.direction {
            Direction::Incoming => badge("idle", "Not fetched yet"),
            Direction::Outgoing => badge("idle", "Nothing sent yet"),
        },
    }
}

pub(crate) fn outcome_badge(outcome: Outcome) -> Badge {
    match outcome {
        Outcome::Created => badge("good", "New issue"),
        Outcome::Commented => badge("good", "Comment"),
        Outcome::Rejected => badge("idle", "Rejected"),
        Outcome::Forwarded => badge("idle", "Forwarded"),
        Outcome::Quarantined => badge("bad", "Quarantined"),
        Outcome::Unhandled => badge("idle", "Unhandled"),
    }
}

/// How a delivery stands. `kept` is whether something keeps one that waits.
pub(crate) fn delivery_badge(state: DeliveryState, kept: bool) -> Badge {
    match state {
        DeliveryState::Waiting if kept => badge("warn", "Held up"),
        DeliveryState::Waiting => badge("idle", "Waiting"),
        DeliveryState::Sent => badge("good", "Sent"),
        DeliveryState::Failed => badge("bad", "Given up"),
    }
}

/// What a delivery is, in a word.
pub(crate) fn delivery_word(kind: DeliveryKind) -> &'static str {
    match kind {
        DeliveryKind::Forward => "Forward",
        DeliveryKind::Notice => "Notice",
    }
}

/// Whether the sender's domain stands behind a mail.
pub(crate) fn authentication_badge(authentication: Authentication) -> Badge {
    match authentication {
        Authentication::Pass => badge("good", "Sender proven"),
        Authentication::Fail => badge("bad", "Sender not proven"),
        Authentication::None => badge("idle", "Sender not checked"),
    }
}

/// The same as a sentence.
pub(crate) fn authentication_words(authentication: Authentication) -> &'static str {
    match authentication {
        Authentication::Pass => "The sender’s domain stands behind this mail.",
        Authentication::Fail => {
            "The sender’s domain does not stand behind this mail: whoever it names as its sender may not have written it."
        }
        Authentication::None => {
            "No server that is trusted says whether the sender’s domain stands behind it."
        }
    }
}

pub(crate) fn priority_words(priority: Priority) -> &'static str {
    match priority {
        Priority::Highest => "Highest",
        Priority::High => "High",
        Priority::Medium => "Medium",
        Priority::Low => "Low",
        Priority::Lowest => "Lowest",
    }
}

pub(crate) fn issue_badge(status: IssueStatus) -> Badge {
    match status {
        IssueStatus::Open => badge("warn", "Open"),
        IssueStatus::Resolved => badge("good", "Resolved"),
    }
}

pub(crate) fn step_badge(status: StepStatus) -> Badge {
    match status {
        StepStatus::Ok => badge("good", "OK"),
        StepStatus::Failed => badge("bad", "Failed"),
        StepStatus::Skipped => badge("idle", "Skipped"),
    }
}

/// Who must act, as a sentence.
pub(crate) fn who(actor: Actor) -> &'static str {
    match actor {
        Actor::Nobody => "Nobody needs to act: it is tried again by itself.",
        Actor::LinkAdministrator => "Whoever manages this link must act.",
        Actor::TenantAdministrator => "An administrator at the provider must act.",
        Actor::MailboxOwner => "The owner of the mailbox must act.",
        Actor::Operator => "Whoever runs this server must act.",
    }
}

/// What is wrong, ready for a page.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TroubleView {
    pub(crate) tone: &'static str,
    pub(crate) reason: String,
    pub(crate) hint: String,
    pub(crate) who: &'static str,
    pub(crate) provider_error: Option<String>,
}

impl From<&Trouble> for TroubleView {
    fn from(trouble: &Trouble) -> Self {
        Self {
            tone: if trouble.actor == Actor::Nobody { "warn" } else { "bad" },
            reason: trouble.reason.clone(),
            hint: trouble.hint.clone(),
            who: who(trouble.actor),
            provider_error: trouble.provider_error.clone(),
        }
    }
}

/// A scope in words and as it is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ScopeView {
    pub(crate) words: &'static str,
    pub(crate) raw: String,
}

impl ScopeView {
    /// One for each scope.
    pub(crate) fn all<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        scopes
            .into_iter()
            .filter(|scope| !scope.is_empty())
            .map(|scope| Self { words: scope_words(scope), raw: scope.to_owned() })
            .collect()
    }
}

/// What a scope means. Matched by the end of the scope, since Microsoft's begin with a host that differs by cloud.
const SCOPES: &[(&str, &str)] = &[
    ("openid", "Know who you are"),
    ("email", "See your e-mail address"),
    ("userinfo.email", "See your e-mail address"),
    ("profile", "See your name"),
    ("userinfo.profile", "See your name"),
    ("offline_access", "Keep working while you are away"),
    ("https://mail.google.com/", "Read, send and delete all of your mail"),
    ("gmail.readonly", "Read your mail"),
    ("gmail.send", "Send mail as you"),
    ("gmail.modify", "Read and change your mail"),
    ("IMAP.AccessAsUser.All", "Read and change your mail by IMAP"),
    ("POP.AccessAsUser.All", "Read your mail by POP"),
    ("SMTP.Send", "Send mail as you"),
    ("mail.imap", "Read your mail by IMAP"),
    ("mail.pop", "Read your mail by POP"),
    ("mail.smtp", "Send mail as you"),
    ("User.Read", "See your profile"),
    ("Mail.Read", "Read your mail"),
    ("Mail.ReadWrite", "Read and change your mail"),
    ("Mail.Send", "Send mail as you"),
    (".default", "Everything that the application was approved for"),
];

fn scope_words(scope: &str) -> &'static str {
    let means = |name: &str| {
        scope == name
            || scope
                .strip_suffix(name)
                .is_some_and(|rest| rest.ends_with('/') || rest.ends_with('.'))
    };
    SCOPES.iter().find(|(name, _)| means(name)).map_or("As the provider defines it", |(_, w)| w)
}

/// A person with name and address, or by the address alone where no name was seen.
pub(crate) fn person(person: &Person) -> String {
    match person.name.trim() {
        "" => person.address.clone(),
        name => format!("{name} <{}>", person.address),
    }
}

/// What a person is called: by name, or by address where no name was seen.
pub(crate) fn person_name(person: &Person) -> String {
    match person.name.trim() {
        "" => person.address.clone(),
        name => name.to_owned(),
    }
}

/// Octets as people read them.
pub(crate) fn size(octets: u64) -> String {
    match octets {
        1 => "1 byte".to_owned(),
        0..=1023 => format!("{octets} bytes"),
        1024..=1_048_575 => format!("{:.1} KiB", octets as f64 / 1024.0),
        _ => format!("{:.1} MiB", octets as f64 / 1_048_576.0),
    }
}

/// When something ends, counted from now.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ends {
    /// As of a [`Badge`].
    pub(crate) tone: &'static str,
    /// Days left, as people count them: a day that has begun counts.
    pub(crate) text: String,
    pub(crate) at: When,
}

const DAY: i64 = 86_400;

impl Ends {
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        let left = at.duration_since(now).as_secs();
        let (tone, text) = match (left, (left.abs() + DAY - 1) / DAY) {
            (..=0, 0 | 1) => ("bad", "has ended".to_owned()),
            (..=0, days) => ("bad", format!("ended {} days ago", days - 1)),
            (_, 1) => ("bad", "ends within a day".to_owned()),
            (_, days @ ..=7) => ("bad", format!("ends in {days} days")),
            (_, days @ ..=30) => ("warn", format!("ends in {days} days")),
            (_, days) => ("good", format!("ends in {days} days")),
        };
        Self { tone, text, at: at.into() }
    }
}

/// How tokens are come by, in words.
pub(crate) fn grant_type_words(grant_type: GrantType) -> &'static str {
    match grant_type {
        GrantType::AuthorizationCode => "A person consents in a browser (authorization code)",
        GrantType::ClientCredentials => {
            "The application acts for itself, nobody consents (client credentials)"
        }
        GrantType::JwtBearer => "A signed assertion names the mailbox (JWT bearer)",
        GrantType::DeviceCode => "A person types a code on another machine (device code)",
    }
}

/// Which mail is taken, in words.
pub(crate) fn take_words(take: Take) -> &'static str {
    match take {
        Take::New => "only what arrives from now on",
        Take::All => "everything that is there",
        Take::Since(_) => "what arrived since a date",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_told_in_words() {
        assert_eq!(
            scope_words("https://mail.google.com/"),
            "Read, send and delete all of your mail"
        );
        let imap = "https://outlook.office.com/IMAP.AccessAsUser.All";
        assert_eq!(scope_words(imap), "Read and change your mail by IMAP");
        assert_eq!(scope_words("notopenid"), "As the provider defines it");
        assert_eq!(ScopeView::all(["openid", ""]).len(), 1);
    }

    #[test]
    fn a_person_without_a_name_goes_by_address() {
        let id = "019a0000-0000-7000-8000-000000000000".parse().unwrap();
        let ada = |name: &str| Person { id, address: "ada@example.org".into(), name: name.into() };
        assert_eq!(person(&ada("Ada")), "Ada <ada@example.org>");
        assert_eq!(person_name(&ada("Ada")), "Ada");
        assert_eq!(person(&ada(" ")), "ada@example.org");
        assert_eq!(person_name(&ada("")), "ada@example.org");
    }

    #[test]
    fn days_are_counted_as_people_do() {
        let now = Timestamp::UNIX_EPOCH;
        let at = |hours: i64| {
            let end = now + jiff::SignedDuration::from_hours(hours);
            (Ends::new(end, now).tone, Ends::new(end, now).text)
        };
        let table = [
            (24 * 90, "good", "ends in 90 days"),
            (24 * 29 + 1, "warn", "ends in 30 days"),
            (24 * 7, "bad", "ends in 7 days"),
            (25, "bad", "ends in 2 days"),
            (24, "bad", "ends within a day"),
            (0, "bad", "has ended"),
            (-23, "bad", "has ended"),
            (-49, "bad", "ended 2 days ago"),
        ];
        for (hours, tone, text) in table {
            assert_eq!(at(hours), (tone, text.to_owned()), "{hours}");
        }
    }

    #[test]
    fn times_and_sizes_are_readable() {
        let when = When::from(Timestamp::UNIX_EPOCH);
        assert_eq!(
            (when.iso.as_str(), when.text.as_str()),
            ("1970-01-01T00:00:00Z", "1970-01-01 00:00 UTC")
        );
        assert_eq!([size(1), size(2048), size(5 << 20)], ["1 byte", "2.0 KiB", "5.0 MiB"]);
    }
}
