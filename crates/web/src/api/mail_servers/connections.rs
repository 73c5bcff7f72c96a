//! The connectivity log: how fetching went, stretch by stretch.

use axum::extract::State;
use jiff::Timestamp;
use outlink_engine::mail_servers::ConnectionView;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::TroubleBody;
use crate::app::App;
use crate::auth::Reader;
use crate::error::ApiError;
use crate::extract::{Json, List, Path, Query, page};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(all)).routes(routes!(of_server))
}

/// The connectivity log of all mail servers, the newest first.
#[utoipa::path(
    get, path = "/connections", tag = "mail-servers",
    params(ConnectionsQuery),
    responses((status = 200, body = List<ConnectionBody>)),
)]
async fn all(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<ConnectionsQuery>,
) -> Result<Json<List<ConnectionBody>>, ApiError> {
    query.answer(&app, None).await
}

/// The connectivity log of one mail server, the newest first.
#[utoipa::path(
    get, path = "/mail-servers/{id}/connections", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name"), ConnectionsQuery),
    responses((status = 200, body = List<ConnectionBody>)),
)]
async fn of_server(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
    Query(query): Query<ConnectionsQuery>,
) -> Result<Json<List<ConnectionBody>>, ApiError> {
    query.answer(&app, Some(&id)).await
}

/// Which lines are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ConnectionsQuery {
    /// Whether those alone are wanted in which something was wrong.
    #[serde(default)]
    #[param(required = false)]
    failed: bool,
    /// How many items at most, 1 to 1000; 50 where left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

impl ConnectionsQuery {
    async fn answer(
        self,
        app: &App,
        server: Option<&str>,
    ) -> Result<Json<List<ConnectionBody>>, ApiError> {
        let page = page(self.limit, self.after)?;
        let listed = app.engine().connections(server, self.failed, page).await?;
        Ok(Json(List::of(listed)))
    }
}

/// A stretch of at most an hour in which fetching from a mail server went the same way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
struct ConnectionBody {
    id: String,
    /// The mail server's name; ` (deleted)` stands behind it where that was deleted.
    mail_server: String,
    mail_server_id: String,
    /// Whether that mail server was deleted here.
    mail_server_deleted: bool,
    began_at: Timestamp,
    last_at: Timestamp,
    /// `ok` or `failed`.
    state: &'static str,
    /// How often it was tried.
    polls: u64,
    /// Messages that were fetched.
    messages: u64,
    #[serde(flatten)]
    trouble: TroubleBody,
}

impl From<ConnectionView> for ConnectionBody {
    fn from(view: ConnectionView) -> Self {
        let ConnectionView { connection, mail_server, mail_server_deleted } = view;
        Self {
            id: connection.id.to_string(),
            mail_server,
            mail_server_id: connection.mail_server_id.to_string(),
            mail_server_deleted,
            began_at: connection.began_at,
            last_at: connection.last_at,
            state: if connection.trouble.is_some() { "failed" } else { "ok" },
            polls: connection.polls,
            messages: connection.messages,
            trouble: connection.trouble.as_ref().into(),
        }
    }
}
