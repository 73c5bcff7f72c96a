//! Webhooks: places that health events are sent to.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::webhooks::{NewWebhook, WebhookEdit};
use outlink_model::webhook::Webhook;
use serde::Serialize;

use super::report::Failure;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{ListQuery, Path, Query};
use crate::form::{self, Fields, Form};
use crate::page::Rows;
use crate::words::{Badge, TroubleView, When, webhook_badge};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/webhooks", get(list).post(create))
        .route("/webhooks/new", get(new))
        .route("/webhooks/{id}", get(show).post(edit))
        .route("/webhooks/{id}/test", post(test))
        .route("/webhooks/{id}/enable", post(enable))
        .route("/webhooks/{id}/disable", post(disable))
        .route("/webhooks/{id}/delete", post(delete))
}

/// One webhook in the list.
#[derive(Debug, Serialize)]
pub(crate) struct WebhookRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) badge: Badge,
    pub(crate) reason: Option<String>,
    pub(crate) ok_at: Option<When>,
}

impl From<Webhook> for WebhookRow {
    fn from(webhook: Webhook) -> Self {
        Self {
            href: format!("/webhooks/{}", webhook.id),
            badge: webhook_badge(&webhook),
            name: webhook.name,
            url: webhook.url,
            reason: webhook.trouble.map(|trouble| trouble.reason),
            ok_at: webhook.ok_at.map(When::from),
        }
    }
}

/// The form for another one.
#[derive(Debug, Serialize)]
pub(crate) struct WebhookNewPage {
    pub(crate) form: Form,
}

/// One webhook.
#[derive(Serialize)]
pub(crate) struct WebhookPage {
    pub(crate) notice: Option<String>,
    pub(crate) failure: Option<Failure>,
    /// The secret that signs, right after the webhook was made. It is on this one page and on no other.
    pub(crate) secret: Option<String>,
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) badge: Badge,
    pub(crate) enabled: bool,
    pub(crate) trouble: Option<TroubleView>,
    pub(crate) form: Form,
    pub(crate) ok_at: Option<When>,
    pub(crate) created_at: When,
}

/// What has just happened, to be told on the page.
#[derive(Default)]
struct News {
    notice: Option<String>,
    failure: Option<Failure>,
    secret: Option<String>,
    form: Option<Form>,
}

pub(crate) fn blank() -> Form {
    Form::new(&[("name", ""), ("url", "")])
}

pub(crate) fn url_form(url: &str) -> Form {
    Form::new(&[("url", url)])
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().webhooks(query.page()?).await?;
    let page: Rows<WebhookRow> = Rows::of("/webhooks", limit, listed);
    app.pages().show(&signed, "webhooks", "webhooks.html", page)
}

async fn new(State(app): State<App>, signed: Signed) -> Result<Response, ApiError> {
    app.pages().show(&signed, "webhooks", "webhook_new.html", WebhookNewPage { form: blank() })
}

async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let new = NewWebhook { name: fields.text("name"), url: fields.text("url") };
    match app.engine().create_webhook(new, &signed.caller()).await {
        Ok(made) => {
            let secret = Some(made.text.expose().to_owned());
            render(&app, &signed, made.of, News { secret, ..News::default() })
        }
        Err(error) => {
            let form = blank().typed(&fields).refused(error.into(), &[])?;
            let status = form::status(&form);
            let page = WebhookNewPage { form };
            app.pages().show_with(status, &signed, "webhooks", "webhook_new.html", page)
        }
    }
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let webhook = app.engine().webhook(&id).await?;
    render(&app, &signed, webhook, News::default())
}

async fn edit(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let edit = WebhookEdit { url: fields.sent("url"), enabled: None };
    match app.engine().edit_webhook(&id, edit, &signed.caller()).await {
        Ok(webhook) => Ok(back_to(&webhook)),
        Err(error) => {
            let webhook = app.engine().webhook(&id).await?;
            let form = url_form(&webhook.url).typed(&fields).refused(error.into(), &[])?;
            render(&app, &signed, webhook, News { form: Some(form), ..News::default() })
        }
    }
}

/// Sends an event at once. It goes to the address on record, whether the webhook is switched on or not.
async fn test(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let tested = app.engine().test_webhook(&id).await;
    let webhook = app.engine().webhook(&id).await?;
    let news = match tested {
        Ok(()) => News { notice: Some("The test event has arrived.".into()), ..News::default() },
        Err(error) => {
            News { failure: Some(Failure::from(ApiError::from(error))), ..News::default() }
        }
    };
    render(&app, &signed, webhook, news)
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
    let edit = WebhookEdit { url: None, enabled: Some(on) };
    let webhook = app.engine().edit_webhook(id, edit, &signed.caller()).await?;
    Ok(back_to(&webhook))
}

async fn delete(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    app.engine().delete_webhook(&id, &signed.caller()).await?;
    Ok(Redirect::to("/webhooks").into_response())
}

fn back_to(webhook: &Webhook) -> Response {
    Redirect::to(&format!("/webhooks/{}", webhook.id)).into_response()
}

fn render(app: &App, signed: &Signed, webhook: Webhook, news: News) -> Result<Response, ApiError> {
    let form = news.form.unwrap_or_else(|| url_form(&webhook.url));
    let status = form::status(&form);
    let page = WebhookPage {
        notice: news.notice,
        failure: news.failure,
        secret: news.secret,
        href: format!("/webhooks/{}", webhook.id),
        badge: webhook_badge(&webhook),
        enabled: webhook.enabled,
        trouble: webhook.trouble.as_ref().map(TroubleView::from),
        form,
        ok_at: webhook.ok_at.map(When::from),
        created_at: webhook.created_at.into(),
        name: webhook.name,
    };
    app.pages().show_with(status, signed, "webhooks", "webhook.html", page)
}
