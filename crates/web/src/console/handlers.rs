//! Handlers: what turns messages into issues and comments.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use outlink_engine::handlers::NewHandler;
use outlink_model::handler::HandlerType;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Signed;
use crate::choice::choice as named;
use crate::error::ApiError;
use crate::extract::{ListQuery, Query};
use crate::form::{self, Choice, Fields, Form, choice};
use crate::names::{self, whole};
use crate::page::{Rows, next_page};
use crate::words::{Badge, DISABLED, ENABLED, When};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/handlers", get(list).post(create)).route("/handlers/new", get(new))
}

/// One handler.
#[derive(Debug, Serialize)]
pub(crate) struct HandlerRow {
    pub(crate) name: String,
    pub(crate) mail_server: String,
    pub(crate) mail_server_href: String,
    pub(crate) project: String,
    pub(crate) does: &'static str,
    pub(crate) badge: Badge,
    pub(crate) created_at: When,
}

/// The form for a new handler.
#[derive(Debug, Serialize)]
pub(crate) struct HandlerNewPage {
    pub(crate) form: Form,
    pub(crate) mail_servers: Vec<Choice>,
    pub(crate) projects: Vec<Choice>,
    pub(crate) types: Vec<Choice>,
}

/// What a handler does, in words.
pub(crate) fn does(kind: HandlerType) -> &'static str {
    match kind {
        HandlerType::CreateOrComment => {
            "Comments where a message belongs to an issue, else a new issue"
        }
    }
}

pub(crate) fn blank() -> Form {
    Form::new(&[("name", ""), ("mail_server", ""), ("project", ""), ("type", "create_or_comment")])
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().handlers(query.page()?).await?;
    let mut items = Vec::with_capacity(listed.items.len());
    for handler in listed.items {
        let (mail_server, project) = names::of_handler(app.engine(), &handler).await?;
        items.push(HandlerRow {
            name: handler.name,
            mail_server,
            mail_server_href: format!("/mail-servers/{}", handler.mail_server_id),
            project,
            does: does(handler.kind),
            badge: if handler.enabled { ENABLED } else { DISABLED },
            created_at: handler.created_at.into(),
        });
    }
    let next = next_page("/handlers", &[], limit, listed.next.as_deref());
    app.pages().show(&signed, "handlers", "handlers.html", Rows { items, next })
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
    let server = query.mail_server.unwrap_or_default();
    let form = Form::new(&[
        ("name", ""),
        ("mail_server", &server),
        ("project", ""),
        ("type", "create_or_comment"),
    ]);
    show(&app, &signed, form).await
}

async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let made = async {
        let new = NewHandler {
            name: fields.text("name"),
            mail_server: fields.text("mail_server"),
            project: fields.text("project"),
            kind: named("type", &fields.text("type"))?,
        };
        Ok::<_, ApiError>(app.engine().create_handler(new, &signed.caller()).await?)
    };
    match made.await {
        Ok(_) => Ok(Redirect::to("/handlers").into_response()),
        Err(error) => {
            let form = blank().typed(&fields).refused(error, &[])?;
            show(&app, &signed, form).await
        }
    }
}

async fn show(app: &App, signed: &Signed, form: Form) -> Result<Response, ApiError> {
    let servers = app.engine().mail_servers(whole()).await?.items;
    let projects = app.engine().projects(whole()).await?.items;
    let status = form::status(&form);
    let page = HandlerNewPage {
        form,
        mail_servers: servers.into_iter().map(|s| choice(s.id.to_string(), s.name)).collect(),
        projects: projects
            .into_iter()
            .map(|p| choice(p.id.to_string(), format!("{} ({})", p.name, p.key)))
            .collect(),
        types: HandlerType::ALL.into_iter().map(|t| choice(t.as_str(), does(t))).collect(),
    };
    app.pages().show_with(status, signed, "handlers", "handler_new.html", page)
}
