//! Grants: how each consent stands, and the buttons that mend it.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use outlink_engine::Page;
use outlink_engine::grants::{GrantView, grant_name};
use outlink_model::grant::GrantStateName;
use outlink_model::link::Link;
use outlink_oauth::missing_scope_words;
use serde::{Deserialize, Serialize};

use super::filter::{FilterLink, by_state};
use super::hand_outs::HandOutRow;
use super::offer::{Asker, show_offer};
use super::report::Failure;
use crate::app::App;
use crate::auth::Signed;
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::{Path, Query, page};
use crate::page::next_page;
use crate::words::{Badge, Ends, ScopeView, TroubleView, When, grant_badge};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/grants", get(list))
        .route("/grants/{id}", get(show))
        .route("/grants/{id}/refresh", post(refresh))
        .route("/grants/{id}/authorize", post(authorize))
        .route("/grants/{id}/restore", post(restore))
}

/// So many hand-outs are shown beside the grant.
const HAND_OUTS: u32 = 5;

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

/// The grants, a page of them.
#[derive(Debug, Serialize)]
pub(crate) struct GrantsPage {
    /// The name of the one link whose grants are shown, where it is one.
    pub(crate) link: Option<String>,
    pub(crate) filter: Vec<FilterLink>,
    /// Whether some are left out.
    pub(crate) filtered: bool,
    pub(crate) items: Vec<GrantRow>,
    pub(crate) next: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantsQuery {
    state: Option<String>,
    link: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

/// One grant.
#[derive(Debug, Serialize)]
pub(crate) struct GrantPage {
    pub(crate) notice: Option<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) identity: String,
    pub(crate) subject: Option<String>,
    pub(crate) link: String,
    pub(crate) link_href: String,
    pub(crate) badge: Badge,
    pub(crate) trouble: Option<TroubleView>,
    /// Whether an endpoint of the link was moved, so that nothing is sent.
    pub(crate) locked: bool,
    /// Whether people consent under its link.
    pub(crate) consents: bool,
    pub(crate) needs_consent: bool,
    pub(crate) may_refresh: bool,
    /// Whether there is anything left to give back.
    pub(crate) may_revoke: bool,
    /// Whether the provider can be told of it.
    pub(crate) revokes: bool,
    pub(crate) has_previous: bool,
    pub(crate) missing_scopes: Vec<String>,
    pub(crate) scopes: Vec<ScopeView>,
    pub(crate) since: When,
    pub(crate) expires_at: When,
    pub(crate) refresh_ends: Option<Ends>,
    pub(crate) renewable: bool,
    pub(crate) next_refresh_at: Option<When>,
    pub(crate) created_at: When,
    pub(crate) mail_servers: Vec<(String, String)>,
    pub(crate) hand_outs: Vec<HandOutRow>,
}

/// What has just happened, to be told on the page of a grant.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) notice: Option<String>,
    pub(crate) failure: Option<Failure>,
}

/// What a page of a grant is made of besides the grant.
pub(crate) struct Beside {
    pub(crate) link: Link,
    pub(crate) mail_servers: Vec<(String, String)>,
    pub(crate) hand_outs: Vec<HandOutRow>,
    pub(crate) now: outlink_model::Timestamp,
}

