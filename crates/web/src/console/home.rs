//! The overview: what is wrong first, then what is left to set up, then what happened lately.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use outlink_engine::Page;
use outlink_engine::deliveries::DeliveriesWanted;
use outlink_engine::overview::{MOST_COUNTED, Troubled};
use outlink_model::delivery::DeliveryState;
use outlink_model::grant::GrantStateName;
use serde::Serialize;

use super::events::EventRow;
use super::troubles::{self, Item, Looked};
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::words::{Badge, DONE, TO_DO, grant_badge};

/// So many grants, and so many mail servers, are shown of those with which something is wrong.
const SHOWN: u32 = 20;

/// More webhooks than can be made.
const WEBHOOKS: u32 = 1000;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/", get(home))
}

/// The overview.
#[derive(Debug, Serialize)]
pub(crate) struct HomePage {
    pub(crate) troubles: Vec<Item>,
    pub(crate) all_set: bool,
    pub(crate) summary: String,
    /// How many messages lie in quarantine, in words; empty where none does.
    pub(crate) quarantined: String,
    /// To whom mail could not be sent lately; none where all was.
    pub(crate) given_up: Option<String>,
    /// How many things are wrong, shown here or not.
    pub(crate) count: u64,
    /// What is wrong and not shown here.
    pub(crate) more: Vec<More>,
    pub(crate) checklist: Vec<Step>,
    pub(crate) events: Vec<EventRow>,
}

/// Things of a kind that are wrong and not shown, and where they are.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct More {
    pub(crate) text: String,
    pub(crate) lists: Vec<List>,
}

/// The address of a list.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct List {
    pub(crate) href: String,
    pub(crate) label: String,
}

/// A step of the set-up.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) badge: Badge,
    pub(crate) title: &'static str,
    pub(crate) text: String,
    pub(crate) href: Option<&'static str>,
    pub(crate) label: &'static str,
    /// Whether it is the first that is not done.
    pub(crate) next: bool,
}

async fn home(State(app): State<App>, signed: Signed) -> Result<Response, ApiError> {
    let engine = app.engine();
    let found = engine.overview(SHOWN).await?;
    let webhooks = engine.webhooks(Page { limit: WEBHOOKS, after: None }).await?;
    let events = engine.events(Page { limit: 8, after: None }, None).await?;
    let failed =
        DeliveriesWanted { state: Some(DeliveryState::Failed), ..DeliveriesWanted::default() };
    let mut given_up = engine.deliveries(failed, Page { limit: 1, after: None }).await?;
    let counts = Counts {
        links: found.links.len() as u64,
        grants: found.grants,
        servers: found.mail_servers,
        handlers: found.handlers,
        any_issue: found.any_issue,
    };
    let troubles = troubles::all(&Looked {
        links: &found.links,
        grants: &found.troubled_grants.first,
        servers: &found.troubled_servers.first,
        webhooks: &webhooks.items,
        now: engine.now(),
    });
    let more_grants = hidden(&found.troubled_grants);
    let more_servers = hidden(&found.troubled_servers);
    let page = HomePage {
        quarantined: in_quarantine(found.quarantined),
        given_up: given_up.items.pop().map(|view| view.delivery.to),
        count: troubles.len() as u64 + more_grants + more_servers,
        troubles,
        more: [of_grants(more_grants, &found.states), of_servers(more_servers)]
            .into_iter()
            .flatten()
            .collect(),
        all_set: counts.all_set(),
        summary: counts.summary(),
        checklist: counts.checklist(),
        events: events.items.into_iter().map(EventRow::from).collect(),
    };
    app.pages().show(&signed, "home", "home.html", page)
}

/// How many messages lie in quarantine.
fn in_quarantine(count: u64) -> String {
    match count {
        0 => String::new(),
        1 => "1 message lies in quarantine.".to_owned(),
        n if n >= u64::from(MOST_COUNTED) => format!("{n} messages or more lie in quarantine."),
        n => format!("{n} messages lie in quarantine."),
    }
}

/// How many are wrong besides those that are shown.
fn hidden<T>(troubled: &Troubled<T>) -> u64 {
    troubled.count.saturating_sub(troubled.first.len() as u64)
}

/// Grants that are not shown here, with the lists that have them.
fn of_grants(hidden: u64, states: &[(GrantStateName, u64)]) -> Option<More> {
    let text = match hidden {
        0 => return None,
        1 => "1 more grant needs attention. All of them:".to_owned(),
        n => format!("{n} more grants need attention. All of them:"),
    };
    let wrong = states
        .iter()
        .filter(|(state, _)| !matches!(state, GrantStateName::Active | GrantStateName::Revoked));
    let mut lists: Vec<_> = wrong
        .map(|(state, count)| List {
            href: format!("/grants?state={state}"),
            label: format!("{}: {count}", grant_badge(*state).text),
        })
        .collect();
    // Some may be wrong in a state in which others work.
    if lists.is_empty() {
        lists.push(List { href: "/grants".into(), label: "Grants".into() });
    }
    Some(More { text, lists })
}

