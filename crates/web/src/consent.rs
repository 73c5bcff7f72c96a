//! The way of a mailbox owner: our start page, the provider, and back. Public: the one-time address is the permission.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use outlink_engine::grants::grant_name;
use outlink_model::provider::ProviderKind;
use outlink_model::{MailServerId, Secret};
use outlink_oauth::preset;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::cookie::Cookie;
use crate::error::ApiError;
use crate::extract::Path;
use crate::headers;
use crate::words::{ScopeView, When};

/// Seconds for which the page at the end can be looked at again.
const OUTCOME_KEPT: u64 = 600;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/consent/done", get(done))
        .route("/consent/{token}", get(start).post(begin))
        // A HEAD would use the answer up without anybody seeing it, and axum serves HEAD by the handler of GET.
        .route("/oauth2/callback/{reference}", get(callback).head(not_by_head).post(not_by_post))
}

/// What the start page shows.
#[derive(Debug, Serialize)]
pub(crate) struct StartPage {
    pub(crate) link_name: String,
    /// Absent where the host is all that is known.
    pub(crate) provider_name: Option<String>,
    pub(crate) provider_host: String,
    pub(crate) login_hint: Option<String>,
    pub(crate) scopes: Vec<ScopeView>,
    pub(crate) expires_at: When,
}

/// Looks, and changes nothing: mail scanners follow every address that they see.
async fn start(State(app): State<App>, Path(token): Path<String>) -> Result<Response, ApiError> {
    let page = app.engine().consent_page(&token).await?;
    let policy = headers::consent_policy(&page.provider_origin);
    let custom = preset(ProviderKind::Custom).display_name;
    let host = page.provider_origin.split_once("://").map_or("", |(_, host)| host).to_owned();
    let mut response = app.pages().public(
        "consent.html",
        StartPage {
            provider_host: if host.is_empty() { page.provider_name.clone() } else { host },
            link_name: page.link_name,
            provider_name: Some(page.provider_name).filter(|name| name != custom),
            login_hint: page.login_hint,
            scopes: ScopeView::all(page.scopes.iter().map(String::as_str)),
            expires_at: page.expires_at.into(),
        },
    )?;
    if let Some(policy) = policy {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// The button: binds the consent to this browser and goes on to the provider, by 303 (RFC 9700 §4.12).
async fn begin(State(app): State<App>, Path(token): Path<String>) -> Result<Response, ApiError> {
    let begun = app.engine().begin_consent(&token).await?;
    let max_age = u64::try_from(begun.max_age.as_secs()).ok();
    let cookie = Cookie::Consent.set(app.is_https(), &begun.cookie, max_age);
    let location = HeaderValue::from_str(begun.location.expose()).ok();
    let (Some(cookie), Some(location)) = (cookie, location) else {
        return Err(ApiError::broken("the authorization request does not fit into a header"));
    };
    let mut response = (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie)]).into_response();
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// How it went, as the page at the end tells it. It travels in a cookie of the browser that it concerns, so that the
/// page has an address without a code in it and can be looked at again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) ok: bool,
    pub(crate) status: u16,
    pub(crate) link_name: String,
    pub(crate) identity: String,
    pub(crate) warning: Option<String>,
    pub(crate) message: String,
    pub(crate) hint: String,
    /// The page that it was asked for on, where that was in this browser.
    #[serde(default)]
    pub(crate) back: Option<WayBack>,
}

/// The way back to the page of the console that a consent was asked for on. Only the browser in which that was done knows
/// it: whoever consents elsewhere has no use for the console.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WayBack {
    pub(crate) href: String,
    pub(crate) label: String,
}

impl WayBack {
    /// What this browser remembers.
    pub(crate) fn read(app: &App, headers: &HeaderMap) -> Option<Self> {
        Self::to(&Cookie::Back.read(app.is_https(), headers)?)
    }

    /// None where it is no page that consents are asked for on.
    fn to(href: &str) -> Option<Self> {
        let (label, id) = match href.strip_prefix("/channels/") {
            Some(id) => ("Go on with the channel", id),
            None => ("Back to the mail server", href.strip_prefix("/mail-servers/")?),
        };
        id.parse::<MailServerId>().ok()?;
        Some(Self { href: href.to_owned(), label: label.to_owned() })
    }
}

/// The provider sent the browser back. Whatever comes of it, the next address holds neither code nor state.
async fn callback(
    State(app): State<App>,
    Path(reference): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let cookie = Cookie::Consent.read(app.is_https(), &headers);
    let outcome = match app.engine().finish_consent(&reference, &pairs, cookie.as_deref()).await {
        Ok(finished) => Outcome {
            ok: true,
            status: 200,
            identity: grant_name(&finished.grant),
            link_name: finished.link_name,
            warning: finished.warning.map(short),
            message: String::new(),
            hint: String::new(),
            back: WayBack::read(&app, &headers),
        },
        Err(error) => {
            let error = ApiError::from(error);
            Outcome {
                ok: false,
                status: error.status.as_u16(),
                link_name: String::new(),
                identity: String::new(),
                warning: None,
                message: short(error.detail),
                hint: short(error.hint),
                back: WayBack::read(&app, &headers),
            }
        }
    };
    let mut response = Redirect::to("/consent/done").into_response();
    // This address holds a code; nobody, ourselves included, has a use for it as a Referer.
    let no_referrer = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(REFERRER_POLICY, no_referrer);
    let text = serde_json::to_vec(&outcome).map(|json| URL_SAFE_NO_PAD.encode(json));
    let value = Secret::new(text.unwrap_or_default());
    let told = Cookie::Outcome.set(app.is_https(), &value, Some(OUTCOME_KEPT));
    // The binding is kept after a failure: the person may still come back from the right tab.
    let spent = outcome.ok.then(|| Cookie::Consent.clear(app.is_https())).flatten();
    let gone_back = outcome.ok.then(|| Cookie::Back.clear(app.is_https())).flatten();
    for cookie in [told, spent, gone_back].into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Cookies hold about 4000 octets; a provider's words may be longer.
fn short(text: String) -> String {
    match text.char_indices().nth(500) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The page at the end. It has no form, and shows nothing but what this browser was told.
async fn done(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let told = Cookie::Outcome.read(app.is_https(), &headers);
    let told = told.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let outcome: Option<Outcome> = told.and_then(|json| serde_json::from_slice(&json).ok());
    let Some(outcome) = outcome else {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "consent_untold",
            "There is nothing to tell here any more.",
            "If you have just come from a provider, open the consent page again; allow cookies for this site.",
        ));
    };
    let status = StatusCode::from_u16(outcome.status).unwrap_or(StatusCode::OK);
    let mut response = app.pages().public("consent_done.html", &outcome)?;
    *response.status_mut() = status;
    Ok(response)
}

async fn not_by_head() -> ApiError {
    wrong_way("HEAD")
}

async fn not_by_post() -> ApiError {
    wrong_way("POST")
}

fn wrong_way(method: &str) -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "consent_callback_by_get",
        format!("The provider’s answer came by {method}; it is taken by GET only."),
        "Remove response_mode from the link’s extra authorization parameters.",
    )
}
