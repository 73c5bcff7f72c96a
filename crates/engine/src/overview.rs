//! What is wrong, over everything that there is: counted in full, and the first of it to be looked at.

use std::collections::HashMap;

use outlink_model::LinkId;
use outlink_model::grant::GrantStateName;
use outlink_model::link::Link;
use outlink_model::mail_server::MailServer;
use outlink_oauth as oauth;
use outlink_store::GrantGroup;

use crate::grants::{GrantView, LASTING};
use crate::{Engine, Error, Page};

/// Messages in quarantine are counted up to here: more is as good as many.
pub const MOST_COUNTED: u32 = 1000;

/// Links are read so many at a time.
const AT_ONCE: u32 = 1000;

/// How everything stands.
#[derive(Debug)]
pub struct Overview {
    /// Every link.
    pub links: Vec<Link>,
    /// How many grants there are.
    pub grants: u64,
    /// How many grants are in which state, where there are any, of links that are switched on.
    pub states: Vec<(GrantStateName, u64)>,
    /// Grants that are to be told of: those that wait for somebody first.
    pub troubled_grants: Troubled<GrantView>,
    /// How many mail servers there are.
    pub mail_servers: u64,
    /// Mail servers that bring no mail and should.
    pub troubled_servers: Troubled<MailServer>,
    /// How many handlers there are.
    pub handlers: u64,
    /// How many messages lie in quarantine, counted up to [`MOST_COUNTED`].
    pub quarantined: u64,
    /// Whether any issue was made.
    pub any_issue: bool,
    /// How many deliveries wait to be sent.
    pub waiting_deliveries: u64,
    /// How many deliveries were given up.
    pub failed_deliveries: u64,
}

/// The first of those with which something is wrong, and how many there are in all.
#[derive(Debug)]
pub struct Troubled<T> {
    /// The first.
    pub first: Vec<T>,
    /// How many there are, these among them.
    pub count: u64,
}

/// Why grants are told of: what waits for somebody before what passes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    NeedsConsent,
    Locked,
    Blocked,
    Ending,
    Degraded,
}

impl Engine {
    /// Looks over everything. Of what is wrong `limit` of a kind are read, and all are counted.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn overview(&self, limit: u32) -> Result<Overview, Error> {
        let links = self.every_link().await?;
        let groups = self.store().grant_census(LASTING).await?;
        let totals = self.store().totals().await?;
        let (first, count) = self.store().troubled_mail_servers(limit).await?;
        let by_id: HashMap<LinkId, &Link> = links.iter().map(|link| (link.id, link)).collect();
        let troubled = troubled(&groups, &by_id);
        let troubled_grants = Troubled {
            count: troubled.iter().map(|(_, group, _)| group.count).sum(),
            first: self.first_of(&troubled, limit).await?,
        };
        Ok(Overview {
            grants: groups.iter().map(|group| group.count).sum(),
            states: states(&groups, &by_id),
            troubled_grants,
            mail_servers: totals.mail_servers,
            troubled_servers: Troubled { first, count },
            handlers: totals.handlers,
            quarantined: self.store().quarantined(MOST_COUNTED).await?,
            any_issue: totals.any_issue,
            waiting_deliveries: totals.waiting_deliveries,
            failed_deliveries: totals.failed_deliveries,
            links,
        })
    }

    async fn every_link(&self) -> Result<Vec<Link>, Error> {
        let mut links = Vec::new();
        let mut page = Page { limit: AT_ONCE, after: None };
        loop {
            let listed = self.store().links(&page).await?;
            links.extend(listed.items);
            match listed.next {
                next @ Some(_) => page.after = next,
                None => return Ok(links),
            }
        }
    }

    async fn first_of(
        &self,
        troubled: &[(Why, &GrantGroup, &Link)],
        limit: u32,
    ) -> Result<Vec<GrantView>, Error> {
        let wanted = limit as usize;
        let mut first = Vec::new();
        for (_, group, link) in troubled {
            if first.len() >= wanted {
                break;
            }
            let grants = self.store().grants_of_group(group, LASTING, limit).await?;
            first.extend(grants.into_iter().map(|grant| GrantView::new(grant, link)));
        }
        first.truncate(wanted);
        Ok(first)
    }
}

/// The groups of which somebody should know, each with its link, the most urgent first.
fn troubled<'a>(
    groups: &'a [GrantGroup],
    links: &HashMap<LinkId, &'a Link>,
) -> Vec<(Why, &'a GrantGroup, &'a Link)> {
    let mut found: Vec<_> = groups
        .iter()
        .filter_map(|group| {
            let link = *links.get(&group.link_id)?;
            Some((why(group, link)?, group, link))
        })
        .collect();
    found.sort_by_key(|(why, ..)| *why);
    found
}

/// Why grants like these are told of. Of what an administrator has switched off or given back, nothing is said.
fn why(group: &GrantGroup, link: &Link) -> Option<Why> {
    let locked = || group.bound_to.as_ref().is_some_and(|b| !b.permits(&oauth::bound_to(link)));
    match group.state {
        _ if !link.enabled => None,
        GrantStateName::Revoked => None,
        GrantStateName::NeedsConsent => Some(Why::NeedsConsent),
        _ if locked() => Some(Why::Locked),
        GrantStateName::Blocked => Some(Why::Blocked),
        GrantStateName::Active if group.ending => Some(Why::Ending),
        GrantStateName::Degraded => Some(Why::Degraded),
        GrantStateName::Active => None,
    }
}

fn states(groups: &[GrantGroup], links: &HashMap<LinkId, &Link>) -> Vec<(GrantStateName, u64)> {
    let on = |group: &&GrantGroup| links.get(&group.link_id).is_some_and(|link| link.enabled);
    let count = |state: GrantStateName| {
        let alike = groups.iter().filter(on).filter(|group| group.state == state);
        (state, alike.map(|group| group.count).sum())
    };
    GrantStateName::ALL.into_iter().map(count).filter(|(_, count)| *count > 0).collect()
}
