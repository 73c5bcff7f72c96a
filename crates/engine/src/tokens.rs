//! API tokens: how programs show who they are.

use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::problem::Problem;
use outlink_model::user::{ApiToken, TokenScope};
use outlink_model::{Secret, TokenId};

use crate::{Caller, Engine, Error, Listed, Page, ShownOnce, clock, error, links};

/// What every token begins with, so that one that leaked can be found by searching for it.
const PREFIX: &str = "olk_";

impl Engine {
    /// Makes an API token. Its text is shown here and never again.
    ///
    /// # Errors
    /// A [`Problem`] when the name is taken or no scope is given.
    pub async fn create_token(
        &self,
        name: &str,
        scopes: Vec<TokenScope>,
        by: &Caller,
    ) -> Result<ShownOnce<ApiToken>, Error> {
        if scopes.is_empty() {
            return Err(Problem::invalid(
                "scopes",
                "missing",
                "The token has no scope.",
                "Give it `admin`, or `read` to look only.",
            )
            .into());
        }
        let name = links::name("name", name)?;
        let token = ApiToken { id: clock::id(), name, scopes, created_at: self.now() };
        let text = Secret::new(format!("{PREFIX}{}", clock::random_text()?.expose()));
        self.store()
            .create_token(&token, &clock::fingerprint(text.expose()))
            .await
            .map_err(|error| error::taken(error, "name", "token", &token.name))?;
        self.record(Event {
            kind: "token.created".into(),
            subject: format!("token {}", token.name),
            message: format!("{} made the API token {}.", by.name(), token.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(ShownOnce { of: token, text })
    }

    /// Whose text this is.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn token(&self, text: &str) -> Result<Option<ApiToken>, Error> {
        if !text.starts_with(PREFIX) {
            return Ok(None);
        }
        Ok(self.store().token_by_hash(&clock::fingerprint(text)).await?)
    }

    /// The API tokens, without their texts.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn tokens(&self, page: Page) -> Result<Listed<ApiToken>, Error> {
        Ok(self.store().api_tokens(&page).await?)
    }

    /// Takes a token back: from now on its text opens nothing.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn delete_token(&self, named: &str, by: &Caller) -> Result<(), Error> {
        let token = match named.parse::<TokenId>() {
            Ok(id) => self.store().token(id).await?,
            Err(_) => self.store().token_by_name(named).await?,
        };
        let token = token.ok_or_else(|| Problem::not_found("token", named))?;
        self.store().delete_token(token.id).await?;
        self.record(Event {
            kind: "token.deleted".into(),
            subject: format!("token {}", token.name),
            message: format!("{} took back the API token {}.", by.name(), token.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(())
    }
}
