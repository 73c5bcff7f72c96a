//! Changing a link: the same fields, laid over what stands. Keeps the invariant **A moved endpoint locks its secrets**:
//! what the engine demands for a moved endpoint is said beside the secret.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::links::{LinkDraft, LinkEdit, SavedLink};
use outlink_model::link::{ClientAuth, GrantType, Link, SigningAlg};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_oauth::{parse_service_account, preset};
use serde::Serialize;

use super::link_form::{LinkFields, Proof, SECRETS, draft, ends, lines, new_secret};
use super::links::{News, SecretRow, show_link};
use crate::app::App;
use crate::auth::Signed;
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::Path;
use crate::form::{self, Fields, Form};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/links/{id}/edit", get(edit).post(save))
        .route("/links/{id}/edit/fields", post(other_fields))
        .route("/links/{id}/secret", get(secret).post(save_secret))
}

/// The form over a link that stands.
#[derive(Debug, Serialize)]
pub(crate) struct LinkEditPage {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) provider_name: &'static str,
    pub(crate) redirect_url: Option<String>,
    pub(crate) form: Form,
    /// The client authentication whose fields are shown.
    pub(crate) shown_for: String,
    pub(crate) notice: Option<&'static str>,
    pub(crate) fields: LinkFields,
    pub(crate) more_open: bool,
}

/// A link as its fields hold it.
pub(crate) fn filled(link: &Link) -> Form {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Form::new(&[
        ("name", &link.name),
        ("description", &link.description),
        ("client_id", &link.client_id),
        ("client_auth", link.client_auth.as_str()),
        ("signing_alg", link.signing_alg.map_or("", |alg| alg.as_str())),
        ("client_certificate", ""),
        ("client_key_id", ""),
        ("client_secret_expires_at", ""),
        ("authorization_endpoint", &text(&link.authorization_endpoint)),
        ("token_endpoint", &link.token_endpoint),
        ("revocation_endpoint", &text(&link.revocation_endpoint)),
        ("device_authorization_endpoint", &text(&link.device_authorization_endpoint)),
        ("issuer", &text(&link.issuer)),
        ("requires_iss", if link.requires_iss { "yes" } else { "no" }),
        ("token_hosts", &link.token_hosts.join(" ")),
        ("userinfo_endpoint", &text(&link.userinfo_endpoint)),
        ("introspection_endpoint", &text(&link.introspection_endpoint)),
        ("scope", &link.scope),
        ("scope_separator", link.scope_separator.as_str()),
        ("pkce", if link.pkce { "on" } else { "off" }),
        ("authorization_params", &lines(&link.authorization_params)),
        ("token_params", &lines(&link.token_params)),
    ])
}

async fn edit(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let link = app.engine().link(&id).await?;
    let form = filled(&link);
    show(&app, &signed, &link, form, None)
}

/// The fields of another client authentication. Saves nothing.
async fn other_fields(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let link = app.engine().link(&id).await?;
    let form = filled(&link).typed(&fields);
    show(&app, &signed, &link, form, None)
}

async fn save(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let link = app.engine().link(&id).await?;
    let saved = async {
        let auth = fields.sent("client_auth");
        let auth = optional_choice("client_auth", auth.as_deref())?;
        let proof = Proof::of(link.grant_type, Some(auth.unwrap_or(link.client_auth)));
        let shown = fields.optional("shown_for").and_then(|text| text.parse().ok());
        // The fields on the page were those of another authentication: the ones that are needed were not there yet.
        if shown.is_some_and(|shown| Proof::of(link.grant_type, Some(shown)) != proof)
            && proof != Proof::Nothing
        {
            return Ok(None);
        }
        let edit = LinkEdit { draft: draft(&fields, auth, proof)?, ..LinkEdit::default() };
        Ok::<_, ApiError>(Some(app.engine().edit_link(&id, edit, &signed.caller()).await?))
    };
    match saved.await {
        Ok(Some(saved)) => after(&app, &signed, saved, "The link is saved.").await,
        Ok(None) => {
            let notice = "Nothing is saved yet: this client authentication needs other fields. They are shown now.";
            show(&app, &signed, &link, filled(&link).typed(&fields), Some(notice))
        }
        Err(error) => {
            let form = filled(&link).typed(&fields).refused(error, SECRETS)?;
            show(&app, &signed, &link, form, None)
        }
    }
}

