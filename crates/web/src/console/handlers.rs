//! Handlers: which there are, in which order those of a mail server are asked, and what each does.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::handlers::HandlerEdit;
use outlink_model::handler::{Handler, HandlerType};
use outlink_model::mail_server::MailServer;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{Path, Query, page};
use crate::names;
use crate::page::next_page;
use crate::words::{Badge, DISABLED, ENABLED, When};

mod told;

pub(crate) use told::Fact;
use told::told;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/handlers", get(list).post(super::handler_form::create))
        .route("/handlers/{id}", get(show))
        .route("/handlers/{id}/enable", post(enable))
        .route("/handlers/{id}/disable", post(disable))
        .route("/handlers/{id}/up", post(up))
        .route("/handlers/{id}/down", post(down))
        .route("/handlers/{id}/delete", get(ask).post(delete))
}

/// The handlers: a page of them all, or those of one mail server in their order.
#[derive(Debug, Serialize)]
pub(crate) struct HandlersPage {
    pub(crate) mail_server: Option<ServerRef>,
    pub(crate) items: Vec<HandlerRow>,
    pub(crate) next: Option<String>,
}

/// The mail server whose handlers are shown.
#[derive(Debug, Serialize)]
pub(crate) struct ServerRef {
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) name: String,
}

/// One handler.
#[derive(Debug, Serialize)]
pub(crate) struct HandlerRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) mail_server: String,
    pub(crate) mail_server_href: String,
    pub(crate) project: String,
    pub(crate) does: &'static str,
    pub(crate) badge: Badge,
    pub(crate) created_at: When,
    /// Whether another one is asked before it, and after it.
    pub(crate) may_up: bool,
    pub(crate) may_down: bool,
}

/// One handler and how it does what it does.
#[derive(Debug, Serialize)]
pub(crate) struct HandlerPage {
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) badge: Badge,
    pub(crate) enabled: bool,
    pub(crate) mail_server: ServerRef,
    /// Its place, counted from one, and how many handlers the mail server has.
    pub(crate) place: usize,
    pub(crate) of: usize,
    pub(crate) project: String,
    pub(crate) does: &'static str,
    pub(crate) facts: Vec<Fact>,
    pub(crate) created_at: When,
    pub(crate) updated_at: When,
}

/// The question before a handler is deleted.
#[derive(Debug, Serialize)]
pub(crate) struct HandlerDeletePage {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) mail_server: String,
    /// Whether no other handler of the mail server is at work.
    pub(crate) is_last: bool,
}

/// What a handler does, in words.
pub(crate) fn does(kind: HandlerType) -> &'static str {
    match kind {
        HandlerType::CreateOrComment => {
            "Comments where a message belongs to an issue, else a new issue"
        }
        HandlerType::CommentNewText => "A comment with what is new in the message",
        HandlerType::CommentWhole => "A comment with the whole message",
        HandlerType::Create => "A new issue from each message",
        HandlerType::CommentBeforeMarker => "A comment with what stands before a marker",
    }
}

fn badge(handler: &Handler) -> Badge {
    if handler.enabled { ENABLED } else { DISABLED }
}

fn href(handler: &Handler) -> String {
    format!("/handlers/{}", handler.id)
}

fn server_ref(server: MailServer) -> ServerRef {
    let id = server.id.to_string();
    ServerRef { href: format!("/mail-servers/{id}"), id, name: server.name }
}

