//! One channel: how it stands, what is left of its set-up, and its two logs.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::channels::Channel;
use outlink_engine::mail_servers::MailServerDraft;
use outlink_model::mail_server::SignIn;
use serde::Serialize;

use super::purpose::{self, PurposeFields};
use crate::app::App;
use crate::auth::Signed;
use crate::console::mail_server_form::{Found, SECRETS, TriedRow};
use crate::console::mail_servers::log::{self, LogRow};
use crate::console::mail_servers::state::{Standing, standing};
use crate::console::mail_servers::view::{
    Fact, HandlerLine, NewestRow, SignInView, facts, newest, sign_in_view,
};
use crate::console::mail_servers::{News, authorize, fetched, sign_in_form};
use crate::console::pickers::{self, Picker};
use crate::console::report::{Failure, Report};
use crate::error::ApiError;
use crate::extract::Path;
use crate::form::{self, Fields, Form};
use crate::words::{Badge, DONE, TO_DO, When};

/// Lines of each log that the page shows.
const STRETCHES: u32 = 10;
const NEWEST: u32 = 25;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/channels/{id}", get(show))
        .route("/channels/{id}/purpose", post(set_purpose))
        .route("/channels/{id}/authorize", post(ask_consent))
        .route("/channels/{id}/sign-in", post(sign_in))
        .route("/channels/{id}/test", post(test))
        .route("/channels/{id}/fetch", post(fetch))
        .route("/channels/{id}/on", post(switch_on))
        .route("/channels/{id}/pause", post(pause))
        .route("/channels/{id}/resume", post(resume))
}

/// One channel.
#[derive(Debug, Serialize)]
pub(crate) struct ChannelPage {
    pub(crate) notice: Option<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) report: Option<Report>,
    pub(crate) tried: Vec<TriedRow>,
    pub(crate) id: String,
    pub(crate) href: String,
    /// The page of its mail server.
    pub(crate) server_href: String,
    pub(crate) mailbox: String,
    pub(crate) description: String,
    pub(crate) standing: Standing,
    pub(crate) note: Option<String>,
    /// What is left of its set-up; empty where nothing is.
    pub(crate) steps: Vec<SetUpStep>,
    pub(crate) paused: bool,
    pub(crate) sign_in: SignInView,
    pub(crate) links: Picker,
    pub(crate) facts: Vec<Fact>,
    pub(crate) handlers: Vec<HandlerLine>,
    /// Shown as long as nothing says what becomes of the mail.
    pub(crate) purpose: Option<PurposeFields>,
    pub(crate) form: Form,
    pub(crate) log: Vec<LogRow>,
    pub(crate) messages: Vec<NewestRow>,
    pub(crate) created_at: When,
}

/// A step of the set-up.
#[derive(Debug, Serialize)]
pub(crate) struct SetUpStep {
    pub(crate) badge: Badge,
    pub(crate) title: &'static str,
    pub(crate) text: String,
    pub(crate) label: &'static str,
    /// What its button posts to, or where it leads.
    pub(crate) post: Option<String>,
    pub(crate) href: Option<String>,
    /// Whether it is the next one.
    pub(crate) next: bool,
}

/// The form for what becomes of the mail, and for the consent.
pub(crate) fn blank() -> Form {
    purpose::laid(sign_in_form(), "")
}

/// What is left of the set-up. `tested` is whether the test has just gone well.
fn steps(channel: &Channel, tested: bool) -> Vec<SetUpStep> {
    let server = &channel.server;
    let (href, of_server) = (super::href(channel), format!("/mail-servers/{}", server.id));
    let missing = matches!(server.sign_in, SignIn::Missing);
    let first = channel.handlers.first();
    if channel.is_on() && !missing {
        return Vec::new();
    }
    let signs_in = match (&server.sign_in, &channel.grant) {
        (SignIn::Missing, _) => format!("Somebody who may read {} must consent.", server.mailbox),
        (SignIn::Password(_), _) => "With a password, which is kept sealed.".to_owned(),
        (SignIn::Grant(_), Some(view)) => {
            let name = outlink_engine::grants::grant_name(&view.grant);
            format!("With the grant of {name}, under the link {}.", view.link_name)
        }
        (SignIn::Grant(_), None) => "With a grant.".to_owned(),
    };
    let becomes = first.map(|each| {
        format!(
            "{}. New issues are of the type {}, in {} ({}).",
            crate::console::handlers::does(each.handler.kind),
            each.handler.settings.issue_type,
            each.project.name,
            each.project.key
        )
    });
    let worked = tested || server.health.ok_at.is_some();
    let badge = |done: bool| if done { DONE } else { TO_DO };
    let step = |done: bool, title, text: String, label| SetUpStep {
        badge: badge(done),
        title,
        text,
        label,
        post: None,
        href: None,
        next: false,
    };
    let mut steps = vec![
        SetUpStep {
            href: Some(format!("{of_server}/edit")),
            ..step(true, "Mailbox", format!("{} at {}.", server.mailbox, server.host), "Change")
        },
        SetUpStep {
            href: Some(if missing { "#sign-in".to_owned() } else { format!("{of_server}/edit") }),
            ..step(!missing, "Sign-in", signs_in, if missing { "Authorise" } else { "Change" })
        },
        SetUpStep {
            href: Some(first.map_or_else(
                || "#purpose".to_owned(),
                |each| format!("/handlers/{}", each.handler.id),
            )),
            ..step(
                becomes.is_some(),
                "What new mail becomes",
                becomes.unwrap_or_else(|| "Choose the project, and what is done there.".to_owned()),
                if first.is_some() { "Look" } else { "Choose" },
            )
        },
        SetUpStep {
            post: Some(format!("{href}/test")),
            ..step(
                worked && !missing,
                "Test",
                "The whole way is tried, up to what would become of the newest mail.".to_owned(),
                if worked && !missing { "Test again" } else { "Test" },
            )
        },
        SetUpStep {
            post: Some(format!("{href}/on")),
            ..step(
                channel.is_on(),
                "Switch on",
                match channel.is_on() {
                    true => "It begins as soon as somebody has consented.".to_owned(),
                    false => "From then on new mail is fetched.".to_owned(),
                },
                "Switch on",
            )
        },
    ];
    if channel.is_on()
        && let Some(last) = steps.last_mut()
    {
        last.post = None;
    }
    if let Some(next) = steps.iter_mut().find(|step| step.badge.text == TO_DO.text) {
        next.next = true;
    }
    steps
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    render(&app, &signed, &id, News::default()).await
}

