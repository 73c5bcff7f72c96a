//! Changing a mail server: the same form, laid over what stands. Keeps the invariant **A moved endpoint locks its
//! secrets**: what the engine demands for a moved endpoint is said beside the sign-in.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::mail_servers::{AuthorizeMailServer, MailServerEdit};
use outlink_model::Timestamp;
use outlink_model::mail_server::MailServer;
use outlink_model::problem::Problem;
use serde::Serialize;

use super::values::filled;
use super::{Found, SECRETS, ServerFields, TriedRow, after, draft, fill_in, has_password, typed};
use crate::app::App;
use crate::auth::Signed;
use crate::console::link_edit::Difference;
use crate::console::report::Report;
use crate::error::ApiError;
use crate::extract::Path;
use crate::form::{self, Fields, Form};
use crate::names;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/mail-servers/{id}/edit", get(edit).post(save))
        .route("/mail-servers/{id}/edit/fill", post(refill))
        .route("/mail-servers/{id}/edit/test", post(test))
}

/// The form over a mail server that stands.
#[derive(Debug, Serialize)]
pub(crate) struct MailServerEditPage {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) fields: ServerFields,
    pub(crate) report: Option<Report>,
    pub(crate) tried: Vec<TriedRow>,
    /// Whether a password was typed that must be typed again.
    pub(crate) again: bool,
    /// Whether it is asked if another address is the same mailbox.
    pub(crate) asks_renamed: bool,
    /// Where the mail server is not what stands in the form, once somebody else has changed it.
    pub(crate) differs: Vec<Difference>,
}

/// The fields that are compared, by their names on the page.
const COMPARED: [(&str, &str); 16] = [
    ("name", "Name"),
    ("description", "Description"),
    ("mailbox", "Mailbox"),
    ("protocol", "Protocol"),
    ("security", "Security"),
    ("host", "Host"),
    ("port", "Port"),
    ("folders", "Folders"),
    ("after", "After handling"),
    ("move_to", "Moved to"),
    ("take", "Mail that is taken"),
    ("since", "Since"),
    ("poll_seconds", "Seconds between two looks"),
    ("idle", "Told of new mail at once"),
    ("time_limit_seconds", "Seconds that an answer may take"),
    ("authserv_id", "Trusted authserv-id"),
];

/// Where a mail server is not what stands in a form: what saving the form would overwrite.
fn differences(server: &MailServer, form: &Form) -> Vec<Difference> {
    let now = filled(server);
    let words =
        |form: &Form, name| form.value(name).split_whitespace().collect::<Vec<_>>().join(" ");
    let differs = COMPARED.into_iter().filter(|(name, _)| words(&now, name) != words(form, name));
    differs.map(|(name, label)| Difference { label, now: now.value(name).to_owned() }).collect()
}

/// The code of a refusal since somebody else was quicker.
const CHANGED_MEANWHILE: &str = "changed_meanwhile";
/// The code of a refusal since the mailbox was read already.
const MAILBOX_IS_READ: &str = "mailbox_is_read";

/// What is shown besides the form.
#[derive(Default)]
struct Besides {
    found: Found,
    again: bool,
    asks_renamed: bool,
    differs: Vec<Difference>,
}

/// What was entered, and the state that it was entered over.
fn read(fields: &Fields) -> Result<MailServerEdit, ApiError> {
    let seen = fields.text("updated_at").trim().parse::<Timestamp>().map_err(|_| {
        Problem::invalid(
            "updated_at",
            "moment_unusable",
            "The form does not say any more which state of the mail server it was filled in with.",
            "Open it anew.",
        )
    })?;
    Ok(MailServerEdit {
        draft: draft(fields)?,
        paused: None,
        mailbox_renamed: fields.optional("mailbox_renamed").is_some(),
        link: fields.optional("link"),
        seen: Some(seen),
    })
}

async fn edit(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let server = app.engine().mail_server(&id).await?;
    let form = filled(&server);
    show(&app, &signed, &server, form, Besides::default()).await
}

