//! The grants on the page of a link: a page of them, of all or of those in one state.

use outlink_engine::grants::{GrantView, grant_name};
use outlink_model::grant::GrantStateName;
use outlink_model::link::Link;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::choice::optional_choice;
use crate::console::filter::{FilterLink, by_state};
use crate::error::ApiError;
use crate::extract::page;
use crate::page::next_page;
use crate::words::{Badge, When, grant_badge};

/// Where on the page they are.
const ANCHOR: &str = "#grants";

/// Which of the link's grants are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkQuery {
    state: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

/// The grants under a link, a page of them.
#[derive(Debug, Serialize)]
pub(crate) struct LinkGrants {
    pub(crate) filter: Vec<FilterLink>,
    /// Whether some are left out by their state.
    pub(crate) filtered: bool,
    pub(crate) items: Vec<LinkGrantRow>,
    pub(crate) next: Option<String>,
}

/// A grant under a link.
#[derive(Debug, Serialize)]
pub(crate) struct LinkGrantRow {
    pub(crate) href: String,
    pub(crate) identity: String,
    pub(crate) badge: Badge,
    pub(crate) reason: Option<String>,
    pub(crate) since: When,
}

impl From<GrantView> for LinkGrantRow {
    fn from(view: GrantView) -> Self {
        let trouble = view.trouble();
        let grant = view.grant;
        Self {
            href: format!("/grants/{}", grant.id),
            identity: grant_name(&grant),
            badge: grant_badge(grant.state.name()),
            reason: trouble.map(|trouble| trouble.reason),
            since: grant.since.into(),
        }
    }
}

impl LinkGrants {
    /// Reads the page that is asked for.
    pub(crate) async fn read(app: &App, link: &Link, query: LinkQuery) -> Result<Self, ApiError> {
        let state: Option<GrantStateName> = optional_choice("state", query.state.as_deref())?;
        let id = link.id.to_string();
        let part = page(query.limit, query.after)?;
        let listed = app.engine().grants_where(Some(&id), state, part).await?;
        let path = format!("/links/{id}");
        let filters = [("state", state.map(GrantStateName::as_str))];
        let next = next_page(&path, &filters, query.limit, listed.next.as_deref());
        Ok(Self {
            filter: by_state(&path, None, state, ANCHOR),
            filtered: state.is_some(),
            items: listed.items.into_iter().map(LinkGrantRow::from).collect(),
            next: next.map(|href| format!("{href}{ANCHOR}")),
        })
    }
}
