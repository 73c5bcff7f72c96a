//! API tokens: how programs show who they are.

use std::sync::Arc;

use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::problem::Problem;
use outlink_model::user::{ApiToken, TokenScope};
use outlink_model::{GrantId, Secret, TokenId};

use crate::grants::grant_name;
use crate::{Caller, Engine, Error, Listed, Page, ShownOnce, clock, error, links};

/// What every token begins with, so that one that leaked can be found by searching for it.
const PREFIX: &str = "olk_";

/// So many grants may one token name: they are read at each use of it.
const MOST_GRANTS: usize = 1000;

impl Engine {
    /// Makes an API token. Its text is shown here and never again. `grants` are named by id or address: those whose
    /// access tokens it is handed, if [`TokenScope::HandOut`] is among its scopes.
    ///
    /// # Errors
    /// A [`Problem`] when the name is taken, no scope is given, or the grants do not fit the scopes.
    pub async fn create_token(
        &self,
        name: &str,
        mut scopes: Vec<TokenScope>,
        grants: &[String],
        by: &Caller,
    ) -> Result<ShownOnce<ApiToken>, Error> {
        let name = links::name("name", name)?;
        scopes.sort_unstable_by_key(|scope| scope.as_str());
        scopes.dedup();
        check_scopes(&scopes, grants.len())?;
        let (grants, called) = self.grants_named(grants).await?;
        let token = ApiToken { id: clock::id(), name, scopes, grants, created_at: self.now() };
        let text = Secret::new(format!("{PREFIX}{}", clock::random_text()?.expose()));
        self.store()
            .create_token(&token, &clock::fingerprint(text.expose()))
            .await
            .map_err(|error| error::taken(error, "name", "token", &token.name))?;
        let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
        let handed = match called.is_empty() {
            true => String::new(),
            false => format!(" It is handed the access tokens of {}.", called.join(", ")),
        };
        self.record(Event {
            kind: "token.created".into(),
            subject: format!("token {}", token.name),
            message: format!(
                "{} made the API token {} ({}).{handed}",
                by.name(),
                token.name,
                scopes.join(", ")
            ),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(ShownOnce { of: token, text })
    }

    /// The grants of these names, each once, and how people call them.
    async fn grants_named(&self, named: &[String]) -> Result<(Vec<GrantId>, Vec<String>), Error> {
        let (mut ids, mut called) = (Vec::new(), Vec::new());
        for named in named {
            let grant = self.grant(named).await.map_err(|error| match error {
                Error::Problem(problem) => Problem { field: Some("grants"), ..problem }.into(),
                other => other,
            })?;
            if !ids.contains(&grant.id) {
                called.push(grant_name(&grant));
                ids.push(grant.id);
            }
        }
        Ok((ids, called))
    }

    /// Whose text this is.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn token(&self, text: &str) -> Result<Option<ApiToken>, Error> {
        if !text.starts_with(PREFIX) {
            return Ok(None);
        }
        let hash = clock::fingerprint(text);
        let read = self.store().token_by_hash(&hash);
        let token = self.0.api_tokens.ask(self.store(), hash, read).await?;
        Ok(token.map(Arc::unwrap_or_clone))
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

/// Whether these scopes can stand, with so many grants named beside them. Nothing is handed out that was not named:
/// neither `admin` nor an empty list means "all grants".
fn check_scopes(scopes: &[TokenScope], grants: usize) -> Result<(), Problem> {
    let hands_out = scopes.contains(&TokenScope::HandOut);
    match grants {
        _ if scopes.is_empty() => Err(Problem::invalid(
            "scopes",
            "missing",
            "The token has no scope.",
            "Give it `admin`, `read` to look only, or `grant_token` to be handed access tokens.",
        )),
        0 if hands_out => Err(Problem::invalid(
            "grants",
            "grants_missing",
            "The scope grant_token names no grant, so nothing would be handed out.",
            "Name each grant whose access tokens the program needs, by id or address.",
        )),
        1.. if !hands_out => Err(Problem::invalid(
            "grants",
            "grants_unused",
            "Grants were named, but the token does not have the scope grant_token.",
            "Add the scope grant_token, or leave the grants out.",
        )),
        grants if grants > MOST_GRANTS => Err(Problem::invalid(
            "grants",
            "grants_too_many",
            format!("{grants} grants are more than one token may name."),
            format!("Name at most {MOST_GRANTS}, and make another token for the rest."),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_named_by_and_only_by_tokens_that_are_handed_something() {
        use TokenScope::{Admin, HandOut, Read};
        let table: [(&[TokenScope], usize, &str); 9] = [
            (&[], 0, "missing"),
            (&[], 1, "missing"),
            (&[Admin], 0, "ok"),
            (&[Admin], 1, "grants_unused"),
            (&[Read], 2, "grants_unused"),
            (&[HandOut], 0, "grants_missing"),
            (&[HandOut], 1, "ok"),
            (&[Read, HandOut], 2, "ok"),
            (&[HandOut], MOST_GRANTS + 1, "grants_too_many"),
        ];
        for (scopes, grants, expected) in table {
            let code = check_scopes(scopes, grants).map_or_else(|problem| problem.code, |()| "ok");
            assert_eq!(code, expected, "{scopes:?} {grants}");
        }
    }
}
