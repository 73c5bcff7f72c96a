//! Channels: how the mail of a mailbox becomes issues of a project, on one page.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use outlink_engine::channels::Channel;
use serde::Serialize;

use super::mail_servers::state::{StateLine, standing};
use super::mail_servers::view::{HandlerLine, NewestRow};
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{ListQuery, Query};
use crate::page::{Rows, next_page};

pub(crate) mod new;
pub(crate) mod purpose;
pub(crate) mod show;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/channels", get(list).post(new::create))
        .route("/channels/new", get(new::new))
        .route("/channels/fill", post(new::refill))
        .route("/channels/test", post(new::test))
        .merge(show::routes())
}

/// One channel in the list.
#[derive(Debug, Serialize)]
pub(crate) struct ChannelRow {
    pub(crate) href: String,
    pub(crate) mailbox: String,
    /// Empty where nothing says yet what becomes of the mail.
    pub(crate) handlers: Vec<HandlerLine>,
    pub(crate) state: StateLine,
    pub(crate) newest: Option<NewestRow>,
}

impl From<Channel> for ChannelRow {
    fn from(channel: Channel) -> Self {
        let href = href(&channel);
        let state = standing(&channel.server, channel.grant.as_ref(), channel.is_on(), &href);
        Self {
            state: state.line,
            handlers: channel.handlers.iter().map(HandlerLine::from).collect(),
            newest: channel.newest.map(NewestRow::from),
            mailbox: channel.server.mailbox,
            href,
        }
    }
}

/// The page of a channel.
fn href(channel: &Channel) -> String {
    format!("/channels/{}", channel.server.id)
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().channels(query.page()?).await?;
    let next = next_page("/channels", &[], limit, listed.next.as_deref());
    let items: Vec<ChannelRow> = listed.items.into_iter().map(ChannelRow::from).collect();
    app.pages().show(&signed, "channels", "channels.html", Rows { items, next })
}
