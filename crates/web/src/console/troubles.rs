//! What is wrong, each with the button that mends it. A pure function of what the store holds.

use outlink_engine::grants::{GrantView, grant_name};
use outlink_model::Timestamp;
use outlink_model::grant::{Actor, GrantState};
use outlink_model::link::{Link, LinkHealth};
use outlink_model::mail_server::{Direction, MailServer, SignIn};
use outlink_model::webhook::Webhook;
use serde::Serialize;

use crate::words::{Ends, TroubleView, When, who};

/// Days before its end from which on a client secret is told of.
const SOON: i64 = 30;

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
    /// The page on which it is mended, where that takes more than a button.
    pub(crate) mend: Option<String>,
    /// What the button says.
    pub(crate) label: &'static str,
}

/// What is looked at: every link, and the grants and mail servers with which something is wrong.
pub(crate) struct Looked<'a> {
    pub(crate) links: &'a [Link],
    /// Of links that are switched on.
    pub(crate) grants: &'a [GrantView],
    pub(crate) servers: &'a [MailServer],
    pub(crate) webhooks: &'a [Webhook],
    pub(crate) now: Timestamp,
}

/// Everything that is wrong: what waits for a person first, what passes by itself last. Of what an administrator has
/// switched off, nothing is said.
pub(crate) fn all(looked: &Looked<'_>) -> Vec<Item> {
    let on = || looked.links.iter().filter(|link| link.enabled);
    let secrets = on().flat_map(|link| of_secrets(link, looked.now));
    let links = on().filter_map(of_link).chain(secrets);
    let grants = looked.grants.iter().filter_map(of_grant);
    let servers = looked.servers.iter().filter_map(of_server);
    let webhooks = looked.webhooks.iter().filter_map(of_webhook);
    let mut items: Vec<_> = links.chain(grants).chain(servers).chain(webhooks).collect();
    items.sort_by_key(|item| item.trouble.tone != "bad");
    items
}

fn of_link(link: &Link) -> Option<Item> {
    let LinkHealth::Marked { trouble, .. } = &link.health else { return None };
    let href = format!("/links/{}", link.id);
    Some(Item {
        trouble: trouble.into(),
        title: format!("The provider refuses the link {}", link.name),
        since: None,
        post: Some(format!("{href}/test")),
        mend: None,
        href,
        label: "Test the link",
    })
}

/// Secrets that end within [`SOON`] days, or that the provider refuses already.
fn of_secrets(link: &Link, now: Timestamp) -> Vec<Item> {
    let href = format!("/links/{}", link.id);
    let item = |tone: &'static str, title: String, reason: String, hint: &str| Item {
        trouble: TroubleView {
            tone,
            reason,
            hint: hint.to_owned(),
            who: who(Actor::LinkAdministrator),
            provider_error: None,
        },
        title,
        since: None,
        post: None,
        mend: Some(format!("{href}/secret")),
        href: href.clone(),
        label: "Enter a new secret",
    };
    let first = link.client_secrets.first();
    let ending = first
        .and_then(|secret| secret.expires_at)
        .filter(|at| at.duration_since(now).as_secs() <= SOON * 86_400);
    let ending = ending.map(|at| {
        let ends = Ends::new(at, now);
        item(
            if ends.tone == "bad" { "bad" } else { "warn" },
            format!("The client secret of {} {}", link.name, ends.text),
            format!("By the day that was entered, the provider refuses it from {} on.", ends.at.text),
            "Make a new one at the provider and enter it beside the old one; nobody needs to consent anew.",
        )
    });
    let refused = link.client_secrets.iter().find_map(|secret| secret.refused_at);
    let refused = refused.map(|at| {
        let at = When::from(at).text;
        item(
            "warn",
            format!("One of the client secrets of {} is refused", link.name),
            format!("The provider has refused it since {at}; the other one is used."),
            "Enter a new secret in its place, or leave it: the link works.",
        )
    });
    ending.into_iter().chain(refused).collect()
}

fn of_grant(view: &GrantView) -> Option<Item> {
    let grant = &view.grant;
    let trouble = view.trouble()?;
    let name = grant_name(grant);
    let href = format!("/grants/{}", grant.id);
    let (title, verb, label) = match &grant.state {
        // Nobody can consent anew where nobody consented: what moved is put back, or the grant is made anew.
        _ if view.locked && !view.has_consent => {
            (format!("The tokens of {name} are locked"), "", "Look at the link")
        }
        _ if view.locked => {
            (format!("The tokens of {name} are locked"), "authorize", "Authorise anew")
        }
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
        post: (!verb.is_empty()).then(|| format!("{href}/{verb}")),
        mend: verb.is_empty().then(|| format!("/links/{}", grant.link_id)),
        href,
        label,
    })
}

fn of_server(server: &MailServer) -> Option<Item> {
    let trouble = server.health.trouble.as_ref();
    let href = format!("/mail-servers/{}", server.id);
    let since = server.health.failing_since.map(When::from);
    if matches!(server.sign_in, SignIn::Missing) {
        let lost = || TroubleView {
            tone: "bad",
            reason: "The grant that it used was deleted.".to_owned(),
            hint: "Attach another grant to it, and resume it.".to_owned(),
            who: who(Actor::LinkAdministrator),
            provider_error: None,
        };
        return Some(Item {
            trouble: trouble.map_or_else(lost, TroubleView::from),
            title: format!("{} has nothing to sign in with", server.name),
            since,
            post: None,
            mend: Some(format!("{href}#sign-in")),
            href,
            label: "Attach a grant",
        });
    }
    Some(Item {
        trouble: trouble.filter(|_| !server.paused)?.into(),
        title: match server.direction {
            Direction::Incoming => format!("No mail comes from {}", server.name),
            Direction::Outgoing => format!("No mail goes out through {}", server.name),
        },
        since,
        post: Some(format!("{href}/test")),
        mend: None,
        href,
        label: "Test the connection",
    })
}

fn of_webhook(webhook: &Webhook) -> Option<Item> {
    let trouble = webhook.trouble.as_ref().filter(|_| webhook.enabled)?;
    let href = format!("/webhooks/{}", webhook.id);
    Some(Item {
        trouble: trouble.into(),
        title: format!("Events do not reach the webhook {}", webhook.name),
        since: None,
        post: Some(format!("{href}/test")),
        mend: None,
        href,
        label: "Send a test",
    })
}

#[cfg(test)]
mod tests {
    use outlink_model::Secret;
    use outlink_model::grant::Trouble;

    use super::*;

    fn webhook(enabled: bool) -> Webhook {
        Webhook {
            id: "019a0000-0000-7000-8000-000000000000".parse().unwrap(),
            name: "Ops".into(),
            url: "https://ops.example/hook".into(),
            secret: Secret::new("whsec_x"),
            enabled,
            ok_at: None,
            trouble: Some(Trouble {
                actor: Actor::LinkAdministrator,
                reason: "It answers 500.".into(),
                hint: "Mend it.".into(),
                provider_error: None,
            }),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_webhook_is_told_of_unless_it_is_switched_off() {
        let look = |webhook: Webhook| {
            all(&Looked {
                links: &[],
                grants: &[],
                servers: &[],
                webhooks: &[webhook],
                now: Timestamp::UNIX_EPOCH,
            })
        };
        let told = look(webhook(true));
        assert_eq!(told[0].title, "Events do not reach the webhook Ops");
        assert!(told[0].post.as_deref().unwrap().ends_with("/test"));
        assert!(look(webhook(false)).is_empty());
    }
}
