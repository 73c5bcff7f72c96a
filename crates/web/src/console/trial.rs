//! Trying handlers: what would become of a mail, and why. Nothing is written, and nothing is changed on the mail server.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use outlink_engine::intake::{Trial, TrialOf};
use outlink_model::message::Outcome;
use outlink_model::problem::Problem;
use serde::Serialize;

use super::issues::subject;
use super::report::Failure;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::Path;
use crate::form::{self, Fields, Form, number};
use crate::words::{Badge, When, authentication_badge, outcome_badge, size};

mod upload;

/// How many of the newest messages are tried where nobody says; and at most.
const USUAL: usize = 5;
const MOST: usize = 50;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/handlers/{id}/try", get(handler_page))
        .route("/handlers/{id}/try/mail", post(handler_mail))
        .route("/handlers/{id}/try/newest", post(handler_newest))
        .route("/mail-servers/{id}/try", get(server_page))
        .route("/mail-servers/{id}/try/mail", post(server_mail))
        .route("/mail-servers/{id}/try/newest", post(server_newest))
}

/// The two ways to try, and what came of one.
#[derive(Debug, Serialize)]
pub(crate) struct TrialPage {
    pub(crate) id: String,
    /// The name of what is tried: one handler, or all of a mail server.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) href: String,
    pub(crate) mail_server: String,
    /// Whether all handlers of a mail server are tried.
    pub(crate) all: bool,
    /// How many handlers are at work there, where all are tried.
    pub(crate) at_work: usize,
    /// The largest mail that is taken.
    pub(crate) largest: String,
    pub(crate) form: Form,
    pub(crate) failure: Option<Failure>,
    /// None before anything was tried.
    pub(crate) trials: Option<Vec<TrialRow>>,
}

/// What would become of one mail.
#[derive(Debug, Serialize)]
pub(crate) struct TrialRow {
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) date: Option<When>,
    pub(crate) badge: Badge,
    pub(crate) authentication: Badge,
    pub(crate) issue: Option<String>,
    /// Where the issue is, if it stands already.
    pub(crate) issue_href: Option<String>,
    pub(crate) handler: Option<String>,
    pub(crate) reason: String,
    /// Why the handlers that were asked before left it; each sentence names its handler.
    pub(crate) left: Vec<String>,
    /// Whether a handler took it after those.
    pub(crate) taken: bool,
    pub(crate) text: String,
    pub(crate) attachments: Vec<String>,
}

/// What is tried.
struct Tried {
    all: bool,
    id: String,
    name: String,
    mail_server: String,
    /// Handlers by id and name, so that a trial can name the one that would take a mail.
    handlers: Vec<(String, String)>,
    at_work: usize,
}

pub(crate) fn blank() -> Form {
    Form::new(&[("newest", &USUAL.to_string())])
}

async fn handler_page(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let tried = one(&app, &id).await?;
    show(&app, &signed, tried, blank(), None)
}

async fn handler_mail(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let tried = one(&app, &id).await?;
    by_mail(&app, &signed, tried, request).await
}

async fn handler_newest(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let tried = one(&app, &id).await?;
    by_newest(&app, &signed, tried, &fields).await
}

async fn server_page(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let tried = all(&app, &id).await?;
    show(&app, &signed, tried, blank(), None)
}

async fn server_mail(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let tried = all(&app, &id).await?;
    by_mail(&app, &signed, tried, request).await
}

async fn server_newest(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let tried = all(&app, &id).await?;
    by_newest(&app, &signed, tried, &fields).await
}

/// One handler.
async fn one(app: &App, named: &str) -> Result<Tried, ApiError> {
    let handler = app.engine().handler(named).await?;
    let server = app.engine().mail_server(&handler.mail_server_id.to_string()).await?;
    Ok(Tried {
        all: false,
        id: handler.id.to_string(),
        name: handler.name.clone(),
        mail_server: server.name,
        handlers: vec![(handler.id.to_string(), handler.name)],
        at_work: 1,
    })
}

