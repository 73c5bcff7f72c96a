//! What is wrong, each with the button that mends it. A pure function of what the store holds.

use outlink_engine::grants::{GrantView, grant_name};
use outlink_model::grant::GrantState;
use outlink_model::link::{Link, LinkHealth};
use outlink_model::mail_server::MailServer;
use serde::Serialize;

use crate::words::{TroubleView, When};

/// Something that needs attention.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Item {
    #[serde(flatten)]
    pub(crate) trouble: TroubleView,
    pub(crate) title: String,
    pub(crate) since: Option<When>,
    /// Where it can be looked at.
    pub(crate) href: String,
    /// What the mending button posts to, where there is one.
    pub(crate) post: Option<String>,
    /// What the button says.
    pub(crate) label: &'static str,
}

/// Everything that is wrong: what waits for a person first, what passes by itself last.
pub(crate) fn all(links: &[Link], grants: &[GrantView], servers: &[MailServer]) -> Vec<Item> {
    let links = links.iter().filter_map(of_link);
    let grants = grants.iter().filter_map(of_grant);
    let servers = servers.iter().filter_map(of_server);
    let mut items: Vec<_> = links.chain(grants).chain(servers).collect();
    items.sort_by_key(|item| item.trouble.tone != "bad");
    items
}

fn of_link(link: &Link) -> Option<Item> {
    let LinkHealth::Marked { trouble, .. } = &link.health else { return None };
    Some(Item {
        trouble: trouble.into(),
        title: format!("The provider refuses the link {}", link.name),
        since: None,
        href: format!("/links/{}", link.id),
        post: None,
        label: "",
    })
}

fn of_grant(view: &GrantView) -> Option<Item> {
    let grant = &view.grant;
    let trouble = view.trouble()?;
    let name = grant_name(grant);
    let href = format!("/grants/{}", grant.id);
    let (title, verb, label) = match &grant.state {
        GrantState::NeedsConsent { .. } => {
            (format!("{name} must consent anew"), "authorize", "Authorise anew")
        }
        GrantState::Blocked { .. } => (format!("{name} is blocked"), "refresh", "Try again now"),
        GrantState::Degraded { .. } | GrantState::Revoked => {
            (format!("{name} could not be refreshed"), "refresh", "Try again now")
        }
        GrantState::Active => {
            (format!("The grant of {name} cannot be renewed"), "authorize", "Authorise anew")
        }
    };
    Some(Item {
        trouble: (&trouble).into(),
        title,
        since: Some(grant.since.into()),
        post: Some(format!("{href}/{verb}")),
        href,
        label,
    })
}

fn of_server(server: &MailServer) -> Option<Item> {
    let trouble = server.health.trouble.as_ref().filter(|_| !server.paused)?;
    let href = format!("/mail-servers/{}", server.id);
    Some(Item {
        trouble: trouble.into(),
        title: format!("No mail comes from {}", server.name),
        since: server.health.failing_since.map(When::from),
        post: Some(format!("{href}/test")),
        href,
        label: "Test the connection",
    })
}
