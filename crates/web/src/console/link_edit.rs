//! Changing a link: the same fields, laid over what stands. Keeps the invariant **A moved endpoint locks its secrets**:
//! what the engine demands for a moved endpoint is said beside the secret.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::links::{LinkEdit, SavedLink};
use outlink_model::Timestamp;
use outlink_model::link::{ClientAuth, Link};
use outlink_model::problem::Problem;
use outlink_oauth::preset;
use serde::Serialize;

use super::link_form::{LinkFields, Proof, SECRETS, draft, lines};
use super::links::{News, show_link};
use crate::app::App;
use crate::auth::Signed;
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::Path;
use crate::form::{self, Fields, Form};

mod secret;

#[cfg(test)]
pub(crate) use secret::{LinkSecretPage, SecretDay, secret_form};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/links/{id}/edit", get(edit).post(save))
        .route("/links/{id}/edit/fields", post(other_fields))
        .merge(secret::routes())
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
    /// Whether a secret is kept that a public client would have no use for.
    pub(crate) has_secret: bool,
    /// Where the link is not what stands in the form, once somebody else has changed it.
    pub(crate) differs: Vec<Difference>,
    pub(crate) more_open: bool,
}

/// A field that somebody else may have changed.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    pub(crate) label: &'static str,
    /// What the link has there now; may be empty.
    pub(crate) now: String,
}

/// The fields that are compared, by their names on the page.
const COMPARED: [(&str, &str); 19] = [
    ("name", "Name"),
    ("description", "Description"),
    ("client_id", "Client ID"),
    ("client_auth", "Client authentication"),
    ("signing_alg", "Signing algorithm"),
    ("authorization_endpoint", "Authorization endpoint"),
    ("token_endpoint", "Token endpoint"),
    ("revocation_endpoint", "Revocation endpoint"),
    ("device_authorization_endpoint", "Device authorization endpoint"),
    ("issuer", "Issuer"),
    ("requires_iss", "The provider’s answers always name their issuer"),
    ("token_hosts", "Hosts that tokens may be shown to"),
    ("userinfo_endpoint", "Userinfo endpoint"),
    ("introspection_endpoint", "Introspection endpoint"),
    ("scope", "Scopes"),
    ("scope_separator", "Scopes are separated by"),
    ("pkce", "PKCE"),
    ("authorization_params", "Extra authorization parameters"),
    ("token_params", "Extra token parameters"),
];

/// Where a link is not what stands in a form: what saving the form would overwrite.
fn differences(link: &Link, form: &Form) -> Vec<Difference> {
    let now = filled(link);
    let differs = COMPARED.into_iter().filter(|(name, _)| {
        let words = |form: &Form| form.value(name).split_whitespace().collect::<Vec<_>>().join(" ");
        words(&now) != words(form)
    });
    differs.map(|(name, label)| Difference { label, now: now.value(name).to_owned() }).collect()
}

/// The code of a refusal since somebody else was quicker.
const CHANGED_MEANWHILE: &str = "changed_meanwhile";

/// When the link was last edited, as the page with the form has it.
fn seen(fields: &Fields) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = fields.sent("updated_at") else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| {
        Problem::invalid(
            "updated_at",
            "moment_unusable",
            "The form does not say any more which state of the link it was filled in with.",
            "Open it anew.",
        )
    })
}

/// A link as its fields hold it.
pub(crate) fn filled(link: &Link) -> Form {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Form::new(&[
        ("updated_at", &link.updated_at.to_string()),
        ("delete_client_secret", ""),
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
        let edit = LinkEdit {
            draft: draft(&fields, auth, proof)?,
            delete_secret: proof == Proof::Nothing
                && fields.optional("delete_client_secret").is_some(),
            seen: seen(&fields)?,
            ..LinkEdit::default()
        };
        Ok::<_, ApiError>(Some(app.engine().edit_link(&id, edit, &signed.caller()).await?))
    };
    match saved.await {
        Ok(Some(saved)) => after(&app, &signed, saved, "The link is saved.").await,
        Ok(None) => {
            let notice = "Nothing is saved yet: this client authentication needs other fields. They are shown now.";
            show(&app, &signed, &link, filled(&link).typed(&fields), Some(notice))
        }
        Err(error) if error.code == CHANGED_MEANWHILE => {
            // Read after the refusal, so that what is shown is what saving again would overwrite.
            let link = app.engine().link(&link.id.to_string()).await?;
            let hint = "What you entered still stands in the form. Compare it with the link as it is now, shown below, and \
                        save again to put yours in its place.";
            let error = ApiError { hint: hint.to_owned(), ..error };
            let form = filled(&link).typed(&fields).with("updated_at", link.updated_at.to_string());
            let form = form.refused(error, SECRETS)?;
            let differs = differences(&link, &form);
            show_with(&app, &signed, &link, form, None, differs)
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
    show_with(app, signed, link, form, notice, Vec::new())
}

fn show_with(
    app: &App,
    signed: &Signed,
    link: &Link,
    form: Form,
    notice: Option<&'static str>,
    differs: Vec<Difference>,
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
        has_secret: !link.client_secrets.is_empty(),
        differs,
        more_open: form.is_refused(),
        form,
    };
    app.pages().show_with(status, signed, "links", "link_edit.html", page)
}
