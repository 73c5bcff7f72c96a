//! The form of a handler, for a new one and over one that stands.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use outlink_model::handler::{Bulk, Handler, HandlerType, Unauthenticated};
use outlink_model::mail_server::Direction;
use serde::{Deserialize, Serialize};

use super::handlers::does;
use super::link_edit::Difference;
use super::pickers::{self, Picker};
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::form::{self, Choice, Fields, Form, choice};
use crate::names;

mod read;
mod values;

pub(crate) use values::blank;
use values::{differences, filled, typed};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/handlers/new", get(new))
        .route("/handlers/{id}/edit", get(edit).post(save))
}

/// The form.
#[derive(Debug, Serialize)]
pub(crate) struct HandlerFormPage {
    /// The name of the handler that stands; none for a new one.
    pub(crate) name: Option<String>,
    /// Where the form goes.
    pub(crate) action: String,
    /// Where it leads without saving.
    pub(crate) back: String,
    pub(crate) form: Form,
    /// Where the handler is not what stands in the form, once somebody else has changed it.
    pub(crate) differs: Vec<Difference>,
    pub(crate) mail_servers: Picker,
    /// What it can send through.
    pub(crate) outgoing: Picker,
    /// Whether there is nothing to send through.
    pub(crate) sends_nothing: bool,
    pub(crate) projects: Picker,
    pub(crate) types: Vec<Choice>,
    pub(crate) bulks: Vec<Choice>,
    pub(crate) unauthenticated: Vec<Choice>,
}

/// What the form is filled in with.
#[derive(Debug, Deserialize)]
struct NewQuery {
    mail_server: Option<String>,
}

async fn new(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<NewQuery>,
) -> Result<Response, ApiError> {
    let form = blank().with("mail_server", query.mail_server.unwrap_or_default());
    show(&app, &signed, None, form, Vec::new()).await
}

/// Saves a new handler.
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let made = async {
        let new = read::new_handler(&fields)?;
        Ok::<_, ApiError>(app.engine().create_handler(new, &signed.caller()).await?)
    };
    match made.await {
        Ok(handler) => Ok(Redirect::to(&format!("/handlers/{}", handler.id)).into_response()),
        Err(error) => {
            let form = typed(blank(), &fields).refused(error, &[])?;
            show(&app, &signed, None, form, Vec::new()).await
        }
    }
}

async fn edit(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let handler = app.engine().handler(&id).await?;
    let form = filled(&handler);
    show(&app, &signed, Some(&handler), form, Vec::new()).await
}

async fn save(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let handler = app.engine().handler(&id).await?;
    let saved = async {
        let edit = read::edit(&fields)?;
        Ok::<_, ApiError>(app.engine().edit_handler(&id, edit, &signed.caller()).await?)
    };
    match saved.await {
        Ok(handler) => Ok(Redirect::to(&format!("/handlers/{}", handler.id)).into_response()),
        Err(error) if error.code == "changed_meanwhile" => {
            // Read after the refusal, so that what is shown is what saving again would overwrite.
            let handler = app.engine().handler(&handler.id.to_string()).await?;
            let hint = "What you entered still stands in the form. Compare it with the handler as it is now, shown \
                        below, and save again to put yours in its place.";
            let error = ApiError { hint: hint.to_owned(), ..error };
            let form = typed(filled(&handler), &fields)
                .with("updated_at", handler.updated_at.to_string())
                .refused(error, &[])?;
            let mut differs = differences(&handler, &form);
            let (server, project) = names::of_handler(app.engine(), &handler).await?;
            let outgoing = names::of_outgoing(app.engine(), &handler).await?.unwrap_or_default();
            let outgoing_id = handler.outgoing_id.map(|id| id.to_string()).unwrap_or_default();
            for (field, label, id, now) in [
                ("outgoing", "Sends through", outgoing_id, outgoing),
                ("mail_server", "Mail server", handler.mail_server_id.to_string(), server),
                ("project", "Project", handler.project_id.to_string(), project),
            ] {
                if form.value(field) != id {
                    differs.insert(0, Difference { label, now });
                }
            }
            show(&app, &signed, Some(&handler), form, differs).await
        }
        Err(error) => {
            let form = typed(filled(&handler), &fields).refused(error, &[])?;
            show(&app, &signed, Some(&handler), form, Vec::new()).await
        }
    }
}

async fn show(
    app: &App,
    signed: &Signed,
    handler: Option<&Handler>,
    form: Form,
    differs: Vec<Difference>,
) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let href = handler.map(|handler| format!("/handlers/{}", handler.id));
    let outgoing = pickers::mail_servers(app, Direction::Outgoing, form.value("outgoing")).await?;
    let incoming =
        pickers::mail_servers(app, Direction::Incoming, form.value("mail_server")).await?;
    let page = HandlerFormPage {
        name: handler.map(|handler| handler.name.clone()),
        action: href.as_ref().map_or("/handlers".to_owned(), |href| format!("{href}/edit")),
        back: href.unwrap_or_else(|| "/handlers".to_owned()),
        mail_servers: incoming,
        sends_nothing: outgoing.options.is_empty(),
        outgoing: outgoing.or("none: it sends no mail"),
        projects: pickers::projects(app, form.value("project")).await?,
        form,
        differs,
        types: types(),
        bulks: bulks(),
        unauthenticated: unauthenticated(),
    };
    app.pages().show_with(status, signed, "handlers", "handler_form.html", page)
}

pub(crate) fn types() -> Vec<Choice> {
    HandlerType::ALL.into_iter().map(|kind| choice(kind.as_str(), does(kind))).collect()
}

pub(crate) fn bulks() -> Vec<Choice> {
    let words = |bulk| match bulk {
        Bulk::Ignore => "Nothing: it is rejected",
        Bulk::Forward => "It is sent on, as set under “Mail that it sends”",
        Bulk::Delete => "Nothing, and it is deleted on the mail server for good",
        Bulk::Accept => "The same as of other mail",
    };
    Bulk::ALL.into_iter().map(|bulk| choice(bulk.as_str(), words(bulk))).collect()
}

pub(crate) fn unauthenticated() -> Vec<Choice> {
    let words = |policy| match policy {
        Unauthenticated::Accept => "The same as of other mail",
        Unauthenticated::Mark => "The same, and it is marked",
        Unauthenticated::Quarantine => "It is quarantined",
    };
    Unauthenticated::ALL.into_iter().map(|p| choice(p.as_str(), words(p))).collect()
}