async fn test(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let report = app.engine().test_channel(&id).await?;
    let found = Found::of(&app, report).await?;
    render(&app, &signed, &id, News { found, ..News::default() }).await
}

async fn fetch(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let news = fetched(&app, &id).await;
    render(&app, &signed, &id, news).await
}

async fn switch_on(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    match app.engine().switch_channel_on(&id, &signed.caller()).await {
        Ok(()) => back(&app, &id).await,
        Err(error) => {
            let form = blank().refused(error.into(), SECRETS)?;
            render(&app, &signed, &id, News { form: Some(form), ..News::default() }).await
        }
    }
}

async fn pause(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    app.engine().pause_mail_server(&id, true, &signed.caller()).await?;
    back(&app, &id).await
}

/// Undoes a pause and nothing else: handlers that were switched off stay so.
async fn resume(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    app.engine().pause_mail_server(&id, false, &signed.caller()).await?;
    back(&app, &id).await
}

/// Says what becomes of the mail, where nothing says so yet.
async fn set_purpose(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let set = async {
        let purpose = purpose::read(&fields)?;
        Ok::<_, ApiError>(app.engine().handle_channel(&id, purpose, &signed.caller()).await?)
    };
    match set.await {
        Ok(_) => back(&app, &id).await,
        Err(error) => {
            let form = blank().typed(&fields).refused(error, SECRETS)?;
            render(&app, &signed, &id, News { form: Some(form), ..News::default() }).await
        }
    }
}

async fn ask_consent(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    match authorize::ask(&app, &signed, &id, &fields).await {
        Ok((server, authorized)) => {
            let back = format!("/channels/{}", server.id);
            authorize::show(&app, &signed, &server, authorized, back)
        }
        Err(error) => {
            let form = blank().typed(&fields).refused(error, SECRETS)?;
            render(&app, &signed, &id, News { form: Some(form), ..News::default() }).await
        }
    }
}

/// Takes a grant that stands already, in the place of a consent.
async fn sign_in(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let draft = MailServerDraft { grant: fields.optional("grant"), ..MailServerDraft::default() };
    app.engine().edit_mail_server(&id, draft.into(), &signed.caller()).await?;
    back(&app, &id).await
}

async fn back(app: &App, id: &str) -> Result<Response, ApiError> {
    let server = app.engine().mail_server(id).await?;
    Ok(Redirect::to(&format!("/channels/{}", server.id)).into_response())
}

async fn render(app: &App, signed: &Signed, id: &str, news: News) -> Result<Response, ApiError> {
    let channel = app.engine().channel(id).await?;
    let server = &channel.server;
    let id = server.id.to_string();
    let form = news.form.unwrap_or_else(blank);
    let status = form::status(&form);
    let tested = news.found.report.as_ref().is_some_and(|report| report.ok);
    let purpose = match channel.handlers.is_empty() {
        true => Some(PurposeFields::new(app, &form).await?),
        false => None,
    };
    let href = super::href(&channel);
    let page = ChannelPage {
        notice: news.notice,
        failure: news.failure,
        report: news.found.report,
        tried: news.found.tried,
        server_href: format!("/mail-servers/{id}"),
        mailbox: server.mailbox.clone(),
        description: server.description.clone(),
        standing: standing(server, channel.grant.as_ref(), channel.is_on(), &href),
        href,
        note: server.health.note.clone(),
        steps: steps(&channel, tested),
        paused: server.paused,
        sign_in: sign_in_view(server, channel.grant.as_ref()),
        links: pickers::links(app, form.value("link")).await?,
        facts: facts(server),
        handlers: channel.handlers.iter().map(HandlerLine::from).collect(),
        purpose,
        form,
        log: log::newest(app, &id, STRETCHES).await?,
        messages: newest(app, &id, NEWEST).await?,
        created_at: server.created_at.into(),
        id,
    };
    app.pages().show_with(status, signed, "channels", "channel.html", page)
}
