//! A new channel: project, mailbox, sign-in and what becomes of the mail, on one page. What was entered is kept over
//! "Fill in" and "Test"; what takes more than a page (the consent, switching on) goes on at the page of the channel.

use axum::extract::State;
use axum::response::Response;
use outlink_engine::mail_servers::NewMailServer;
use serde::{Deserialize, Serialize};

use super::purpose::{self, PurposeFields};
use crate::app::App;
use crate::auth::Signed;
use crate::console::mail_server_form::{
    self as server_form, Found, SECRETS, ServerFields, TriedRow, fill_in, has_password, new_server,
    typed,
};
use crate::console::report::Report;
use crate::error::ApiError;
use crate::extract::Query;
use crate::form::{self, Fields, Form};
use crate::words::{Badge, DONE, TO_DO};

/// The form for a new channel.
#[derive(Debug, Serialize)]
pub(crate) struct ChannelNewPage {
    pub(crate) form: Form,
    pub(crate) fields: ServerFields,
    pub(crate) purpose: PurposeFields,
    pub(crate) report: Option<Report>,
    pub(crate) tried: Vec<TriedRow>,
    /// Whether a password was typed that must be typed again.
    pub(crate) again: bool,
    pub(crate) steps: Steps,
}

/// How far each part has come.
#[derive(Debug, Serialize)]
pub(crate) struct Steps {
    pub(crate) project: Badge,
    pub(crate) mailbox: Badge,
    pub(crate) sign_in: Badge,
    pub(crate) purpose: Badge,
}

impl Steps {
    fn of(form: &Form, found: &Found) -> Self {
        let wrong =
            |fields: &[&str]| form.wrong_field().is_some_and(|field| fields.contains(&field));
        let has = |name: &str| !form.value(name).trim().is_empty();
        let step = |done: bool, fields: &[&str]| if done && !wrong(fields) { DONE } else { TO_DO };
        let passed = |id: &str| found.passed.contains(&id);
        let project = has("project") || (has("project_key") && has("project_name"));
        let server = &["mailbox", "host", "port", "security", "protocol", "preset", "name"];
        Self {
            project: step(project, &["project", "project_key", "project_name"]),
            mailbox: step(passed("connect"), server),
            sign_in: step(passed("sign_in"), &["grant", "link", "password"]),
            purpose: step(project && !found.passed.is_empty(), &["type", "issue_type"]),
        }
    }
}

/// The form as it begins.
pub(crate) fn blank(project: &str) -> Form {
    purpose::laid(server_form::blank(), project)
}

/// What the form is filled in with.
#[derive(Debug, Deserialize)]
pub(super) struct NewQuery {
    /// Id or key of the project.
    project: Option<String>,
    link: Option<String>,
    grant: Option<String>,
}

pub(super) async fn new(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<NewQuery>,
) -> Result<Response, ApiError> {
    let project = match query.project.as_deref().filter(|named| !named.is_empty()) {
        Some(named) => app.engine().project(named).await?.id.to_string(),
        None => String::new(),
    };
    let form = blank(&project)
        .with("link", query.link.unwrap_or_default())
        .with("grant", query.grant.unwrap_or_default());
    show(&app, &signed, form, Found::default(), false).await
}

/// Shows the form again, with what the provider's row says. Saves nothing.
pub(super) async fn refill(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let form = typed(blank(""), &fields);
    let form = match fill_in(form.clone()) {
        Ok(filled) => filled,
        Err(error) => form.refused(error, SECRETS)?,
    };
    show(&app, &signed, form, Found::default(), has_password(&fields)).await
}

/// Tries the mailbox, and shows the form again with what was found. Saves nothing.
pub(super) async fn test(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let form = typed(blank(""), &fields);
    let tested = async {
        let report = app.engine().test_new_mail_server(unnamed(new_server(&fields)?)).await?;
        Found::of(&app, report).await
    };
    let (form, found) = match tested.await {
        Ok(found) => (form, found),
        Err(error) => (form.refused(error, SECRETS)?, Found::default()),
    };
    show(&app, &signed, form, found, has_password(&fields)).await
}

/// Without a name of its own it is called by its mailbox, once it is made.
fn unnamed(mut new: NewMailServer) -> NewMailServer {
    new.draft.name = new.draft.name.filter(|name| !name.trim().is_empty());
    new
}

/// Makes the channel, and goes on to its page: by way of the consent, where one is asked for.
pub(super) async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let made = async {
        let purpose = purpose::read(&fields)?;
        let new = unnamed(new_server(&fields)?);
        Ok::<_, ApiError>(app.engine().create_channel(new, purpose, &signed.caller()).await?)
    };
    match made.await {
        Ok(made) => {
            let back = format!("/channels/{}", made.saved.server.id);
            server_form::after(&app, &signed, made.saved, back)
        }
        Err(error) => {
            let form = typed(blank(""), &fields).refused(error, SECRETS)?;
            show(&app, &signed, form, Found::default(), has_password(&fields)).await
        }
    }
}

async fn show(
    app: &App,
    signed: &Signed,
    form: Form,
    found: Found,
    again: bool,
) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let page = ChannelNewPage {
        fields: ServerFields::new(app, &form).await?,
        purpose: PurposeFields::new(app, &form).await?,
        steps: Steps::of(&form, &found),
        form,
        report: found.report,
        tried: found.tried,
        again,
    };
    app.pages().show_with(status, signed, "channels", "channel_new.html", page)
}
