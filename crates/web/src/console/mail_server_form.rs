//! The form for a mail server, new or to be changed.
//!
//! It works without a script. Whoever chooses a provider presses "Fill in": the form comes back with its host, port and
//! security and with what was typed. "Test" comes back with what was found. Neither saves anything, and a password is
//! asked for again, since it is never sent back to the browser.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::mail_servers::{MailServerReport, SavedMailServer};
use outlink_model::mail_server::Protocol;
use outlink_model::step::StepStatus;
use serde::{Deserialize, Serialize};

use super::mail_servers::authorize;
use super::report::Report;
use crate::app::App;
use crate::auth::Signed;
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::Query;
use crate::form::{self, Fields, Form};

mod edit;
mod preset;
mod read;
mod tried;
mod values;
mod view;

#[cfg(test)]
pub(crate) use edit::MailServerEditPage;
pub(crate) use preset::fill_in;
pub(crate) use read::{draft, new_server};
pub(crate) use tried::{TriedRow, tried};
pub(crate) use values::{blank, typed};
pub(crate) use view::ServerFields;

/// Fields that are never filled in again.
pub(crate) const SECRETS: &[&str] = &["password"];

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/mail-servers/new", get(new))
        .route("/mail-servers/fill", post(refill))
        .route("/mail-servers/test", post(test))
        .merge(edit::routes())
}

/// The form for a new one.
#[derive(Debug, Serialize)]
pub(crate) struct MailServerNewPage {
    pub(crate) form: Form,
    pub(crate) fields: ServerFields,
    pub(crate) report: Option<Report>,
    pub(crate) tried: Vec<TriedRow>,
    /// Whether a password was typed that must be typed again.
    pub(crate) again: bool,
}

/// What a test found, ready for a page.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) report: Option<Report>,
    pub(crate) tried: Vec<TriedRow>,
    /// The steps that went well, by their ids.
    pub(crate) passed: Vec<&'static str>,
}

impl Found {
    pub(crate) async fn of(app: &App, report: MailServerReport) -> Result<Self, ApiError> {
        let tried = tried(app, report.newest).await?;
        let well = report.steps.iter().filter(|step| step.status == StepStatus::Ok);
        let passed = well.map(|step| step.id).collect();
        Ok(Self { report: Some(Report::new(report.steps)), tried, passed })
    }
}

/// What the form is filled in with.
#[derive(Debug, Deserialize)]
struct NewQuery {
    grant: Option<String>,
    link: Option<String>,
    protocol: Option<String>,
}

async fn new(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<NewQuery>,
) -> Result<Response, ApiError> {
    let form = blank()
        .with("grant", query.grant.unwrap_or_default())
        .with("link", query.link.unwrap_or_default());
    let protocol: Option<Protocol> = optional_choice("protocol", query.protocol.as_deref())?;
    let form = match protocol {
        Some(protocol) => form.with("protocol", protocol.as_str()),
        None => form,
    };
    show(&app, &signed, form, Found::default(), false).await
}

/// Shows the form again, with what the provider's row says. Saves nothing.
async fn refill(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let form = typed(blank(), &fields);
    let form = match fill_in(form.clone()) {
        Ok(filled) => filled,
        Err(error) => form.refused(error, SECRETS)?,
    };
    show(&app, &signed, form, Found::default(), has_password(&fields)).await
}

/// Tries what was entered, and shows it again with what was found. Saves nothing.
async fn test(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let form = typed(blank(), &fields);
    let tested = async {
        let report = app.engine().test_new_mail_server(new_server(&fields)?).await?;
        Found::of(&app, report).await
    };
    let (form, found) = match tested.await {
        Ok(found) => (form, found),
        Err(error) => (form.refused(error, SECRETS)?, Found::default()),
    };
    show(&app, &signed, form, found, has_password(&fields)).await
}

/// Saves the mail server.
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let made = async {
        let new = new_server(&fields)?;
        Ok::<_, ApiError>(app.engine().create_mail_server(new, &signed.caller()).await?)
    };
    match made.await {
        Ok(saved) => {
            let back = format!("/mail-servers/{}", saved.server.id);
            after(&app, &signed, saved, back)
        }
        Err(error) => {
            let form = typed(blank(), &fields).refused(error, SECRETS)?;
            show(&app, &signed, form, Found::default(), has_password(&fields)).await
        }
    }
}

/// Where a mail server that was saved leads: to the consent that is asked for, else to its page.
pub(crate) fn after(
    app: &App,
    signed: &Signed,
    saved: SavedMailServer,
    back: String,
) -> Result<Response, ApiError> {
    match saved.authorized {
        Some(authorized) => authorize::show(app, signed, &saved.server, authorized, back),
        None => Ok(Redirect::to(&back).into_response()),
    }
}

pub(crate) fn has_password(fields: &Fields) -> bool {
    fields.secret("password").is_some()
}

async fn show(
    app: &App,
    signed: &Signed,
    form: Form,
    found: Found,
    again: bool,
) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let fields = ServerFields::new(app, &form).await?.of_either(&form);
    let page = MailServerNewPage { fields, form, report: found.report, tried: found.tried, again };
    app.pages().show_with(status, signed, "mail_servers", "mail_server_new.html", page)
}
