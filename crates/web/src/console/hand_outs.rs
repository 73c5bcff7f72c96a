//! Hand-outs: which program was handed whose access tokens, and how often.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use outlink_engine::hand_outs::HandOutView;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{Query, page};
use crate::page::next_page;
use crate::words::When;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/hand-outs", get(list))
}

/// The hand-outs of one token, of one grant, within one minute.
#[derive(Debug, Serialize)]
pub(crate) struct HandOutRow {
    pub(crate) minute: When,
    pub(crate) last_at: When,
    pub(crate) token: Option<String>,
    pub(crate) grant: Option<String>,
    pub(crate) grant_href: String,
    pub(crate) count: u64,
    pub(crate) addresses: String,
}

impl From<HandOutView> for HandOutRow {
    fn from(view: HandOutView) -> Self {
        let HandOutView { hand_out, token_name, grant_name } = view;
        Self {
            minute: hand_out.minute.into(),
            last_at: hand_out.last_at.into(),
            token: token_name,
            grant: grant_name,
            grant_href: format!("/grants/{}", hand_out.grant_id),
            count: hand_out.count,
            addresses: hand_out.addresses.join(", "),
        }
    }
}

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct HandOutsPage {
    /// The grant that is looked at, unless all are.
    pub(crate) grant: Option<String>,
    pub(crate) items: Vec<HandOutRow>,
    pub(crate) next: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandOutQuery {
    grant: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<HandOutQuery>,
) -> Result<Response, ApiError> {
    let grant = query.grant.as_deref().filter(|grant| !grant.is_empty());
    let listed = app.engine().hand_outs(grant, page(query.limit, query.after)?).await?;
    let next = next_page("/hand-outs", &[("grant", grant)], query.limit, listed.next.as_deref());
    let items: Vec<_> = listed.items.into_iter().map(HandOutRow::from).collect();
    let called = items.first().and_then(|row| row.grant.clone());
    let grant = grant.map(|grant| called.unwrap_or_else(|| grant.to_owned()));
    app.pages().show(&signed, "grants", "hand_outs.html", HandOutsPage { grant, items, next })
}
