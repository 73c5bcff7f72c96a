//! Grants: how each consent stands, and the buttons that mend it.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use outlink_engine::consents::Offer;
use outlink_engine::grants::{GrantView, grant_name};
use outlink_model::grant::GrantStateName;
use serde::Serialize;

use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{ListQuery, Path, Query};
use crate::page::Rows;
use crate::words::{Badge, ScopeView, TroubleView, When, grant_badge};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/grants", get(list))
        .route("/grants/{id}", get(show))
        .route("/grants/{id}/refresh", post(refresh))
        .route("/grants/{id}/authorize", post(authorize))
}

/// One grant in a list.
#[derive(Debug, Serialize)]
pub(crate) struct GrantRow {
    pub(crate) href: String,
    pub(crate) identity: String,
    pub(crate) link: String,
    pub(crate) link_href: String,
    pub(crate) badge: Badge,
    pub(crate) reason: Option<String>,
    pub(crate) since: When,
    pub(crate) next_refresh_at: Option<When>,
}

impl From<GrantView> for GrantRow {
    fn from(view: GrantView) -> Self {
        let trouble = view.trouble();
        let grant = view.grant;
        Self {
            href: format!("/grants/{}", grant.id),
            identity: grant_name(&grant),
            link: view.link_name,
            link_href: format!("/links/{}", grant.link_id),
            badge: grant_badge(grant.state.name()),
            reason: trouble.map(|trouble| trouble.reason),
            since: grant.since.into(),
            next_refresh_at: grant.next_refresh_at.map(When::from),
        }
    }
}

/// One grant.
#[derive(Debug, Serialize)]
pub(crate) struct GrantPage {
    pub(crate) notice: Option<&'static str>,
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) identity: String,
    pub(crate) link: String,
    pub(crate) link_href: String,
    pub(crate) badge: Badge,
    pub(crate) trouble: Option<TroubleView>,
    pub(crate) needs_consent: bool,
    pub(crate) may_refresh: bool,
    pub(crate) missing_scopes: Vec<String>,
    pub(crate) scopes: Vec<ScopeView>,
    pub(crate) since: When,
    pub(crate) expires_at: When,
    pub(crate) renewable: bool,
    pub(crate) next_refresh_at: Option<When>,
    pub(crate) created_at: When,
}

impl GrantPage {
    pub(crate) fn new(view: GrantView, notice: Option<&'static str>) -> Self {
        let trouble = view.trouble();
        let grant = view.grant;
        let state = grant.state.name();
        Self {
            notice,
            id: grant.id.to_string(),
            href: format!("/grants/{}", grant.id),
            identity: grant_name(&grant),
            link: view.link_name,
            link_href: format!("/links/{}", grant.link_id),
            badge: grant_badge(state),
            trouble: trouble.as_ref().map(TroubleView::from),
            needs_consent: state == GrantStateName::NeedsConsent
                || !grant.renewable
                || !view.missing_scopes.is_empty(),
            may_refresh: grant.state.may_refresh() && grant.renewable,
            missing_scopes: view.missing_scopes,
            scopes: ScopeView::all(grant.scopes.iter().map(String::as_str)),
            since: grant.since.into(),
            expires_at: grant.expires_at.into(),
            renewable: grant.renewable,
            next_refresh_at: grant.next_refresh_at.map(When::from),
            created_at: grant.created_at.into(),
        }
    }
}

/// A one-time address, shown once.
#[derive(Serialize)]
pub(crate) struct OfferPage {
    pub(crate) what: String,
    pub(crate) whom: String,
    pub(crate) url: String,
    /// The same address without the host: the way for this very browser.
    pub(crate) local: String,
    pub(crate) expires_at: When,
    pub(crate) back: String,
}

/// Shows what was made for consenting. The address is on this page alone.
pub(crate) fn show_offer(
    app: &App,
    signed: &Signed,
    section: &str,
    offer: &Offer,
    (what, whom, back): (String, String, String),
) -> Result<Response, ApiError> {
    let url = offer.url.expose().to_owned();
    let local = url.strip_prefix(app.engine().base_url()).unwrap_or(&url).to_owned();
    let page = OfferPage { what, whom, url, local, expires_at: offer.expires_at.into(), back };
    app.pages().show(signed, section, "offer.html", page)
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().grants(query.page()?).await?;
    let page: Rows<GrantRow> = Rows::of("/grants", limit, listed);
    app.pages().show(&signed, "grants", "grants.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let view = app.engine().grant_view(&id).await?;
    app.pages().show(&signed, "grants", "grant.html", GrantPage::new(view, None))
}

async fn refresh(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let (notice, failed) = match app.engine().refresh_grant(&id).await {
        Ok(_) => (Some("The tokens are fresh."), None),
        Err(error) => (None, Some(ApiError::from(error))),
    };
    let view = app.engine().grant_view(&id).await?;
    match failed {
        // What went wrong stands on the grant itself, beside the button that mends it.
        Some(error) if view.grant.state.trouble().is_none() => Err(error),
        _ => {
            let page = GrantPage::new(view, notice);
            app.pages().show(&signed, "grants", "grant.html", page)
        }
    }
}

async fn authorize(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let name = grant_name(&app.engine().grant(&id).await?);
    let offer = app.engine().authorize_grant(&id, &signed.caller()).await?;
    let words = (name.clone(), name, format!("/grants/{id}"));
    show_offer(&app, &signed, "grants", &offer, words)
}
