//! The connectivity log: how fetching went, stretch by stretch.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use outlink_engine::Page;
use outlink_engine::mail_servers::ConnectionView;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Signed;
use crate::console::filter::FilterLink;
use crate::error::ApiError;
use crate::extract::{Query, page};
use crate::page::{next_page, with_query};
use crate::words::{Badge, When, badge, who};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/connections", get(list))
}

/// A stretch.
#[derive(Debug, Serialize)]
pub(crate) struct LogRow {
    pub(crate) badge: Badge,
    pub(crate) mail_server: String,
    /// Absent where it was deleted.
    pub(crate) mail_server_href: Option<String>,
    pub(crate) began_at: When,
    pub(crate) last_at: When,
    /// What was wrong; empty where all was well.
    pub(crate) reason: String,
    pub(crate) hint: String,
    pub(crate) who: &'static str,
    pub(crate) polls: u64,
    pub(crate) messages: u64,
}

impl From<ConnectionView> for LogRow {
    fn from(view: ConnectionView) -> Self {
        let connection = view.connection;
        let well = connection.trouble.is_none();
        let trouble = connection.trouble;
        Self {
            badge: if well { badge("good", "Worked") } else { badge("bad", "Failed") },
            mail_server: view.mail_server,
            mail_server_href: (!view.mail_server_deleted)
                .then(|| format!("/mail-servers/{}", connection.mail_server_id)),
            began_at: connection.began_at.into(),
            last_at: connection.last_at.into(),
            who: trouble.as_ref().map_or("", |trouble| who(trouble.actor)),
            hint: trouble.as_ref().map(|trouble| trouble.hint.clone()).unwrap_or_default(),
            reason: trouble.map(|trouble| trouble.reason).unwrap_or_default(),
            polls: connection.polls,
            messages: connection.messages,
        }
    }
}

/// The newest stretches of one mail server.
pub(crate) async fn newest(app: &App, id: &str, limit: u32) -> Result<Vec<LogRow>, ApiError> {
    let listed = app.engine().connections(Some(id), false, Page { limit, after: None }).await?;
    Ok(listed.items.into_iter().map(LogRow::from).collect())
}

/// The log, a page of it.
#[derive(Debug, Serialize)]
pub(crate) struct LogPage {
    /// The name of the one mail server that is shown, where it is one.
    pub(crate) mail_server: Option<String>,
    pub(crate) filter: Vec<FilterLink>,
    pub(crate) items: Vec<LogRow>,
    pub(crate) next: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogQuery {
    mail_server: Option<String>,
    failed: Option<bool>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<LogQuery>,
) -> Result<Response, ApiError> {
    let failed = query.failed.unwrap_or(false);
    let named = query.mail_server.as_deref().filter(|named| !named.is_empty());
    let mail_server = match named {
        Some(named) => Some(app.engine().mail_server(named).await?.name),
        None => None,
    };
    let wanted = page(query.limit, query.after)?;
    let listed = app.engine().connections(named, failed, wanted).await?;
    let failed_filter = failed.then_some("true");
    let filters = [("mail_server", named), ("failed", failed_filter)];
    let page = LogPage {
        mail_server,
        filter: ways(named, failed),
        next: next_page("/connections", &filters, query.limit, listed.next.as_deref()),
        items: listed.items.into_iter().map(LogRow::from).collect(),
    };
    app.pages().show(&signed, "mail_servers", "connections.html", page)
}

/// All, and what failed.
fn ways(mail_server: Option<&str>, failed: bool) -> Vec<FilterLink> {
    let way = |label, only: bool| {
        let query = [("mail_server", mail_server), ("failed", only.then_some("true"))];
        FilterLink { href: with_query("/connections", &query), label, current: only == failed }
    };
    vec![way("All", false), way("Failed", true)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_keeps_the_mail_server() {
        let all = ways(Some("A&B"), true);
        assert_eq!(all[0].href, "/connections?mail_server=A%26B");
        assert_eq!(all[1].href, "/connections?mail_server=A%26B&failed=true");
        assert!(all[1].current && !all[0].current);
        assert_eq!(ways(None, false)[0].href, "/connections");
    }
}
