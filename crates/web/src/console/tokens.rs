//! API tokens: made here, shown once.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::Error;
use outlink_engine::grants::grant_name;
use outlink_model::user::{ApiToken, TokenScope};
use serde::Serialize;

use super::pickers::{self, Picker};
use crate::app::App;
use crate::auth::Signed;
use crate::choice::choice as named;
use crate::error::ApiError;
use crate::extract::{ListQuery, Path, Query};
use crate::form::{self, Choice, Fields, Form, choice};
use crate::page::next_page;
use crate::words::When;

/// So many grants of a token are named.
const NAMED: usize = 10;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/tokens", get(list).post(create))
        .route("/tokens/{id}/delete", post(delete))
}

/// The tokens, a page of them, with the form for another.
#[derive(Debug, Serialize)]
pub(crate) struct TokensPage {
    pub(crate) made: Option<Made>,
    pub(crate) form: Form,
    pub(crate) scopes: Vec<Choice>,
    pub(crate) grants: Picker,
    pub(crate) items: Vec<TokenRow>,
    pub(crate) next: Option<String>,
}

/// A token that was just made. Its text is on this one page and on no other.
#[derive(Serialize)]
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One token.
#[derive(Debug, Serialize)]
pub(crate) struct TokenRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) scopes: String,
    /// Whose access tokens it is handed: the first of them.
    pub(crate) grants: Vec<String>,
    /// How many there are besides.
    pub(crate) more_grants: usize,
    pub(crate) created_at: When,
}

impl TokenRow {
    async fn read(app: &App, token: ApiToken) -> Result<Self, ApiError> {
        let mut grants = Vec::new();
        for id in token.grants.iter().take(NAMED) {
            grants.push(match app.engine().grant(&id.to_string()).await {
                Ok(grant) => grant_name(&grant),
                Err(Error::Problem(_)) => id.to_string(),
                Err(error) => return Err(error.into()),
            });
        }
        Ok(Self {
            href: format!("/tokens/{}", token.id),
            name: token.name,
            scopes: may_all(&token.scopes),
            more_grants: token.grants.len().saturating_sub(NAMED),
            grants,
            created_at: token.created_at.into(),
        })
    }
}

/// What several scopes allow together, in words. What each says of itself alone ("only", "nothing else") is wrong then.
fn may_all(scopes: &[TokenScope]) -> String {
    if let [scope] = scopes {
        return may(*scope).to_owned();
    }
    let changes = scopes.contains(&TokenScope::Admin).then_some("look and change");
    let looks = scopes.contains(&TokenScope::Read).then_some("look");
    let handed = scopes
        .contains(&TokenScope::HandOut)
        .then_some("be handed the access tokens of the grants named below");
    [changes.or(looks), handed].into_iter().flatten().collect::<Vec<_>>().join(", and ")
}

/// What a scope allows by itself, in words.
pub(crate) fn may(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Admin => "look and change",
        TokenScope::Read => "look only",
        TokenScope::HandOut => {
            "be handed the access tokens of the grants named below, and nothing else"
        }
    }
}

pub(crate) fn blank() -> Form {
    Form::new(&[("name", ""), ("scope", "read"), ("grants", "")])
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    show(&app, &signed, query, None, blank()).await
}

async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let made = async {
        let scope = named("scope", &fields.text("scope"))?;
        let name = fields.text("name");
        let (scopes, grants) = (vec![scope], fields.all("grants"));
        Ok::<_, ApiError>(
            app.engine().create_token(&name, scopes, &grants, &signed.caller()).await?,
        )
    };
    match made.await {
        Ok(made) => {
            let made = Made { name: made.of.name, text: made.text.expose().to_owned() };
            show(&app, &signed, ListQuery::default(), Some(made), blank()).await
        }
        Err(error) => {
            let form = blank().typed(&fields).ticked("grants", &fields).refused(error, &[])?;
            show(&app, &signed, ListQuery::default(), None, form).await
        }
    }
}

async fn delete(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    app.engine().delete_token(&id, &signed.caller()).await?;
    Ok(Redirect::to("/tokens").into_response())
}

async fn show(
    app: &App,
    signed: &Signed,
    query: ListQuery,
    made: Option<Made>,
    form: Form,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().tokens(query.page()?).await?;
    let mut items = Vec::with_capacity(listed.items.len());
    for token in listed.items {
        items.push(TokenRow::read(app, token).await?);
    }
    let status = form::status(&form);
    let page = TokensPage {
        made,
        grants: pickers::grants(app, form.value("grants")).await?,
        form,
        scopes: TokenScope::ALL.into_iter().map(|s| choice(s.as_str(), may(s))).collect(),
        next: next_page("/tokens", &[], limit, listed.next.as_deref()),
        items,
    };
    app.pages().show_with(status, signed, "tokens", "tokens.html", page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_scopes_allow_is_not_called_nothing_else() {
        use TokenScope::{Admin, HandOut, Read};
        let handed = "be handed the access tokens of the grants named below";
        let table = [
            (vec![Read], "look only".to_owned()),
            (vec![HandOut], format!("{handed}, and nothing else")),
            (vec![Read, HandOut], format!("look, and {handed}")),
            (vec![HandOut, Admin], format!("look and change, and {handed}")),
            (vec![Admin, Read], "look and change".to_owned()),
        ];
        for (scopes, expected) in table {
            assert_eq!(may_all(&scopes), expected, "{scopes:?}");
        }
    }
}
