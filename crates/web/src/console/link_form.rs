//! The form for a new link: first the provider, then what it gave out.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::links::NewLink;
use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_oauth::{PRESETS, Preset, preset};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Signed;
use crate::choice::{choice as named, optional_choice};
use crate::error::ApiError;
use crate::extract::Query;
use crate::form::{self, Choice, Fields, Form, choice};
use crate::page::encode;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/links/new", get(new)).route("/links/redirect-url", post(preview))
}

/// The providers to choose from.
#[derive(Debug, Serialize)]
pub(crate) struct ChoosePage {
    pub(crate) providers: Vec<ProviderTile>,
}

/// One provider to choose.
#[derive(Debug, Serialize)]
pub(crate) struct ProviderTile {
    pub(crate) href: String,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

impl From<&Preset> for ProviderTile {
    fn from(preset: &Preset) -> Self {
        let text = match preset.kind {
            ProviderKind::Google => "Gmail and Google Workspace.",
            ProviderKind::Microsoft => "Microsoft 365, Exchange Online and Outlook.com.",
            ProviderKind::Custom => "Any other provider: you enter its endpoints.",
        };
        let href = format!("/links/new?provider={}", encode(preset.kind.as_str()));
        Self { href, name: preset.display_name, text }
    }
}

/// The form.
#[derive(Debug, Serialize)]
pub(crate) struct LinkNewPage {
    pub(crate) provider: &'static str,
    pub(crate) provider_name: &'static str,
    pub(crate) custom: bool,
    pub(crate) documentation: Option<&'static str>,
    pub(crate) redirect_url: Option<String>,
    pub(crate) form: Form,
    /// Whether the rarely needed settings are unfolded: they are once something went wrong, which may be among them.
    pub(crate) more_open: bool,
    pub(crate) grant_types: Vec<Choice>,
    pub(crate) client_auths: Vec<Choice>,
}

impl LinkNewPage {
    pub(crate) fn new(preset: &'static Preset, redirect_url: Option<String>, form: Form) -> Self {
        let auths = ClientAuth::ALL.into_iter().map(|auth| {
            let note = match auth {
                ClientAuth::Basic => "in the Authorization header",
                ClientAuth::Post => "in the body",
                ClientAuth::BasicRaw => "in the header, not encoded",
                ClientAuth::None => "a public client",
            };
            choice(auth.as_str(), format!("{auth} ({note})"))
        });
        let unset = choice("", "the usual one");
        Self {
            provider: preset.kind.as_str(),
            provider_name: preset.display_name,
            custom: preset.kind == ProviderKind::Custom,
            documentation: preset.documentation,
            redirect_url,
            more_open: form.is_refused(),
            form,
            grant_types: GrantType::ALL
                .into_iter()
                .map(|t| choice(t.as_str(), t.as_str()))
                .collect(),
            client_auths: std::iter::once(unset).chain(auths).collect(),
        }
    }
}

/// The form, empty but for what the preset gives.
pub(crate) fn blank(preset: &Preset) -> Form {
    Form::new(&[
        ("name", ""),
        ("description", ""),
        ("client_id", ""),
        ("scope", preset.scope),
        ("grant_type", GrantType::AuthorizationCode.as_str()),
        ("client_auth", ""),
        ("authorization_endpoint", ""),
        ("token_endpoint", ""),
        ("issuer", ""),
        ("userinfo_endpoint", ""),
        ("authorization_params", ""),
    ])
}

#[derive(Debug, Deserialize)]
struct NewQuery {
    provider: Option<String>,
}

async fn new(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<NewQuery>,
) -> Result<Response, ApiError> {
    let kind = optional_choice::<ProviderKind>("provider", query.provider.as_deref())?;
    let Some(kind) = kind else {
        let page = ChoosePage { providers: PRESETS.iter().map(ProviderTile::from).collect() };
        return app.pages().show(&signed, "links", "link_choose.html", page);
    };
    let preset = preset(kind);
    show(&app, &signed, preset, None, blank(preset))
}

/// Shows the form again with the redirect URL of the endpoints that were typed. Saves nothing.
async fn preview(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let preset = preset(named("provider", &fields.text("provider"))?);
    let form = blank(preset).typed(&fields);
    match redirect_url(&app, preset, &fields) {
        Ok(url) => show(&app, &signed, preset, Some(url), form),
        Err(error) => show(&app, &signed, preset, None, form.refused(error, &[])?),
    }
}

/// Saves the link.
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let preset = preset(named("provider", &fields.text("provider"))?);
    let made = async {
        let new = read(preset.kind, &fields)?;
        Ok::<_, ApiError>(app.engine().create_link(new, &signed.caller()).await?)
    };
    match made.await {
        Ok(link) => Ok(Redirect::to(&format!("/links/{}", link.id)).into_response()),
        Err(error) => {
            let form = blank(preset).typed(&fields).refused(error, &["client_secret"])?;
            let url = redirect_url(&app, preset, &fields).ok();
            show(&app, &signed, preset, url, form)
        }
    }
}

fn redirect_url(app: &App, preset: &Preset, fields: &Fields) -> Result<String, ApiError> {
    let authorization = fields.optional("authorization_endpoint");
    let token = fields.optional("token_endpoint");
    let url =
        app.engine().redirect_url(Some(preset.kind), authorization.as_deref(), token.as_deref())?;
    Ok(url)
}

fn read(provider: ProviderKind, fields: &Fields) -> Result<NewLink, ApiError> {
    let grant_type = fields.optional("grant_type");
    let client_auth = fields.optional("client_auth");
    Ok(NewLink {
        name: fields.text("name"),
        description: fields.text("description"),
        provider,
        grant_type: optional_choice("grant_type", grant_type.as_deref())?,
        client_id: fields.text("client_id"),
        client_secret: fields.secret("client_secret"),
        client_auth: optional_choice("client_auth", client_auth.as_deref())?,
        authorization_endpoint: fields.optional("authorization_endpoint"),
        token_endpoint: fields.optional("token_endpoint"),
        issuer: fields.optional("issuer"),
        userinfo_endpoint: fields.optional("userinfo_endpoint"),
        scope: fields.optional("scope"),
        authorization_params: params(&fields.text("authorization_params"))?,
    })
}

/// One `name=value` on each line.
fn params(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| match line.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(Problem::invalid(
                "authorization_params",
                "params_unusable",
                format!("The line {line:?} is not of the form name=value."),
                "Write one parameter on each line, like prompt=consent.",
            )),
        })
        .collect()
}

fn show(
    app: &App,
    signed: &Signed,
    preset: &'static Preset,
    redirect_url: Option<String>,
    form: Form,
) -> Result<Response, ApiError> {
    // A preset's redirect URL is known before anything is typed.
    let known = || app.engine().redirect_url(Some(preset.kind), None, None).ok();
    let status = form::status(&form);
    let page = LinkNewPage::new(preset, redirect_url.or_else(known), form);
    let mut response = app.pages().show(signed, "links", "link_new.html", page)?;
    *response.status_mut() = status;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_lines() {
        let read = params(" prompt = consent\n\nclaims={\"a\"=1}\n").unwrap();
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(read, [pair("prompt", "consent"), pair("claims", "{\"a\"=1}")]);
        assert_eq!(params("prompt").unwrap_err().field, Some("authorization_params"));
        assert!(params("=x").is_err());
    }
}
