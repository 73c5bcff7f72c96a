//! Grants, for people: looking at them and asking for fresh tokens.

use outlink_model::GrantId;
use outlink_model::grant::{Grant, GrantState, Trouble};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_oauth as oauth;

use crate::refresh::not_renewable;
use crate::{Engine, Error, Listed, Page};

/// A grant with what people want to know about it.
#[derive(Debug)]
pub struct GrantView {
    /// The grant.
    pub grant: Grant,
    /// The name of its link.
    pub link_name: String,
    /// What was asked for and not granted.
    pub missing_scopes: Vec<String>,
}

impl GrantView {
    fn new(grant: Grant, link: &Link) -> Self {
        let missing_scopes = oauth::missing_scopes(&link.scope, &grant.scopes);
        Self { grant, link_name: link.name.clone(), missing_scopes }
    }

    /// What is wrong with it, or will be: a grant that cannot be renewed says so while it still works.
    pub fn trouble(&self) -> Option<Trouble> {
        let known = self.grant.state.trouble().cloned();
        let ends = !self.grant.renewable && self.grant.state == GrantState::Active;
        known.or_else(|| ends.then(|| not_renewable(&self.grant)))
    }
}

impl Engine {
    /// The grants, by the order in which they were made.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn grants(&self, page: Page) -> Result<Listed<GrantView>, Error> {
        let listed = self.store().grants(&page).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for grant in listed.items {
            items.push(self.view_grant(grant).await?);
        }
        Ok(Listed { items, next: listed.next })
    }

    /// All grants under a link, the oldest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn grants_of_link(&self, link: &Link) -> Result<Vec<GrantView>, Error> {
        let grants = self.store().grants_of_link(link.id).await?;
        Ok(grants.into_iter().map(|grant| GrantView::new(grant, link)).collect())
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

    /// Looks at a grant with its link's name and what is missing.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn view_grant(&self, grant: Grant) -> Result<GrantView, Error> {
        let link = self.link_by_id(grant.link_id).await?;
        Ok(GrantView::new(grant, &link))
    }
}

/// How people call a grant: by its address where that is known, else by its lasting name, else by its id.
pub fn grant_name(grant: &Grant) -> String {
    let identity = &grant.identity;
    let name = identity.email.clone().or_else(|| identity.subject.clone());
    name.unwrap_or_else(|| grant.id.to_string())
}
