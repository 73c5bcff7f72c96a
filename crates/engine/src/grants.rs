//! Grants, for people: looking at them and asking for fresh tokens.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::SignedDuration;
use outlink_model::GrantId;
use outlink_model::grant::{Grant, GrantState, GrantStateName, Trouble};
use outlink_model::link::Link;
use outlink_model::mail_server::MailServer;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_oauth as oauth;
use outlink_store::GrantFilter;

use crate::refresh::{is_locked, not_renewable, stands_in_the_way};
use crate::{Engine, Error, Listed, Page};

mod create;
mod end;
mod restore;

pub use create::NewGrant;
pub use end::{AtProvider, DeleteGrant, DeletedGrant, Revoked};

/// A grant with what people want to know about it.
#[derive(Debug)]
pub struct GrantView {
    /// The grant.
    pub grant: Grant,
    /// The name of its link.
    pub link_name: String,
    /// What was asked for and not granted.
    pub missing_scopes: Vec<String>,
    /// Whether an endpoint of the link was moved since the tokens were issued, so that they are sent nowhere.
    pub locked: bool,
    /// Whether somebody consents to it, and so can consent anew.
    pub has_consent: bool,
    /// What on our own side keeps the grant from being used, whatever its state.
    blocked_here: Option<Trouble>,
}

impl GrantView {
    pub(crate) fn new(grant: Grant, link: &Link) -> Self {
        let missing_scopes = oauth::missing_scopes(&link.scope, &grant.scopes);
        let locked = is_locked(link, &grant);
        let blocked_here = stands_in_the_way(link, &grant);
        Self {
            grant,
            link_name: link.name.clone(),
            missing_scopes,
            locked,
            has_consent: link.grant_type.has_consent(),
            blocked_here,
        }
    }

    /// What is wrong with it, or will be: a grant that cannot be renewed says so while it still works.
    pub fn trouble(&self) -> Option<Trouble> {
        let known = self.blocked_here.clone().or_else(|| self.grant.state.trouble().cloned());
        let ends =
            !self.grant.renewable && self.grant.state == GrantState::Active && !lasts(&self.grant);
        known.or_else(|| ends.then(|| not_renewable(&self.grant)))
    }
}

impl Engine {
    /// The grants, by the order in which they were made.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn grants(&self, page: Page) -> Result<Listed<GrantView>, Error> {
        self.grants_where(None, None, page).await
    }

    /// The grants under one link, by its id or name, or in one state, or both, by the order in which they were made.
    ///
    /// # Errors
    /// [`Problem::not_found`] for an unknown link.
    pub async fn grants_where(
        &self,
        link: Option<&str>,
        state: Option<GrantStateName>,
        page: Page,
    ) -> Result<Listed<GrantView>, Error> {
        let link = match link {
            Some(named) => Some(self.link(named).await?.id),
            None => None,
        };
        let listed = self.store().grants_where(&GrantFilter { link, state }, &page).await?;
        let mut links = HashMap::new();
        let mut items = Vec::with_capacity(listed.items.len());
        for grant in listed.items {
            let link = match links.entry(grant.link_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(self.link_by_id(grant.link_id).await?),
            };
            items.push(GrantView::new(grant, link));
        }
        Ok(Listed { items, next: listed.next })
    }

    /// The mail servers that sign in with a grant, the oldest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn mail_servers_of_grant(&self, grant: GrantId) -> Result<Vec<MailServer>, Error> {
        Ok(self.store().mail_servers_of_grant(grant).await?)
    }

    /// One grant with what people want to know about it.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn grant_view(&self, named: &str) -> Result<GrantView, Error> {
        let grant = self.grant(named).await?;
        self.view_grant(grant).await
    }

    /// One grant, by id, or by address where only one grant has it.
    ///
    /// # Errors
    /// [`Problem::not_found`], or when several grants have this address.
    pub async fn grant(&self, named: &str) -> Result<Grant, Error> {
        if let Ok(id) = named.parse::<GrantId>() {
            let found = self.store().grant(id).await?;
            return found.ok_or_else(|| Problem::not_found("grant", named).into());
        }
        let mut found = self.store().grants_by_email(named).await?;
        match (found.pop(), found.is_empty()) {
            (Some(grant), true) => Ok(grant),
            (None, _) => Err(Problem::not_found("grant", named).into()),
            (Some(_), false) => Err(Problem::new(
                ProblemKind::Conflict,
                "name_ambiguous",
                format!("Several grants belong to {named}."),
                "Name the one that is meant by its id; `outlink grant list` shows them.",
            )
            .into()),
        }
    }

    pub(crate) async fn grant_by_id(&self, id: GrantId) -> Result<Grant, Error> {
        let found = self.store().grant(id).await?;
        found.ok_or_else(|| Problem::not_found("grant", &id.to_string()).into())
    }

    /// Runs this to its end even if the caller goes away: a grant that is held, or made, is not left half-way.
    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.spawn(work).await.map_err(|error| Error::Broken(error.to_string()))?
    }

    /// Looks at a grant with its link's name and what is missing.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn view_grant(&self, grant: Grant) -> Result<GrantView, Error> {
        let link = self.link_by_id(grant.link_id).await?;
        Ok(GrantView::new(grant, &link))
    }
}

/// An access token that lives longer than this is not told of as ending.
pub(crate) const LASTING: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Whether the access token alone lives so long that nobody need be told of its end yet.
pub(crate) fn lasts(grant: &Grant) -> bool {
    grant.expires_at.duration_since(grant.issued_at) > LASTING
}

/// How people call a grant: by its address where that is known, else by its lasting name, else by its id.
pub fn grant_name(grant: &Grant) -> String {
    let identity = &grant.identity;
    let name = identity.email.clone().or_else(|| identity.subject.clone());
    name.unwrap_or_else(|| grant.id.to_string())
}
