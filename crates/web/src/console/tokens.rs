//! API tokens: made here, shown once.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::grants::{GrantView, grant_name};
use outlink_model::GrantId;
use outlink_model::user::{ApiToken, TokenScope};
use serde::Serialize;

use crate::app::App;
use crate::auth::Signed;
use crate::choice::choice as named;
use crate::error::ApiError;
use crate::extract::{ListQuery, Path, Query};
use crate::form::{self, Choice, Fields, Form, choice};
use crate::names::whole;
use crate::page::next_page;
use crate::words::When;

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
    pub(crate) grants: Vec<Choice>,
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
    /// Whose access tokens it is handed.
    pub(crate) grants: Vec<String>,
    pub(crate) created_at: When,
}

impl TokenRow {
    fn new(token: ApiToken, grants: &[GrantView]) -> Self {
        let scopes: Vec<_> = token.scopes.iter().map(|scope| may(*scope)).collect();
        let called = |id: &GrantId| {
            let found = grants.iter().find(|view| view.grant.id == *id);
            found.map_or_else(|| id.to_string(), |view| grant_name(&view.grant))
        };
        Self {
            href: format!("/tokens/{}", token.id),
            name: token.name,
            scopes: scopes.join(", "),
            grants: token.grants.iter().map(called).collect(),
            created_at: token.created_at.into(),
        }
    }
}

/// What a scope allows, in words.
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
    let grants = app.engine().grants(whole()).await?.items;
    let status = form::status(&form);
    let page = TokensPage {
        made,
        form,
        scopes: TokenScope::ALL.into_iter().map(|s| choice(s.as_str(), may(s))).collect(),
        next: next_page("/tokens", &[], limit, listed.next.as_deref()),
        items: listed.items.into_iter().map(|token| TokenRow::new(token, &grants)).collect(),
        grants: grants
            .iter()
            .map(|view| {
                let label = format!("{} ({})", grant_name(&view.grant), view.link_name);
                choice(view.grant.id.to_string(), label)
            })
            .collect(),
    };
    app.pages().show_with(status, signed, "tokens", "tokens.html", page)
}
