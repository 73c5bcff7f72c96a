//! The secrets of a link: a new one, and the days on which those that are kept end.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use outlink_engine::links::{LinkDraft, LinkEdit, SecretEnd};
use outlink_model::Timestamp;
use outlink_model::link::{ClientSecret, GrantType, Link, SigningAlg};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use serde::Serialize;

use super::{CHANGED_MEANWHILE, after, seen};
use crate::app::App;
use crate::auth::Signed;
use crate::console::link_form::{LinkFields, Proof, SECRETS, ends, new_secret, signing_alg};
use crate::console::links::SecretRow;
use crate::error::ApiError;
use crate::extract::{Path, moment};
use crate::form::{self, Fields, Form};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/links/{id}/secret", get(open).post(save))
        .route("/links/{id}/secret/ends", post(save_end))
}

/// The form for a new secret, and one for the end of each that is kept.
#[derive(Debug, Serialize)]
pub(crate) struct LinkSecretPage {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) fields: LinkFields,
    pub(crate) secrets: Vec<SecretRow>,
    pub(crate) days: Vec<SecretDay>,
}

/// The day on which a secret ends.
#[derive(Debug, Serialize)]
pub(crate) struct SecretDay {
    pub(crate) id: String,
    /// Which one it is, in words.
    pub(crate) what: &'static str,
    /// As a date field has it; empty where no day is known.
    pub(crate) day: String,
}

impl SecretDay {
    fn all(secrets: &[ClientSecret]) -> Vec<Self> {
        let day = |(place, secret): (usize, &ClientSecret)| Self {
            id: secret.id.to_string(),
            what: match (place, secrets.len()) {
                (0, 1) => "The one in use ends on",
                (0, _) => "The one that is used first ends on",
                (_, _) => "The one beside it ends on",
            },
            day: secret.expires_at.map(day_of).unwrap_or_default(),
        };
        secrets.iter().enumerate().map(day).collect()
    }
}

fn day_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

pub(crate) fn secret_form(signing_alg: Option<SigningAlg>) -> Form {
    Form::new(&[
        ("updated_at", ""),
        ("signing_alg", signing_alg.map_or("", |alg| alg.as_str())),
        ("client_certificate", ""),
        ("client_key_id", ""),
        ("client_secret_expires_at", ""),
        ("ends_on", ""),
        ("how", "add"),
    ])
}

fn form_of(link: &Link) -> Form {
    secret_form(link.signing_alg).with("updated_at", link.updated_at.to_string())
}

async fn open(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let link = app.engine().link(&id).await?;
    let form = form_of(&link);
    show(&app, &signed, link, form)
}

/// Saves a new secret.
async fn save(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let link = app.engine().link(&id).await?;
    let saved = async {
        let edit = read(&link, &fields)?;
        let saved = app.engine().edit_link(&id, edit, &signed.caller()).await;
        saved.map_err(|error| beside_the_secret(error.into()))
    };
    match saved.await {
        Ok(saved) => after(&app, &signed, saved, "The secret is saved.").await,
        Err(error) => refused(&app, &signed, link, &fields, error).await,
    }
}

/// A key file is pasted where a key would be, so that is where its faults are told.
fn beside_the_secret(error: ApiError) -> ApiError {
    match error.field.as_deref() {
        Some("service_account") => ApiError { field: Some("client_secret".to_owned()), ..error },
        _ => error,
    }
}

fn read(link: &Link, fields: &Fields) -> Result<LinkEdit, ApiError> {
    let proof = Proof::of(link.grant_type, Some(link.client_auth));
    let mut secret = new_secret(fields, proof)?;
    let is_file = |text: &str| reads_key_files(link) && text.trim_start().starts_with('{');
    let file = secret.take_if(|new| is_file(new.value.expose())).map(|new| new.value);
    let of_file = file.as_ref().and(ends(fields)?);
    // Without a new secret the engine says that none was entered.
    let is_missing = secret.is_none() && file.is_none();
    let beside = !link.client_secrets.is_empty() && fields.text("how") == "add";
    Ok(LinkEdit {
        add_secret: is_missing || beside,
        secret_end: of_file.map(|at| SecretEnd { of: None, at: Some(at) }),
        service_account: file,
        seen: seen(fields)?,
        draft: LinkDraft { signing_alg: signing_alg(fields)?, secret, ..LinkDraft::default() },
        ..LinkEdit::default()
    })
}

/// Whether keys of this link come in Google's key files.
fn reads_key_files(link: &Link) -> bool {
    link.provider == ProviderKind::Google && link.grant_type == GrantType::JwtBearer
}

/// Saves the day on which a secret that is kept ends.
async fn save_end(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let link = app.engine().link(&id).await?;
    let saved = async {
        let end = read_end(&link, &fields)?;
        let edit = LinkEdit { secret_end: Some(end), seen: seen(&fields)?, ..LinkEdit::default() };
        Ok::<_, ApiError>(app.engine().edit_link(&id, edit, &signed.caller()).await?)
    };
    match saved.await {
        Ok(saved) => after(&app, &signed, saved, "The day is saved.").await,
        Err(error) => refused(&app, &signed, link, &fields, error).await,
    }
}

fn read_end(link: &Link, fields: &Fields) -> Result<SecretEnd, Problem> {
    let named = fields.text("client_secret_id");
    let secret = link.client_secrets.iter().find(|secret| secret.id.to_string() == named.trim());
    let Some(secret) = secret else {
        return Err(Problem::invalid(
            "ends_on",
            "secret_unknown",
            "The link does not keep this secret any more.",
            "Those that it keeps are shown here.",
        ));
    };
    let day = fields.text("ends_on");
    // A day that was not touched leaves the hour as it is, which a date field cannot show.
    let same = secret.expires_at.filter(|at| day_of(*at) == day.trim());
    let at = match same {
        Some(at) => Some(at),
        None => moment("ends_on", Some(&day))?,
    };
    Ok(SecretEnd { of: Some(secret.id), at })
}

async fn refused(
    app: &App,
    signed: &Signed,
    link: Link,
    fields: &Fields,
    error: ApiError,
) -> Result<Response, ApiError> {
    let link = match error.code {
        CHANGED_MEANWHILE => app.engine().link(&link.id.to_string()).await?,
        _ => link,
    };
    let typed = secret_form(link.signing_alg).typed(fields);
    let form = match error.code {
        CHANGED_MEANWHILE => {
            let hint =
                "Its secrets are shown as they are now. Enter yours again if it is still wanted.";
            let error = ApiError { hint: hint.to_owned(), ..error };
            typed.with("updated_at", link.updated_at.to_string()).refused(error, SECRETS)?
        }
        _ => typed.refused(error, SECRETS)?,
    };
    show(app, signed, link, form)
}

fn show(app: &App, signed: &Signed, link: Link, form: Form) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let page = LinkSecretPage {
        href: format!("/links/{}", link.id),
        form,
        fields: LinkFields::new(link.provider, link.grant_type, Some(link.client_auth), false),
        secrets: SecretRow::all(&link.client_secrets, app.engine().now()),
        days: SecretDay::all(&link.client_secrets),
        name: link.name,
    };
    app.pages().show_with(status, signed, "links", "link_secret.html", page)
}
