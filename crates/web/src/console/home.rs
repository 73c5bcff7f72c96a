//! The overview: what is wrong first, then what is left to set up, then what happened lately.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use outlink_engine::Page;
use serde::Serialize;

use super::events::EventRow;
use super::troubles::{self, Item, Looked};
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::names::whole;
use crate::words::{Badge, DONE, TO_DO};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/", get(home))
}

/// The overview.
#[derive(Debug, Serialize)]
pub(crate) struct HomePage {
    pub(crate) troubles: Vec<Item>,
    pub(crate) all_set: bool,
    pub(crate) summary: String,
    /// Whether there is more than one look takes in.
    pub(crate) partial: bool,
    pub(crate) checklist: Vec<Step>,
    pub(crate) events: Vec<EventRow>,
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
    let links = engine.links(whole()).await?;
    let grants = engine.grants(whole()).await?;
    let servers = engine.mail_servers(whole()).await?;
    let handlers = engine.handlers(whole()).await?;
    let issues = engine.issues(None, Page { limit: 1, after: None }).await?;
    let webhooks = engine.webhooks(whole()).await?;
    let events = engine.events(Page { limit: 8, after: None }, None).await?;
    let counts = Counts {
        links: links.items.len(),
        grants: grants.items.len(),
        servers: servers.items.len(),
        handlers: handlers.items.len(),
        any_issue: !issues.items.is_empty(),
    };
    let page = HomePage {
        troubles: troubles::all(&Looked {
            links: &links.items,
            grants: &grants.items,
            servers: &servers.items,
            webhooks: &webhooks.items,
            now: engine.now(),
        }),
        partial: [&links.next, &grants.next, &servers.next, &handlers.next]
            .iter()
            .any(|next| next.is_some()),
        all_set: counts.all_set(),
        summary: counts.summary(),
        checklist: counts.checklist(),
        events: events.items.into_iter().map(EventRow::from).collect(),
    };
    app.pages().show(&signed, "home", "home.html", page)
}

/// How far the set-up is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) links: usize,
    pub(crate) grants: usize,
    pub(crate) servers: usize,
    pub(crate) handlers: usize,
    pub(crate) any_issue: bool,
}

impl Counts {
    /// Whether nothing is left to do. A server that uses passwords alone needs no link.
    pub(crate) fn all_set(self) -> bool {
        self.servers > 0 && self.handlers > 0
    }

    pub(crate) fn summary(self) -> String {
        let count = |n: usize, one: &str| match n {
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
    fn one_step_is_next() {
        let counts = Counts { links: 1, grants: 0, servers: 0, handlers: 0, any_issue: false };
        let next: Vec<_> = counts.checklist().iter().map(|step| step.next).collect();
        assert_eq!(next, [false, true, false, false, false]);
        assert!(!counts.all_set());
        assert_eq!(counts.summary(), "1 link, 0 grants, 0 mail servers and 0 handlers.");
    }
}