/// Which handlers are wanted.
#[derive(Debug, Deserialize)]
struct HandlersQuery {
    mail_server: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<HandlersQuery>,
) -> Result<Response, ApiError> {
    let named = query.mail_server.as_deref().filter(|named| !named.is_empty());
    let (server, handlers, next) = match named {
        Some(named) => {
            let server = app.engine().mail_server(named).await?;
            let handlers = app.engine().handlers_of_mail_server(&server).await?;
            (Some(server), handlers, None)
        }
        None => {
            let listed = app.engine().handlers(page(query.limit, query.after)?).await?;
            (None, listed.items, listed.next)
        }
    };
    let last = handlers.len().saturating_sub(1);
    let mut items = Vec::with_capacity(handlers.len());
    for (n, handler) in handlers.into_iter().enumerate() {
        let (mail_server, project) = names::of_handler(app.engine(), &handler).await?;
        items.push(HandlerRow {
            href: href(&handler),
            badge: badge(&handler),
            name: handler.name,
            mail_server,
            mail_server_href: format!("/mail-servers/{}", handler.mail_server_id),
            project,
            does: does(handler.kind),
            created_at: handler.created_at.into(),
            may_up: n > 0,
            may_down: n < last,
        });
    }
    let page = HandlersPage {
        mail_server: server.map(server_ref),
        items,
        next: next_page("/handlers", &[], query.limit, next.as_deref()),
    };
    app.pages().show(&signed, "handlers", "handlers.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let handler = app.engine().handler(&id).await?;
    let server = app.engine().mail_server(&handler.mail_server_id.to_string()).await?;
    let project = app.engine().project(&handler.project_id.to_string()).await?;
    let outgoing = names::of_outgoing(app.engine(), &handler).await?;
    let all = app.engine().handlers_of_mail_server(&server).await?;
    let before = all.iter().take_while(|other| other.id != handler.id).count();
    let page = HandlerPage {
        id: handler.id.to_string(),
        href: href(&handler),
        badge: badge(&handler),
        enabled: handler.enabled,
        mail_server: server_ref(server),
        place: before + 1,
        of: all.len(),
        project: project.key,
        does: does(handler.kind),
        facts: told(handler.kind, &handler.settings, outgoing.as_deref()),
        created_at: handler.created_at.into(),
        updated_at: handler.updated_at.into(),
        name: handler.name,
    };
    app.pages().show(&signed, "handlers", "handler.html", page)
}

async fn enable(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    switch(&app, &signed, &id, true).await
}

async fn disable(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    switch(&app, &signed, &id, false).await
}

async fn switch(app: &App, signed: &Signed, id: &str, enabled: bool) -> Result<Response, ApiError> {
    let edit = HandlerEdit { enabled: Some(enabled), ..HandlerEdit::default() };
    let handler = app.engine().edit_handler(id, edit, &signed.caller()).await?;
    Ok(Redirect::to(&href(&handler)).into_response())
}

async fn up(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    swap(&app, &signed, &id, true).await
}

async fn down(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    swap(&app, &signed, &id, false).await
}

/// Has a handler asked one place earlier, or later.
async fn swap(app: &App, signed: &Signed, id: &str, earlier: bool) -> Result<Response, ApiError> {
    let handler = app.engine().handler(id).await?;
    let server = app.engine().mail_server(&handler.mail_server_id.to_string()).await?;
    let handlers = app.engine().handlers_of_mail_server(&server).await?;
    let mut order: Vec<String> = handlers.iter().map(|other| other.id.to_string()).collect();
    let server = server.id.to_string();
    if let Some(moved) = swapped(&mut order, &handler.id.to_string(), earlier) {
        app.engine().order_handlers(&server, moved, &signed.caller()).await?;
    }
    Ok(Redirect::to(&format!("/handlers?mail_server={server}")).into_response())
}

/// The order with one of them a place earlier, or later; `None` where there is no such place.
fn swapped<'a>(order: &'a mut [String], id: &str, earlier: bool) -> Option<&'a [String]> {
    let at = order.iter().position(|other| other == id)?;
    let to = if earlier { at.checked_sub(1)? } else { at + 1 };
    if to >= order.len() {
        return None;
    }
    order.swap(at, to);
    Some(order)
}

async fn ask(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let handler = app.engine().handler(&id).await?;
    let server = app.engine().mail_server(&handler.mail_server_id.to_string()).await?;
    let all = app.engine().handlers_of_mail_server(&server).await?;
    let page = HandlerDeletePage {
        href: href(&handler),
        enabled: handler.enabled,
        mail_server: server.name,
        is_last: !all.iter().any(|other| other.id != handler.id && other.enabled),
        name: handler.name,
    };
    app.pages().show(&signed, "handlers", "handler_delete.html", page)
}

async fn delete(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    app.engine().delete_handler(&id, &signed.caller()).await?;
    Ok(Redirect::to("/handlers").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_moves_one_place_and_never_over_an_end() {
        let order = || ["a", "b", "c"].map(str::to_owned);
        let after = |id: &str, earlier: bool| {
            swapped(&mut order(), id, earlier).map(|moved| moved.concat())
        };
        assert_eq!(after("b", true).as_deref(), Some("bac"));
        assert_eq!(after("b", false).as_deref(), Some("acb"));
        assert_eq!(after("a", true), None);
        assert_eq!(after("c", false), None);
        assert_eq!(after("x", true), None);
    }
}
