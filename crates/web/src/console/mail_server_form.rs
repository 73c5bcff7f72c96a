//! The form for a new mail server.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use outlink_engine::grants::grant_name;
use outlink_engine::mail_servers::NewMailServer;
use outlink_model::mail_server::{Direction, Protocol, Security, Take};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Signed;
use crate::choice::choice as named;
use crate::error::ApiError;
use crate::extract::Query;
use crate::form::{self, Choice, Fields, Form, choice, number};
use crate::names::whole;
use crate::words::{grant_badge, take_words};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/mail-servers/new", get(new))
}

/// The form.
#[derive(Debug, Serialize)]
pub(crate) struct MailServerNewPage {
    pub(crate) form: Form,
    pub(crate) grants: Vec<Choice>,
    pub(crate) takes: Vec<Choice>,
    pub(crate) more_open: bool,
}

pub(crate) fn blank(grant: &str) -> Form {
    Form::new(&[
        ("name", ""),
        ("mailbox", ""),
        ("host", ""),
        ("port", "993"),
        ("grant", grant),
        ("folder", ""),
        ("take", Take::New.as_str()),
        ("poll_seconds", ""),
    ])
}

/// What the form is filled in with.
#[derive(Debug, Deserialize)]
struct NewQuery {
    grant: Option<String>,
}

async fn new(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<NewQuery>,
) -> Result<Response, ApiError> {
    show(&app, &signed, blank(query.grant.as_deref().unwrap_or_default())).await
}

/// Saves the mail server.
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let made = async {
        let new = read(&fields)?;
        Ok::<_, ApiError>(app.engine().create_mail_server(new, &signed.caller()).await?)
    };
    match made.await {
        Ok(server) => Ok(Redirect::to(&format!("/mail-servers/{}", server.id)).into_response()),
        Err(error) => {
            let form = blank("").typed(&fields).refused(error, &["password"])?;
            show(&app, &signed, form).await
        }
    }
}

fn read(fields: &Fields) -> Result<NewMailServer, ApiError> {
    let seconds = fields.optional("poll_seconds");
    Ok(NewMailServer {
        name: fields.text("name"),
        direction: Direction::Incoming,
        protocol: Protocol::Imap,
        security: Security::Tls,
        host: fields.text("host"),
        port: number("port", &fields.text("port"))?,
        mailbox: fields.text("mailbox"),
        grant: fields.optional("grant"),
        password: fields.secret("password"),
        folder: fields.optional("folder"),
        take: named("take", &fields.text("take"))?,
        poll_seconds: seconds.map(|text| number("poll_seconds", &text)).transpose()?,
    })
}

/// The grants to choose from; `none` is what choosing none of them means.
pub(crate) async fn grant_choices(app: &App, none: &str) -> Result<Vec<Choice>, ApiError> {
    let views = app.engine().grants(whole()).await?.items;
    let grants = views.into_iter().map(|view| {
        let state = grant_badge(view.grant.state.name()).text.to_lowercase();
        let label = format!("{} ({}, {state})", grant_name(&view.grant), view.link_name);
        choice(view.grant.id.to_string(), label)
    });
    Ok(std::iter::once(choice("", none)).chain(grants).collect())
}

async fn show(app: &App, signed: &Signed, form: Form) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let page = MailServerNewPage {
        more_open: form.is_refused(),
        form,
        grants: grant_choices(app, "nobody: a password is used").await?,
        takes: Take::ALL.into_iter().map(|t| choice(t.as_str(), take_words(t))).collect(),
    };
    app.pages().show_with(status, signed, "mail_servers", "mail_server_new.html", page)
}