impl GrantPage {
    pub(crate) fn new(view: GrantView, beside: Beside, news: News) -> Self {
        let trouble = view.trouble();
        let grant = view.grant;
        let state = grant.state.name();
        let consents = beside.link.grant_type.has_consent();
        Self {
            notice: news.notice,
            failure: news.failure,
            id: grant.id.to_string(),
            href: format!("/grants/{}", grant.id),
            identity: grant_name(&grant),
            link: view.link_name,
            link_href: format!("/links/{}", grant.link_id),
            badge: grant_badge(state),
            trouble: trouble.as_ref().map(TroubleView::from),
            locked: view.locked,
            consents,
            needs_consent: consents
                && (matches!(state, GrantStateName::NeedsConsent | GrantStateName::Revoked)
                    || view.locked
                    || !grant.renewable
                    || !view.missing_scopes.is_empty()),
            may_refresh: grant.state.may_refresh() && grant.renewable && !view.locked,
            may_revoke: state != GrantStateName::Revoked,
            revokes: beside.link.revocation_endpoint.is_some(),
            has_previous: grant.has_previous,
            missing_scopes: missing_scope_words(&view.missing_scopes),
            scopes: ScopeView::all(grant.scopes.iter().map(String::as_str)),
            since: grant.since.into(),
            expires_at: grant.expires_at.into(),
            refresh_ends: grant.refresh_expires_at.map(|at| Ends::new(at, beside.now)),
            renewable: grant.renewable,
            next_refresh_at: grant.next_refresh_at.map(When::from),
            created_at: grant.created_at.into(),
            mail_servers: beside.mail_servers,
            hand_outs: beside.hand_outs,
            subject: grant.subject,
        }
    }
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<GrantsQuery>,
) -> Result<Response, ApiError> {
    let state: Option<GrantStateName> = optional_choice("state", query.state.as_deref())?;
    let named = query.link.as_deref().filter(|link| !link.is_empty());
    let link = match named {
        Some(named) => Some(app.engine().link(named).await?.name),
        None => None,
    };
    let part = page(query.limit, query.after)?;
    let listed = app.engine().grants_where(named, state, part).await?;
    let filters = [("link", named), ("state", state.map(GrantStateName::as_str))];
    let page = GrantsPage {
        filter: by_state("/grants", named, state, ""),
        filtered: link.is_some() || state.is_some(),
        link,
        next: next_page("/grants", &filters, query.limit, listed.next.as_deref()),
        items: listed.items.into_iter().map(GrantRow::from).collect(),
    };
    app.pages().show(&signed, "grants", "grants.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    show_grant(&app, &signed, &id, News::default()).await
}

/// The page of a grant.
pub(crate) async fn show_grant(
    app: &App,
    signed: &Signed,
    id: &str,
    news: News,
) -> Result<Response, ApiError> {
    let engine = app.engine();
    let view = engine.grant_view(id).await?;
    let link = engine.link(&view.grant.link_id.to_string()).await?;
    let named = view.grant.id.to_string();
    let newest = Page { limit: HAND_OUTS, after: None };
    let hand_outs = engine.hand_outs(Some(&named), newest).await?.items;
    let servers = crate::names::servers_of_grant(engine, view.grant.id).await?;
    let beside = Beside {
        link,
        mail_servers: servers,
        hand_outs: hand_outs.into_iter().map(HandOutRow::from).collect(),
        now: engine.now(),
    };
    app.pages().show(signed, "grants", "grant.html", GrantPage::new(view, beside, news))
}

async fn refresh(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let failed = match app.engine().refresh_grant(&id).await {
        Ok(_) => {
            let notice = Some("The tokens are fresh.".to_owned());
            return show_grant(&app, &signed, &id, News { notice, failure: None }).await;
        }
        Err(error) => ApiError::from(error),
    };
    let view = app.engine().grant_view(&id).await?;
    // What went wrong stands on the grant itself, beside the button that mends it.
    if view.trouble().is_some() {
        return show_grant(&app, &signed, &id, News::default()).await;
    }
    Err(failed)
}

/// Puts back the tokens that stood before the last consent.
async fn restore(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let news = match app.engine().restore_grant(&id, &signed.caller()).await {
        Ok(_) => News {
            notice: Some(
                "The earlier consent is back. The one that it replaced is kept in its turn.".into(),
            ),
            failure: None,
        },
        Err(error) => News { notice: None, failure: Some(Failure::from(ApiError::from(error))) },
    };
    show_grant(&app, &signed, &id, news).await
}

async fn authorize(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let name = grant_name(&app.engine().grant(&id).await?);
    match app.engine().authorize_grant(&id, None, &signed.caller()).await {
        Ok(offer) => {
            let back = format!("/grants/{}", crate::page::encode(&id));
            let asker = Asker { section: "grants", what: name.clone(), whom: name, back };
            show_offer(&app, &signed, &offer, asker)
        }
        Err(error) => {
            let failure = Some(Failure::from(ApiError::from(error)));
            show_grant(&app, &signed, &id, News { notice: None, failure }).await
        }
    }
}
