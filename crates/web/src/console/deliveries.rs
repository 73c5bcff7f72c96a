//! Deliveries: mail on its way out, how each stands, and what keeps it.

use std::collections::HashMap;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::Page;
use outlink_engine::deliveries::{DeliveriesWanted, DeliveryView};
use outlink_model::MailServerId;
use outlink_model::delivery::{Delivery, DeliveryState};
use outlink_model::mail_server::MailServer;
use serde::{Deserialize, Serialize};

use super::filter::{FilterLink, set};
use super::issues::subject;
use super::report::Failure;
use crate::app::App;
use crate::auth::Signed;
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::{Path, Query, page};
use crate::names::known;
use crate::page::{next_page, with_query};
use crate::words::{Badge, TroubleView, When, delivery_badge, delivery_word};

mod kept;

use kept::{Helps, Kept, kept_by};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/deliveries", get(list))
        .route("/deliveries/{id}", get(show))
        .route("/deliveries/{id}/retry", post(retry))
        .route("/deliveries/{id}/delete", post(delete))
}

/// The deliveries, a page of them.
#[derive(Debug, Serialize)]
pub(crate) struct DeliveriesPage {
    pub(crate) ways: Vec<FilterLink>,
    /// Whether any are left out by more than how they stand.
    pub(crate) is_part: bool,
    /// Whether any are left out.
    pub(crate) filtered: bool,
    pub(crate) items: Vec<DeliveryRow>,
    pub(crate) next: Option<String>,
}

/// One delivery in a list.
#[derive(Debug, Serialize)]
pub(crate) struct DeliveryRow {
    pub(crate) href: String,
    /// What it is, in a word.
    pub(crate) kind: &'static str,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) badge: Badge,
    /// Since when it stands so.
    pub(crate) since: When,
    /// What keeps it, or why it was given up.
    pub(crate) reason: Option<String>,
    /// Whether trying it again can help.
    pub(crate) may_retry: bool,
    /// Whether it was not sent and something keeps it, so that one may want it gone.
    pub(crate) may_delete: bool,
}

/// One delivery.
#[derive(Debug, Serialize)]
pub(crate) struct DeliveryPage {
    pub(crate) failure: Option<Failure>,
    pub(crate) row: DeliveryRow,
    /// What keeps it, or why it was given up, with what to do.
    pub(crate) trouble: Option<TroubleView>,
    /// Whether nothing is sent through its mail server until somebody looks after that.
    pub(crate) by_server: bool,
    /// How often the mail server has refused it.
    pub(crate) refused: u32,
    /// How often it was given to the mail server whole, which said nothing.
    pub(crate) unanswered: u32,
    pub(crate) next_at: Option<When>,
    pub(crate) mail_server: String,
    pub(crate) mail_server_href: Option<String>,
    pub(crate) handler: Option<String>,
    pub(crate) handler_href: Option<String>,
    pub(crate) message_href: Option<String>,
    pub(crate) issue: Option<String>,
    pub(crate) text: String,
    pub(crate) mail_id: String,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) created_at: When,
    pub(crate) waits: bool,
}

/// Which deliveries are wanted. An empty filter is none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveriesQuery {
    state: Option<String>,
    mail_server: Option<String>,
    message: Option<String>,
    issue: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

impl DeliveriesQuery {
    fn filters(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("mail_server", set(&self.mail_server)),
            ("message", set(&self.message)),
            ("issue", set(&self.issue)),
            ("state", set(&self.state)),
        ]
    }
}

/// All, and how they stand; what else is asked for stays beside it.
pub(crate) fn ways(query: &DeliveriesQuery, now: Option<DeliveryState>) -> Vec<FilterLink> {
    let states = std::iter::once(None).chain(DeliveryState::ALL.into_iter().map(Some));
    let way = |state: Option<DeliveryState>| {
        let mut filters = query.filters();
        filters[3].1 = state.map(DeliveryState::as_str);
        FilterLink {
            href: with_query("/deliveries", &filters),
            label: state.map_or("All", |state| delivery_badge(state, false).text),
            current: state == now,
        }
    };
    states.map(way).collect()
}

/// What is shown of them in a list, with what keeps those that wait.
pub(crate) async fn rows(
    app: &App,
    views: Vec<DeliveryView>,
) -> Result<Vec<DeliveryRow>, ApiError> {
    let mut servers: HashMap<MailServerId, Option<MailServer>> = HashMap::new();
    let mut rows = Vec::with_capacity(views.len());
    for view in views {
        let id = view.delivery.mail_server_id;
        if view.delivery.state != DeliveryState::Sent && !servers.contains_key(&id) {
            servers.insert(id, known(app.engine().mail_server(&id.to_string()).await)?);
        }
        let server = servers.get(&id).and_then(Option::as_ref);
        let kept = kept_by(&view.delivery, server);
        rows.push(row(&view, kept.as_ref()));
    }
    Ok(rows)
}

/// The newest of those that are wanted.
pub(crate) async fn newest(
    app: &App,
    wanted: DeliveriesWanted,
    limit: u32,
) -> Result<Vec<DeliveryRow>, ApiError> {
    let listed = app.engine().deliveries(wanted, Page { limit, after: None }).await?;
    rows(app, listed.items).await
}