/// All handlers of a mail server.
async fn all(app: &App, named: &str) -> Result<Tried, ApiError> {
    let server = app.engine().mail_server(named).await?;
    let handlers = app.engine().handlers_of_mail_server(&server).await?;
    Ok(Tried {
        all: true,
        id: server.id.to_string(),
        name: server.name.clone(),
        mail_server: server.name,
        at_work: handlers.iter().filter(|handler| handler.enabled).count(),
        handlers: handlers.into_iter().map(|h| (h.id.to_string(), h.name)).collect(),
    })
}

async fn by_mail(
    app: &App,
    signed: &Signed,
    tried: Tried,
    request: Request,
) -> Result<Response, ApiError> {
    match upload::mail(app, request).await {
        Ok(mail) => run(app, signed, tried, blank(), TrialOf::Mail(mail)).await,
        Err(error) => show(app, signed, tried, blank().refused(error, &["mail"])?, None),
    }
}

async fn by_newest(
    app: &App,
    signed: &Signed,
    tried: Tried,
    fields: &Fields,
) -> Result<Response, ApiError> {
    let form = blank().typed(fields);
    match count(fields) {
        Ok(count) => run(app, signed, tried, form, TrialOf::Newest(count)).await,
        Err(error) => show(app, signed, tried, form.refused(error, &[])?, None),
    }
}

fn count(fields: &Fields) -> Result<usize, ApiError> {
    match number("newest", &fields.text("newest"))? {
        count @ 1..=MOST => Ok(count),
        count => Err(Problem::invalid(
            "newest",
            "newest_unusable",
            format!("{count} messages cannot be tried at once."),
            format!("Choose between 1 and {MOST}."),
        )
        .into()),
    }
}

async fn run(
    app: &App,
    signed: &Signed,
    tried: Tried,
    form: Form,
    of: TrialOf,
) -> Result<Response, ApiError> {
    let trials = match tried.all {
        true => app.engine().try_mail_server(&tried.id, of).await,
        false => app.engine().try_handler(&tried.id, of).await,
    };
    show(app, signed, tried, form, Some(trials.map_err(ApiError::from)))
}

fn show(
    app: &App,
    signed: &Signed,
    tried: Tried,
    form: Form,
    went: Option<Result<Vec<Trial>, ApiError>>,
) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let (trials, failure) = match went {
        None => (None, None),
        Some(Ok(trials)) => (Some(trials), None),
        Some(Err(error)) => (None, Some(Failure::from(error))),
    };
    let row = |trial| TrialRow::new(trial, &tried.handlers);
    let section = if tried.all { "mail_servers" } else { "handlers" };
    let page = TrialPage {
        trials: trials.map(|trials| trials.into_iter().map(row).collect()),
        href: format!("/{}/{}", if tried.all { "mail-servers" } else { "handlers" }, tried.id),
        id: tried.id,
        name: tried.name,
        mail_server: tried.mail_server,
        all: tried.all,
        at_work: tried.at_work,
        largest: size(app.engine().largest_message() as u64),
        form,
        failure,
    };
    app.pages().show_with(status, signed, section, "trial.html", page)
}

impl TrialRow {
    fn new(trial: Trial, handlers: &[(String, String)]) -> Self {
        let handler = trial.handler.map(|id| id.to_string());
        let named = handlers.iter().find(|(id, _)| Some(id) == handler.as_ref());
        // The key of an issue that would be made is not given to it: there is nothing to look at.
        let stands = trial.issue.as_ref().filter(|_| trial.outcome != Outcome::Created);
        Self {
            from: trial.from,
            subject: subject(trial.subject),
            date: trial.date.map(When::from),
            badge: outcome_badge(trial.outcome),
            authentication: authentication_badge(trial.authentication),
            issue_href: stands.map(|key| format!("/issues/{key}")),
            issue: trial.issue,
            handler: named.map(|(_, name)| name.clone()),
            // The reason of what nobody took is what each one said.
            reason: if trial.outcome == Outcome::Unhandled && !trial.left.is_empty() {
                String::new()
            } else {
                trial.reason
            },
            left: trial.left.into_iter().map(|(_, why)| why).collect(),
            taken: trial.outcome != Outcome::Unhandled,
            text: trial.text,
            attachments: trial.attachments,
        }
    }
}
