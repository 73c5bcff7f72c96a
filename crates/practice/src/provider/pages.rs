//! The pages that people see: sign-in, consent, and what to say when neither is possible.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::authorize::{self, Asked, Bad, Way};
use super::browser::COOKIE;
use super::client;
use super::form::Form;
use super::html::{self, Page};
use crate::grants::Consented;
use crate::state::{Shared, World};

const STYLE: &str = include_str!("style.css");

/// What to do next with a request.
enum Step {
    /// Somebody must sign in.
    SignIn,
    /// Whoever is signed in must be asked.
    Ask(String),
    /// Nobody need be asked; the browser goes back to the client.
    Leave(String),
}

/// `GET /`: says what this is.
pub(crate) async fn home(State(shared): State<Shared>) -> Response {
    show(StatusCode::OK, html::home(&shared.fixed().users))
}

/// `GET /style.css`.
pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

/// Any other address.
pub(crate) async fn not_found() -> Response {
    show(StatusCode::NOT_FOUND, html::sorry("There is no such page here."))
}

/// `GET /authorize`: notes what is asked, and goes on to the sign-in or the consent.
pub(crate) async fn authorize(
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let (mut world, fixed) = (shared.lock(), shared.fixed());
    let now = world.now();
    let query = query.unwrap_or_default();
    let issuer = &world.settings.issuer.clone();
    let find = |id: &str| world.client(fixed, id);
    let asked = match authorize::read(query.as_bytes(), &world.settings, find) {
        Ok(asked) => asked,
        Err(Bad::Page(why)) => return show(StatusCode::BAD_REQUEST, html::sorry(why)),
        Err(Bad::Redirect(there)) => return go(&there),
    };
    let (session, request) = world.browsers.ask(now, cookie(&headers).as_deref(), asked.clone());
    let user = world.browsers.user(now, Some(&session), &request);
    let login = format!("/login?request={request}");
    let there = match user {
        // Whoever forbids every page is answered at once (OpenID Connect Core 1.0 §3.1.2.6).
        None if asked.prompts("none") => {
            world.browsers.done(&request);
            asked.refused("login_required", "Nobody is signed in.", issuer).unwrap_or(login)
        }
        Some(user) if asked.prompts("none") && asked.wants_consent(world.consents.get(&user)) => {
            world.browsers.done(&request);
            asked.refused("consent_required", "The consent is missing.", issuer).unwrap_or(login)
        }
        None => login,
        Some(_) => format!("/consent?request={request}"),
    };
    with_cookie(go(&there), &session)
}

/// `GET /login?request=`: the sign-in form.
pub(crate) async fn login_form(
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let request = form.ok().and_then(|form| form.get("request").map(str::to_owned));
    let (cookie, request) = (cookie(&headers), request.unwrap_or_default());
    let world = shared.lock();
    match world.browsers.asked(world.now(), cookie.as_deref(), &request) {
        None => over(),
        Some(asked) => {
            let name = asked.login_hint.as_deref().unwrap_or_default();
            show(StatusCode::OK, html::login(asked, &request, name, None, &shared.fixed().users))
        }
    }
}

/// `POST /login` with `request`, `username` and `password`.
pub(crate) async fn login(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let cookie = cookie(&headers).unwrap_or_default();
    let Ok(form) = Form::read(&body) else { return over() };
    let value = |name| form.get(name).unwrap_or_default();
    let (request, name) = (value("request"), value("username").trim());
    let mut world = shared.lock();
    let now = world.now();
    let Some(asked) = world.browsers.asked(now, Some(&cookie), request) else { return over() };
    let user = shared.user(name);
    let right = user.filter(|user| client::same(value("password"), user.password.expose()));
    let Some(user) = right else {
        let wrong = Some("This user name and password do not go together.");
        let page = html::login(asked, request, name, wrong, &shared.fixed().users);
        return show(StatusCode::FORBIDDEN, page);
    };
    let session = world.browsers.sign_in(now, &cookie, request, &user.address);
    with_cookie(go(&format!("/consent?request={request}")), &session)
}

