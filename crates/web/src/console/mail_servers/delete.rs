//! Deleting a mail server: first what goes with it, by name, and what stays.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::Uri;
use outlink_model::mail_server::Direction;
use serde::Serialize;

use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::Path;
use crate::form::{self, Fields, Form};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/mail-servers/{id}/delete", get(ask).post(delete))
        .route("/channels/{id}/delete", get(ask).post(delete))
}

/// Where the question is asked: a channel is its mail server with its handlers, and goes with it.
#[derive(Clone, Copy)]
struct Place {
    section: &'static str,
    list: &'static str,
}

impl Place {
    fn of(uri: &Uri) -> Self {
        match uri.path().starts_with("/channels/") {
            true => Self { section: "channels", list: "/channels" },
            false => Self { section: "mail_servers", list: "/mail-servers" },
        }
    }
}

/// The question.
#[derive(Debug, Serialize)]
pub(crate) struct MailServerDeletePage {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) mailbox: String,
    pub(crate) paused: bool,
    /// Whether mail goes out by it: the handlers send through it then, and stay.
    pub(crate) outgoing: bool,
    pub(crate) handlers: Vec<String>,
    pub(crate) form: Form,
}

/// The form of the question.
pub(crate) fn blank() -> Form {
    Form::new(&[("handlers", "")])
}

async fn ask(
    State(app): State<App>,
    signed: Signed,
    uri: Uri,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    show(&app, &signed, Place::of(&uri), &id, blank()).await
}

async fn delete(
    State(app): State<App>,
    signed: Signed,
    uri: Uri,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let place = Place::of(&uri);
    let with_handlers = fields.optional("handlers").is_some();
    match app.engine().delete_mail_server(&id, with_handlers, &signed.caller()).await {
        Ok(_) => Ok(Redirect::to(place.list).into_response()),
        Err(error) => {
            let mut error = ApiError::from(error);
            if error.code == "has_handlers" {
                error.field = Some("handlers".to_owned());
                error.hint = "Tick the box, or change these handlers first.".to_owned();
            }
            let form = blank().ticked("handlers", &fields).refused(error, &[])?;
            show(&app, &signed, place, &id, form).await
        }
    }
}

async fn show(
    app: &App,
    signed: &Signed,
    place: Place,
    id: &str,
    form: Form,
) -> Result<Response, ApiError> {
    let server = app.engine().mail_server(id).await?;
    let outgoing = server.direction == Direction::Outgoing;
    let handlers = match server.direction {
        Direction::Incoming => app.engine().handlers_of_mail_server(&server).await?,
        Direction::Outgoing => app.engine().handlers_sending_through(&server).await?,
    };
    let status = form::status(&form);
    let page = MailServerDeletePage {
        href: format!("{}/{}", place.list, server.id),
        name: server.name,
        mailbox: server.mailbox,
        paused: server.paused,
        outgoing,
        handlers: handlers.into_iter().map(|handler| handler.name).collect(),
        form,
    };
    app.pages().show_with(status, signed, place.section, "mail_server_delete.html", page)
}
