//! Links: the registrations at providers, and asking for consents under them.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use outlink_engine::Engine;
use outlink_engine::grants::grant_name;
use outlink_model::grant::Grant;
use outlink_model::link::{GrantType, Link, LinkHealth};
use outlink_oauth::preset;
use serde::Serialize;

use super::grants::show_offer;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{ListQuery, Path, Query};
use crate::form::{Fields, Form};
use crate::names;
use crate::page::Rows;
use crate::words::{Badge, ScopeView, TroubleView, When, grant_badge, link_badge};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/links", get(list).post(super::link_form::create))
        .route("/links/{id}", get(show))
        .route("/links/{id}/authorize", post(authorize))
}

/// One link in the list.
#[derive(Debug, Serialize)]
pub(crate) struct LinkRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) provider: &'static str,
    pub(crate) badge: Badge,
    pub(crate) client_id: String,
    pub(crate) created_at: When,
}

impl From<Link> for LinkRow {
    fn from(link: Link) -> Self {
        Self {
            href: format!("/links/{}", link.id),
            name: link.name,
            provider: preset(link.provider).display_name,
            badge: link_badge(&link.health),
            client_id: link.client_id,
            created_at: link.created_at.into(),
        }
    }
}

/// One link.
#[derive(Debug, Serialize)]
pub(crate) struct LinkPage {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) badge: Badge,
    pub(crate) trouble: Option<TroubleView>,
    /// Whether people consent under it.
    pub(crate) redirects: bool,
    pub(crate) redirect_url: Option<String>,
    pub(crate) form: Form,
    pub(crate) grants: Vec<LinkGrantRow>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) scopes: Vec<ScopeView>,
    pub(crate) created_at: When,
    pub(crate) updated_at: When,
}

/// A grant under a link.
#[derive(Debug, Serialize)]
pub(crate) struct LinkGrantRow {
    pub(crate) href: String,
    pub(crate) identity: String,
    pub(crate) badge: Badge,
    pub(crate) since: When,
}

/// A setting.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) value: String,
}

impl From<&Grant> for LinkGrantRow {
    fn from(grant: &Grant) -> Self {
        Self {
            href: format!("/grants/{}", grant.id),
            identity: grant_name(grant),
            badge: grant_badge(grant.state.name()),
            since: grant.since.into(),
        }
    }
}

impl LinkPage {
    pub(crate) fn new(engine: &Engine, link: Link, grants: &[Grant], form: Form) -> Self {
        let trouble = match &link.health {
            LinkHealth::Healthy => None,
            LinkHealth::Marked { trouble, .. } => Some(TroubleView::from(trouble)),
        };
        Self {
            redirect_url: engine.redirect_url_of(&link),
            redirects: link.grant_type == GrantType::AuthorizationCode,
            facts: facts(&link),
            href: format!("/links/{}", link.id),
            badge: link_badge(&link.health),
            trouble,
            form,
            grants: grants.iter().map(LinkGrantRow::from).collect(),
            scopes: ScopeView::all(link.scope.split(' ')),
            created_at: link.created_at.into(),
            updated_at: link.updated_at.into(),
            name: link.name,
            description: link.description,
        }
    }
}

fn facts(link: &Link) -> Vec<Fact> {
    let params: Vec<_> =
        link.authorization_params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let secret = match link.client_secret {
        Some(_) => "kept sealed",
        None => "none: a public client",
    };
    let all = [
        ("Provider", preset(link.provider).display_name.to_owned()),
        ("Grant type", link.grant_type.to_string()),
        ("Client id", link.client_id.clone()),
        ("Client secret", secret.to_owned()),
        ("Client authentication", link.client_auth.to_string()),
        ("Authorization endpoint", link.authorization_endpoint.clone().unwrap_or_default()),
        ("Token endpoint", link.token_endpoint.clone()),
        ("Issuer", link.issuer.clone().unwrap_or_default()),
        ("Userinfo endpoint", link.userinfo_endpoint.clone().unwrap_or_default()),
        ("Extra parameters", params.join(", ")),
        ("Hosts that tokens may go to", link.token_hosts.join(", ")),
    ];
    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(label, value)| Fact { label, value }).collect()
}

pub(crate) fn hint_form() -> Form {
    Form::new(&[("login_hint", "")])
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().links(query.page()?).await?;
    let page: Rows<LinkRow> = Rows::of("/links", limit, listed);
    app.pages().show(&signed, "links", "links.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let link = app.engine().link(&id).await?;
    let grants = names::grants_of_link(app.engine(), &link).await?;
    let page = LinkPage::new(app.engine(), link, &grants, hint_form());
    app.pages().show(&signed, "links", "link.html", page)
}

async fn authorize(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let hint = fields.optional("login_hint");
    let link = app.engine().link(&id).await?;
    let offer = app.engine().authorize_link(&id, hint.clone(), &signed.caller()).await?;
    let whom = hint.unwrap_or_else(|| "the owner of the mailbox".to_owned());
    show_offer(&app, &signed, "links", &offer, (link.name, whom, format!("/links/{}", link.id)))
}