/// What was done is told at once, since it stands nowhere later.
async fn after(
    app: &App,
    signed: &Signed,
    saved: SavedLink,
    notice: &str,
) -> Result<Response, ApiError> {
    let stands = app.engine().link_warnings(&saved.link);
    let id = saved.link.id.to_string();
    if saved.warnings.iter().all(|warning| stands.contains(warning)) {
        return Ok(Redirect::to(&format!("/links/{id}")).into_response());
    }
    let news = News { notice: Some(notice.to_owned()), ..News::default() };
    show_link(app, signed, &id, News { warnings: saved.warnings, ..news }).await
}

fn show(
    app: &App,
    signed: &Signed,
    link: &Link,
    form: Form,
    notice: Option<&'static str>,
) -> Result<Response, ApiError> {
    let auth = form.value("client_auth").parse::<ClientAuth>().unwrap_or(link.client_auth);
    let status = form::status(&form);
    let page = LinkEditPage {
        href: format!("/links/{}", link.id),
        name: link.name.clone(),
        provider_name: preset(link.provider).display_name,
        redirect_url: app.engine().redirect_url_of(link),
        shown_for: auth.to_string(),
        notice,
        fields: LinkFields::new(link.provider, link.grant_type, Some(auth), false),
        more_open: form.is_refused(),
        form,
    };
    app.pages().show_with(status, signed, "links", "link_edit.html", page)
}

/// The form for a new secret, or for the end of the one in use.
#[derive(Debug, Serialize)]
pub(crate) struct LinkSecretPage {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) fields: LinkFields,
    pub(crate) secrets: Vec<SecretRow>,
}

pub(crate) fn secret_form(signing_alg: Option<SigningAlg>) -> Form {
    Form::new(&[
        ("signing_alg", signing_alg.map_or("", |alg| alg.as_str())),
        ("client_certificate", ""),
        ("client_key_id", ""),
        ("client_secret_expires_at", ""),
        ("how", "add"),
    ])
}

async fn secret(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let link = app.engine().link(&id).await?;
    let form = secret_form(link.signing_alg);
    show_secret(&app, &signed, link, form)
}

async fn save_secret(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let link = app.engine().link(&id).await?;
    let saved = async {
        let edit = read_secret(&link, &fields)?;
        Ok::<_, ApiError>(app.engine().edit_link(&id, edit, &signed.caller()).await?)
    };
    match saved.await {
        Ok(saved) => after(&app, &signed, saved, "The secret is saved.").await,
        Err(error) => {
            let form = secret_form(link.signing_alg).typed(&fields).refused(error, SECRETS)?;
            show_secret(&app, &signed, link, form)
        }
    }
}

fn read_secret(link: &Link, fields: &Fields) -> Result<LinkEdit, ApiError> {
    let proof = Proof::of(link.grant_type, Some(link.client_auth));
    let ends = ends(fields)?;
    let mut secret = new_secret(fields, proof)?;
    if let Some(new) = &mut secret
        && reads_key_files(link)
        && new.value.expose().trim_start().starts_with('{')
    {
        let account = parse_service_account(&new.value)
            .map_err(|problem| Problem { field: Some("client_secret"), ..problem })?;
        new.value = account.private_key;
        new.key_id = new.key_id.take().or(account.private_key_id);
    }
    // Without a new secret only the end of the one in use is set; where neither is given, the engine says so.
    let only_end = secret.is_none() && ends.is_some();
    let beside = !link.client_secrets.is_empty() && fields.text("how") == "add";
    let alg = fields.sent("signing_alg").filter(|_| secret.is_some());
    Ok(LinkEdit {
        add_secret: !only_end && (secret.is_none() || beside),
        secret_expires_at: ends.filter(|_| only_end),
        draft: LinkDraft {
            signing_alg: optional_choice("signing_alg", alg.as_deref())?,
            secret,
            ..LinkDraft::default()
        },
    })
}

/// Whether keys of this link come in Google's key files.
fn reads_key_files(link: &Link) -> bool {
    link.provider == ProviderKind::Google && link.grant_type == GrantType::JwtBearer
}

fn show_secret(app: &App, signed: &Signed, link: Link, form: Form) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let page = LinkSecretPage {
        href: format!("/links/{}", link.id),
        form,
        fields: LinkFields::new(link.provider, link.grant_type, Some(link.client_auth), false),
        secrets: SecretRow::all(&link.client_secrets, app.engine().now()),
        name: link.name,
    };
    app.pages().show_with(status, signed, "links", "link_secret.html", page)
}
