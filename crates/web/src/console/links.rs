//! Links: the registrations at providers, how they fare, and asking for grants under them.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::consents::AskConsent;
use outlink_engine::grants::NewGrant;
use outlink_engine::links::{LinkDraft, LinkEdit};
use outlink_model::link::Link;
use outlink_oauth::preset;
use serde::Serialize;

use super::offer::{Asker, show_offer};
use super::report::{Failure, Report};
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{ListQuery, Path, Query};
use crate::form::{self, Fields, Form};
use crate::page::Rows;
use crate::words::{Badge, When, link_badge};

mod grants;
mod view;

#[cfg(test)]
pub(crate) use grants::LinkGrantRow;
pub(crate) use grants::{LinkGrants, LinkQuery};
#[cfg(test)]
pub(crate) use view::Fact;
pub(crate) use view::{LinkPage, SecretRow};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/links", get(list).post(super::link_form::create))
        .route("/links/{id}", get(show))
        .route("/links/{id}/authorize", post(authorize))
        .route("/links/{id}/grants", post(make_grant))
        .route("/links/{id}/test", post(test))
        .route("/links/{id}/enable", post(enable))
        .route("/links/{id}/disable", post(disable))
}

/// One link in the list.
#[derive(Debug, Serialize)]
pub(crate) struct LinkRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) provider: &'static str,
    pub(crate) badge: Badge,
    pub(crate) client_id: String,
    pub(crate) created_at: When,
}

impl From<Link> for LinkRow {
    fn from(link: Link) -> Self {
        Self {
            href: format!("/links/{}", link.id),
            badge: link_badge(&link),
            name: link.name,
            provider: preset(link.provider).display_name,
            client_id: link.client_id,
            created_at: link.created_at.into(),
        }
    }
}

/// What has just happened, to be told on the page of a link.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) notice: Option<String>,
    /// What was done, and should be known.
    pub(crate) warnings: Vec<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) report: Option<Report>,
    /// The form for a grant, as it was sent.
    pub(crate) form: Option<Form>,
}

/// The fields for a consent and for a grant without one. The refresh token is a secret, and never filled in.
pub(crate) fn grant_form() -> Form {
    Form::new(&[("login_hint", ""), ("expires_in_hours", "72"), ("subject", "")])
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().links(query.page()?).await?;
    let page: Rows<LinkRow> = Rows::of("/links", limit, listed);
    app.pages().show(&signed, "links", "links.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<LinkQuery>,
) -> Result<Response, ApiError> {
    render(&app, &signed, &id, query, News::default()).await
}

/// The page of a link, with the first of its grants.
pub(crate) async fn show_link(
    app: &App,
    signed: &Signed,
    id: &str,
    news: News,
) -> Result<Response, ApiError> {
    render(app, signed, id, LinkQuery::default(), news).await
}

async fn render(
    app: &App,
    signed: &Signed,
    id: &str,
    query: LinkQuery,
    news: News,
) -> Result<Response, ApiError> {
    let link = app.engine().link(id).await?;
    let grants = LinkGrants::read(app, &link, query).await?;
    let status = news.form.as_ref().map_or(http::StatusCode::OK, form::status);
    let page = LinkPage::new(app.engine(), link, grants, news);
    app.pages().show_with(status, signed, "links", "link.html", page)
}

/// Asks for a consent under the link.
async fn authorize(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let hint = fields.optional("login_hint");
    let link = app.engine().link(&id).await?;
    let asked = async {
        let expires_in = super::offer::expires_in(&fields)?;
        let ask = AskConsent { login_hint: hint.clone(), expires_in };
        Ok::<_, ApiError>(app.engine().authorize_link(&id, ask, &signed.caller()).await?)
    };
    match asked.await {
        Ok(offer) => {
            let whom = hint.unwrap_or_else(|| "the owner of the mailbox".to_owned());
            let back = format!("/links/{}", link.id);
            let asker = Asker { section: "links", what: link.name, whom, back };
            show_offer(&app, &signed, &offer, asker)
        }
        Err(error) => {
            let form = grant_form().typed(&fields).refused(error, &[])?;
            show_link(&app, &signed, &id, News { form: Some(form), ..News::default() }).await
        }
    }
}

/// Makes a grant that nobody consents to here: an import, or tokens that the link asks for on its own.
async fn make_grant(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let new = NewGrant {
        refresh_token: fields.secret("refresh_token"),
        subject: fields.optional("subject"),
    };
    match app.engine().create_grant(&id, new, &signed.caller()).await {
        Ok(view) => Ok(Redirect::to(&format!("/grants/{}", view.grant.id)).into_response()),
        Err(error) => {
            let form = grant_form().typed(&fields).refused(error.into(), &["refresh_token"])?;
            show_link(&app, &signed, &id, News { form: Some(form), ..News::default() }).await
        }
    }
}

async fn test(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let report = app.engine().test_link(&id).await?;
    let report = Some(Report::new(report.steps));
    show_link(&app, &signed, &id, News { report, ..News::default() }).await
}

async fn enable(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    switch(&app, &signed, &id, true).await
}

async fn disable(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    switch(&app, &signed, &id, false).await
}

async fn switch(app: &App, signed: &Signed, id: &str, on: bool) -> Result<Response, ApiError> {
    let draft = LinkDraft { enabled: Some(on), ..LinkDraft::default() };
    let edit = LinkEdit { draft, ..LinkEdit::default() };
    match app.engine().edit_link(id, edit, &signed.caller()).await {
        Ok(saved) => Ok(Redirect::to(&format!("/links/{}", saved.link.id)).into_response()),
        Err(error) => {
            let failure = Some(Failure::from(ApiError::from(error)));
            show_link(app, signed, id, News { failure, ..News::default() }).await
        }
    }
}