/// Mail servers that are wrong and not shown here.
fn of_servers(hidden: u64) -> Option<More> {
    let text = match hidden {
        0 => return None,
        1 => "1 more mail server does not work.".to_owned(),
        n => format!("{n} more mail servers do not work."),
    };
    let lists = vec![List { href: "/mail-servers".into(), label: "Mail servers".into() }];
    Some(More { text, lists })
}

/// How far the set-up is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) links: u64,
    pub(crate) grants: u64,
    pub(crate) servers: u64,
    pub(crate) handlers: u64,
    pub(crate) any_issue: bool,
}

impl Counts {
    /// Whether nothing is left to do. A server that uses passwords alone needs no link.
    pub(crate) fn all_set(self) -> bool {
        self.servers > 0 && self.handlers > 0
    }

    pub(crate) fn summary(self) -> String {
        let count = |n: u64, one: &str| match n {
            1 => format!("1 {one}"),
            n => format!("{n} {one}s"),
        };
        format!(
            "{}, {}, {} and {}.",
            count(self.links, "link"),
            count(self.grants, "grant"),
            count(self.servers, "mail server"),
            count(self.handlers, "handler"),
        )
    }

    pub(crate) fn checklist(self) -> Vec<Step> {
        let mut first = true;
        let mut step = |done: bool, title, text: &str, href: &'static str, label| {
            let next = first && !done;
            first &= done;
            let badge = if done { DONE } else { TO_DO };
            Step { badge, title, text: text.to_owned(), href: Some(href), label, next }
        };
        let link = self.links > 0 || self.servers > 0;
        let grant = self.grants > 0 || self.servers > 0;
        vec![
            step(
                link,
                "Link",
                "Register this server at Google, Microsoft or another provider.",
                if self.links > 0 { "/links" } else { "/links/new" },
                if self.links > 0 { "Links" } else { "Add a link" },
            ),
            step(
                grant,
                "Grant",
                "The owner of the mailbox consents, once, by an address that you send them.",
                if self.grants > 0 { "/grants" } else { "/links" },
                if self.grants > 0 { "Grants" } else { "Authorise a link" },
            ),
            step(
                self.servers > 0,
                "Mail server",
                "Say where the mailbox lies, and test it.",
                if self.servers > 0 { "/mail-servers" } else { "/mail-servers/new" },
                if self.servers > 0 { "Mail servers" } else { "Add a mail server" },
            ),
            step(
                self.handlers > 0,
                "Handler",
                "Choose the project that its messages go to.",
                if self.handlers > 0 { "/handlers" } else { "/handlers/new" },
                if self.handlers > 0 { "Handlers" } else { "Add a handler" },
            ),
            step(self.any_issue, "Issues", "They appear as mail arrives.", "/issues", "Issues"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_quarantine_is_counted_as_far_as_it_matters() {
        assert_eq!(in_quarantine(0), "");
        assert_eq!(in_quarantine(1), "1 message lies in quarantine.");
        assert_eq!(in_quarantine(999), "999 messages lie in quarantine.");
        assert_eq!(in_quarantine(1000), "1000 messages or more lie in quarantine.");
    }

    #[test]
    fn one_step_is_next() {
        let counts = Counts { links: 1, grants: 0, servers: 0, handlers: 0, any_issue: false };
        let next: Vec<_> = counts.checklist().iter().map(|step| step.next).collect();
        assert_eq!(next, [false, true, false, false, false]);
        assert!(!counts.all_set());
        assert_eq!(counts.summary(), "1 link, 0 grants, 0 mail servers and 0 handlers.");
    }

    #[test]
    fn what_is_not_shown_is_counted_and_leads_to_its_lists() {
        assert_eq!(of_grants(0, &[]), None);
        let states = [
            (GrantStateName::Active, 7),
            (GrantStateName::Degraded, 30),
            (GrantStateName::NeedsConsent, 2),
            (GrantStateName::Revoked, 1),
        ];
        let more = of_grants(12, &states).unwrap();
        assert_eq!(more.text, "12 more grants need attention. All of them:");
        let lists: Vec<_> =
            more.lists.iter().map(|l| (l.href.as_str(), l.label.as_str())).collect();
        let expected = [
            ("/grants?state=degraded", "Being retried: 30"),
            ("/grants?state=needs_consent", "Needs consent: 2"),
        ];
        assert_eq!(lists, expected);
        let locked = of_grants(1, &states[..1]).unwrap();
        assert_eq!(locked.text, "1 more grant needs attention. All of them:");
        assert_eq!(locked.lists[0].href, "/grants");
        assert_eq!(of_servers(0), None);
        assert_eq!(of_servers(3).unwrap().text, "3 more mail servers do not work.");
    }
}
