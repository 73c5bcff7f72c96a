//! `…/try`: what would become of mail, and why. Nothing is written, and nothing is changed on the mail server.

use axum::body::to_bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use outlink_engine::Engine;
use outlink_engine::intake::{Trial, TrialOf};
use outlink_model::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::File;
use crate::app::App;
use crate::auth::Admin;
use crate::error::ApiError;
use crate::extract::Path;

/// How many of the newest messages are tried where nobody says; and at most.
const USUAL: usize = 10;
const MOST: usize = 50;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(by_handler))
        .routes(routes!(by_mail_server))
        // A mail may be larger than other bodies; `read` has its limit.
        .layer(DefaultBodyLimit::disable())
}

/// Says what this handler would do with mail, by itself, whether it is at work or not: with the mail that is sent along, or
/// with the newest of its mail server.
#[utoipa::path(
    post, path = "/handlers/{id}/try", tag = "handlers",
    params(("id" = String, Path, description = "Its id or name")),
    request_body(content((TryBody = "application/json"), (File = "message/rfc822"))),
    responses((status = 200, body = TrialsBody)),
)]
async fn by_handler(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
    request: Request,
) -> Result<axum::Json<TrialsBody>, ApiError> {
    let of = read(app.engine(), request).await?;
    let trials = app.engine().try_handler(&id, of).await?;
    Ok(axum::Json(shape(app.engine(), trials).await?))
}

/// Says what the handlers of a mail server would do with mail, in their order: with the mail that is sent along, or with
/// the newest that lies there.
#[utoipa::path(
    post, path = "/mail-servers/{id}/try", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    request_body(content((TryBody = "application/json"), (File = "message/rfc822"))),
    responses((status = 200, body = TrialsBody)),
)]
async fn by_mail_server(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
    request: Request,
) -> Result<axum::Json<TrialsBody>, ApiError> {
    let of = read(app.engine(), request).await?;
    let trials = app.engine().try_mail_server(&id, of).await?;
    Ok(axum::Json(shape(app.engine(), trials).await?))
}

/// Reads what is to be tried.
async fn read(engine: &Engine, request: Request) -> Result<TrialOf, ApiError> {
    let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(|value| value.split(';').next()).unwrap_or_default();
    let is_mail = media.trim().eq_ignore_ascii_case("message/rfc822");
    let is_json = media.is_empty() || media.trim().eq_ignore_ascii_case("application/json");
    if !is_mail && !is_json {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_a_mail",
            "The body is neither a mail nor JSON.",
            "Send a mail with Content-Type: message/rfc822, or JSON like {\"newest\":10}.",
        ));
    }
    let largest = engine.largest_message();
    let body = to_bytes(request.into_body(), largest).await.map_err(|_| {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "The mail is too large, or its end did not come.",
            format!(
                "Send a mail of at most {largest} octets: larger ones are not taken in either."
            ),
        )
    })?;
    if is_mail {
        return Ok(TrialOf::Mail(body.to_vec()));
    }
    let asked = match body.is_empty() {
        true => TryBody { newest: None },
        false => serde_json::from_slice(&body).map_err(|_| {
            ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad_json",
                "The body does not say what is to be tried.",
                "Send JSON like {\"newest\":10}, or a mail with Content-Type: message/rfc822.",
            )
        })?,
    };
    match asked.newest.unwrap_or(USUAL) {
        count @ 1..=MOST => Ok(TrialOf::Newest(count)),
        count => Err(Problem::invalid(
            "newest",
            "newest_unusable",
            format!("{count} messages cannot be tried at once."),
            format!("Choose between 1 and {MOST}."),
        )
        .into()),
    }
}

/// What is to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Try)]
struct TryBody {
    /// So many of the newest messages in the mail server's first folder: 1 to 50; 10 where left out.
    newest: Option<usize>,
}

/// What would become of mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trials)]
struct TrialsBody {
    items: Vec<TrialBody>,
}

/// What would become of one mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trial)]
pub(super) struct TrialBody {
    /// When it arrived, or was written.
    date: Option<Timestamp>,
    /// The sender as written.
    from: String,
    subject: String,
    /// `created`, `commented`, `rejected`, `forwarded`, `quarantined` or `unhandled`.
    outcome: &'static str,
    /// The key of the issue that it would make or belong to.
    issue: Option<String>,
    /// The name of the handler that would take it.
    handler: Option<String>,
    /// Why, as a sentence; may be empty.
    reason: String,
    /// The handlers that would be asked before and not take it.
    left: Vec<LeftBody>,
    /// `pass`, `fail` or `none`: whether the sender's domain stands behind it.
    authentication: &'static str,
    /// The text that the issue or the comment would have.
    text: String,
    /// The names of the files that would be attached.
    attachments: Vec<String>,
}

/// A handler that would not take a mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrialLeft)]
struct LeftBody {
    /// Its name.
    handler: String,
    /// Why, as a sentence.
    why: String,
}

async fn shape(engine: &Engine, trials: Vec<Trial>) -> Result<TrialsBody, ApiError> {
    Ok(TrialsBody { items: bodies(engine, trials).await? })
}

/// What would become of each mail.
pub(super) async fn bodies(
    engine: &Engine,
    trials: Vec<Trial>,
) -> Result<Vec<TrialBody>, ApiError> {
    let mut items = Vec::with_capacity(trials.len());
    for trial in trials {
        let handler = match trial.handler {
            Some(id) => Some(engine.handler(&id.to_string()).await?.name),
            None => None,
        };
        let left = trial.left.into_iter().map(|(handler, why)| LeftBody { handler, why });
        items.push(TrialBody {
            date: trial.date,
            from: trial.from,
            subject: trial.subject,
            outcome: trial.outcome.as_str(),
            issue: trial.issue,
            handler,
            reason: trial.reason,
            left: left.collect(),
            authentication: trial.authentication.as_str(),
            text: trial.text,
            attachments: trial.attachments,
        });
    }
    Ok(items)
}