fn row(view: &DeliveryView, kept: Option<&Kept>) -> DeliveryRow {
    let delivery = &view.delivery;
    DeliveryRow {
        href: format!("/deliveries/{}", delivery.id),
        kind: delivery_word(delivery.kind),
        to: delivery.to.clone(),
        subject: subject(delivery.subject.clone()),
        badge: delivery_badge(delivery.state, kept.is_some()),
        since: delivery.done_at.unwrap_or(delivery.created_at).into(),
        reason: kept.map(|kept| kept.trouble.reason.clone()),
        may_retry: kept.is_some_and(|kept| kept.helps == Helps::Retry),
        may_delete: kept.is_some(),
    }
}

/// How often it was refused: neither the attempt at which it was taken counts, nor those without an answer.
fn refused(delivery: &Delivery) -> u32 {
    let taken = u32::from(delivery.state == DeliveryState::Sent);
    delivery.attempts.saturating_sub(delivery.unanswered).saturating_sub(taken)
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Response, ApiError> {
    let state = optional_choice("state", query.state.as_deref())?;
    let wanted = DeliveriesWanted {
        state,
        kind: None,
        mail_server: query.mail_server.clone(),
        message: query.message.clone(),
        issue: query.issue.clone(),
    };
    let part = page(query.limit, query.after.clone())?;
    let listed = app.engine().deliveries(wanted, part).await?;
    let filters = query.filters();
    let page = DeliveriesPage {
        ways: ways(&query, state),
        is_part: filters[..3].iter().any(|(_, value)| value.is_some()),
        filtered: filters.iter().any(|(_, value)| value.is_some()),
        next: next_page("/deliveries", &filters, query.limit, listed.next.as_deref()),
        items: rows(&app, listed.items).await?,
    };
    app.pages().show(&signed, "deliveries", "deliveries.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    render(&app, &signed, &id, None).await
}

/// Has it tried now, as if it had just been written.
async fn retry(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    match app.engine().retry_delivery(&id, &signed.caller()).await {
        Ok(_) => Ok(Redirect::to(&format!("/deliveries/{id}")).into_response()),
        Err(error) => render(&app, &signed, &id, Some(ApiError::from(error).into())).await,
    }
}

async fn delete(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    match app.engine().delete_delivery(&id, &signed.caller()).await {
        Ok(()) => Ok(Redirect::to("/deliveries").into_response()),
        Err(error) => render(&app, &signed, &id, Some(ApiError::from(error).into())).await,
    }
}

async fn render(
    app: &App,
    signed: &Signed,
    id: &str,
    failure: Option<Failure>,
) -> Result<Response, ApiError> {
    let view = app.engine().delivery(id).await?;
    let delivery = &view.delivery;
    let server = known(app.engine().mail_server(&delivery.mail_server_id.to_string()).await)?;
    let kept = kept_by(delivery, server.as_ref());
    let by_server = kept.as_ref().is_some_and(|kept| kept.helps == Helps::Server);
    let waits = delivery.state == DeliveryState::Waiting;
    let page = DeliveryPage {
        failure,
        row: row(&view, kept.as_ref()),
        trouble: kept.map(|kept| kept.trouble),
        by_server,
        refused: refused(delivery),
        unanswered: delivery.unanswered,
        next_at: (waits && !by_server).then(|| delivery.next_at.into()),
        mail_server_href: server.map(|server| format!("/mail-servers/{}", server.id)),
        handler_href: delivery.handler_id.map(|id| format!("/handlers/{id}")),
        message_href: delivery.message_id.map(|id| format!("/messages/{id}")),
        text: delivery.text.clone(),
        mail_id: delivery.mail_id.clone(),
        in_reply_to: delivery.in_reply_to.clone(),
        created_at: delivery.created_at.into(),
        waits,
        mail_server: view.mail_server,
        handler: view.handler,
        issue: view.issue_key,
    };
    app.pages().show(signed, "deliveries", "delivery.html", page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_that_was_taken_at_the_first_attempt_was_never_refused() {
        for (state, attempts, unanswered, expected) in [
            (DeliveryState::Sent, 1, 0, 0),
            (DeliveryState::Sent, 3, 1, 1),
            (DeliveryState::Waiting, 2, 0, 2),
            (DeliveryState::Failed, 5, 5, 0),
        ] {
            let mut delivery = kept::delivery(state, None);
            (delivery.attempts, delivery.unanswered) = (attempts, unanswered);
            assert_eq!(refused(&delivery), expected, "{state} {attempts} {unanswered}");
        }
    }

    #[test]
    fn each_way_keeps_what_else_is_asked_for() {
        let query = DeliveriesQuery {
            issue: Some("SUP-1".into()),
            mail_server: Some(String::new()),
            ..DeliveriesQuery::default()
        };
        let ways = ways(&query, Some(DeliveryState::Failed));
        assert_eq!(ways[0].href, "/deliveries?issue=SUP-1");
        assert_eq!(ways[3].href, "/deliveries?issue=SUP-1&state=failed");
        let current: Vec<_> = ways.iter().filter(|way| way.current).map(|way| way.label).collect();
        assert_eq!(current, ["Given up"]);
    }
}