/// `GET /consent?request=`: the consent form, or straight on if there is nothing to ask.
pub(crate) async fn consent_form(
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let cookie = cookie(&headers);
    let Ok(form) = Form::read(query.unwrap_or_default().as_bytes()) else { return over() };
    let request = form.get("request").unwrap_or_default();
    let mut world = shared.lock();
    let now = world.now();
    let Some(asked) = world.browsers.asked(now, cookie.as_deref(), request).cloned() else {
        return over();
    };
    match step(&world, now, cookie.as_deref(), request, &asked) {
        Step::SignIn => go(&format!("/login?request={request}")),
        Step::Ask(user) => show(StatusCode::OK, html::consent(&asked, request, &user)),
        Step::Leave(user) => grant(&shared, &mut world, now, request, &asked, &user),
    }
}

/// `POST /consent` with `request` and `decision`: `allow`, `deny` or `other`.
pub(crate) async fn consent(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let cookie = cookie(&headers);
    let Ok(form) = Form::read(&body) else { return over() };
    let request = form.get("request").unwrap_or_default();
    let mut world = shared.lock();
    let now = world.now();
    let Some(asked) = world.browsers.asked(now, cookie.as_deref(), request).cloned() else {
        return over();
    };
    let Some(user) = world.browsers.user(now, cookie.as_deref(), request) else {
        return go(&format!("/login?request={request}"));
    };
    match form.get("decision") {
        Some("allow") => grant(&shared, &mut world, now, request, &asked, &user),
        Some("deny") => {
            world.browsers.done(request);
            match &asked.way {
                Way::Back { .. } => {
                    let issuer = &world.settings.issuer;
                    leave(asked.refused("access_denied", "The consent was denied.", issuer))
                }
                Way::Device { user_code } => {
                    decided(world.devices.decide(now, user_code, None), false)
                }
            }
        }
        Some("other") => {
            world.browsers.sign_out(cookie.as_deref().unwrap_or_default());
            go(&format!("/login?request={request}"))
        }
        _ => over(),
    }
}

fn step(world: &World, now: Timestamp, cookie: Option<&str>, request: &str, asked: &Asked) -> Step {
    match world.browsers.user(now, cookie, request) {
        None => Step::SignIn,
        Some(user) if asked.wants_consent(world.consents.get(&user)) => Step::Ask(user),
        Some(user) => Step::Leave(user),
    }
}

/// Ends a request with a code, or by telling the device.
fn grant(
    shared: &Shared,
    world: &mut World,
    now: Timestamp,
    request: &str,
    asked: &Asked,
    user: &str,
) -> Response {
    let issuer = world.settings.issuer.clone();
    world.browsers.done(request);
    let Some(user) = shared.user(user) else {
        return leave(asked.refused("server_error", "The user is gone.", &issuer));
    };
    world.consents.entry(user.address.clone()).or_default().extend(asked.scopes.iter().cloned());
    let (redirect_uri, challenge) = match &asked.way {
        Way::Back { redirect_uri, challenge, .. } => (redirect_uri.clone(), challenge.clone()),
        Way::Device { user_code } => {
            return decided(world.devices.decide(now, user_code, Some(user.clone())), true);
        }
    };
    let consented = Consented {
        client: asked.client.clone(),
        user: user.clone(),
        scopes: asked.scopes.clone(),
        redirect_uri,
        challenge,
        nonce: asked.nonce.clone(),
    };
    let code = world.grants.offer_code(now, consented);
    leave(asked.granted(&code, &issuer))
}

/// Sends the browser back to the client.
fn leave(there: Option<String>) -> Response {
    there.map_or_else(over, |there| go(&there))
}

/// What is shown when a device has its answer, if one was still waiting for it.
fn decided(told: bool, allowed: bool) -> Response {
    if told { show(StatusCode::OK, html::device_done(allowed)) } else { over() }
}

fn over() -> Response {
    let text = "This sign-in is over, or it began in another browser. Go back to the application \
        and start it again.";
    show(StatusCode::BAD_REQUEST, html::sorry(text))
}

/// An answer that sends the browser on by GET, after a form too.
pub(crate) fn go(there: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(there) else { return over() };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// A page.
pub(crate) fn show(status: StatusCode, page: Page) -> Response {
    // Browsers hold the redirect that follows a form against form-action, so the client's origin stands there too.
    let form_action = page.leads_to.map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self'{form_action}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let fixed: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = (status, page.html).into_response();
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The same answer, and the browser remembers its session.
pub(crate) fn with_cookie(mut response: Response, session: &str) -> Response {
    // Without Secure, as the pages are plain http on localhost.
    let text = format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// The session that a browser remembers.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|one| one.split_once('='));
    pairs.find(|(name, _)| name.trim() == COOKIE).map(|(_, value)| value.trim().to_owned())
}