/// Shows the form again, with what the provider's row says. Saves nothing.
async fn refill(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let server = app.engine().mail_server(&id).await?;
    let form = typed(filled(&server), &fields);
    let form = match fill_in(form.clone()) {
        Ok(form) => form,
        Err(error) => form.refused(error, SECRETS)?,
    };
    let besides = Besides { again: has_password(&fields), ..Besides::default() };
    show(&app, &signed, &server, form, besides).await
}

/// Tries the mail server as the edit would leave it. Saves nothing.
async fn test(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let server = app.engine().mail_server(&id).await?;
    let tested = async {
        let report = app.engine().test_mail_server_edit(&id, read(&fields)?).await?;
        Found::of(&app, report).await
    };
    match tested.await {
        Ok(found) => {
            let form = typed(filled(&server), &fields);
            let besides = Besides { found, again: has_password(&fields), ..Besides::default() };
            show(&app, &signed, &server, form, besides).await
        }
        Err(error) => refused(&app, &signed, &server, &fields, error).await,
    }
}

async fn save(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let server = app.engine().mail_server(&id).await?;
    let saved = async {
        let edit = read(&fields)?;
        let server = app.engine().edit_mail_server(&id, edit, &signed.caller()).await?;
        Ok::<_, ApiError>(server)
    };
    let server = match saved.await {
        Ok(server) => server,
        Err(error) => return refused(&app, &signed, &server, &fields, error).await,
    };
    let id = server.id.to_string();
    let back = format!("/mail-servers/{id}");
    let Some(link) = fields.optional("link") else {
        return Ok(Redirect::to(&back).into_response());
    };
    let ask = AuthorizeMailServer { link: Some(link), ..AuthorizeMailServer::default() };
    match app.engine().authorize_mail_server(&id, ask, &signed.caller()).await {
        Ok(saved) => after(&app, &signed, saved, back),
        Err(error) => {
            // The rest is saved by now: the form is filled in with it, so that it can be sent again.
            let form = filled(&server).with("link", fields.text("link"));
            let form = form.refused(error.into(), SECRETS)?;
            show(&app, &signed, &server, form, Besides::default()).await
        }
    }
}

/// The form as it was sent, with what is wrong with it.
async fn refused(
    app: &App,
    signed: &Signed,
    server: &MailServer,
    fields: &Fields,
    error: ApiError,
) -> Result<Response, ApiError> {
    let mut besides = Besides { again: has_password(fields), ..Besides::default() };
    if error.code == CHANGED_MEANWHILE {
        // Read after the refusal, so that what is shown is what saving again would overwrite.
        let server = app.engine().mail_server(&server.id.to_string()).await?;
        let hint = "What you entered still stands in the form. Compare it with the mail server as it is now, shown \
                    below, and save again to put yours in its place.";
        let error = ApiError { hint: hint.to_owned(), ..error };
        let form = typed(filled(&server), fields).with("updated_at", server.updated_at.to_string());
        besides.differs = differences(&server, &form);
        let form = form.refused(error, SECRETS)?;
        return show(app, signed, &server, form, besides).await;
    }
    let renamed = error.code == MAILBOX_IS_READ;
    let error = match renamed {
        true => ApiError {
            hint: "For another mailbox, add another mail server. If this is the same mailbox under another address, tick \
                   the box."
                .to_owned(),
            ..error
        },
        false => error,
    };
    besides.asks_renamed = renamed || fields.optional("mailbox_renamed").is_some();
    let form = typed(filled(server), fields).refused(error, SECRETS)?;
    show(app, signed, server, form, besides).await
}

async fn show(
    app: &App,
    signed: &Signed,
    server: &MailServer,
    form: Form,
    besides: Besides,
) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let grant = names::grant_of_server(app.engine(), server).await?;
    let identity = grant.as_ref().map(|(_, identity)| identity.as_str());
    let page = MailServerEditPage {
        href: format!("/mail-servers/{}", server.id),
        name: server.name.clone(),
        fields: ServerFields::new(app, &form)
            .await?
            .of_direction(server.direction)
            .over(&server.sign_in, identity),
        form,
        report: besides.found.report,
        tried: besides.found.tried,
        again: besides.again,
        asks_renamed: besides.asks_renamed,
        differs: besides.differs,
    };
    app.pages().show_with(status, signed, "mail_servers", "mail_server_edit.html", page)
}
