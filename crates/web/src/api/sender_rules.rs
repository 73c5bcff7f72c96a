//! `/sender-rules`: the lists of senders that hold for every handler.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use outlink_model::handler::ListedRule;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::{choice, optional_choice};
use crate::error::ApiError;
use crate::extract::{Json, List, Path, Query, page};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(delete))
}

/// Puts a sender on one of the lists that hold for every handler.
#[utoipa::path(
    post, path = "/sender-rules", tag = "sender-rules",
    request_body = NewSenderRuleBody,
    responses((status = 201, body = SenderRuleBody)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewSenderRuleBody>,
) -> Result<(StatusCode, Json<SenderRuleBody>), ApiError> {
    let list = choice("list", &body.list)?;
    let rule = app.engine().add_sender_rule(list, &body.rule, &caller).await?;
    Ok((StatusCode::CREATED, Json(rule.into())))
}

/// The rules, the oldest first.
#[utoipa::path(
    get, path = "/sender-rules", tag = "sender-rules",
    params(SenderRulesQuery),
    responses((status = 200, body = List<SenderRuleBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<SenderRulesQuery>,
) -> Result<Json<List<SenderRuleBody>>, ApiError> {
    let list = optional_choice("list", query.list.as_deref())?;
    let listed = app.engine().sender_rules(list, page(query.limit, query.after)?).await?;
    Ok(Json(List::of(listed)))
}

/// Takes a rule off its list.
#[utoipa::path(
    delete, path = "/sender-rules/{id}", tag = "sender-rules",
    params(("id" = String, Path, description = "Its id, or the rule itself where it stands on one list alone")),
    responses((status = 204, description = "It is gone.")),
)]
async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.engine().remove_sender_rule(&id, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A rule that is to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSenderRule)]
struct NewSenderRuleBody {
    /// `allow` (trusted senders) or `deny` (senders whose mail is refused).
    list: String,
    /// An address (`ann@example.org`), a domain with its subdomains (`example.org`), or a pattern (`no-reply*@*`).
    rule: String,
}

/// Which rules are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SenderRulesQuery {
    /// `allow` or `deny`; both where left out.
    list: Option<String>,
    /// How many items at most, 1 to 1000; 50 where left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A rule about senders that holds for every handler.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SenderRule)]
struct SenderRuleBody {
    id: String,
    /// `allow` or `deny`.
    list: &'static str,
    rule: String,
    created_at: Timestamp,
}

impl From<ListedRule> for SenderRuleBody {
    fn from(rule: ListedRule) -> Self {
        Self {
            id: rule.id.to_string(),
            list: rule.list.as_str(),
            rule: rule.rule.to_string(),
            created_at: rule.created_at,
        }
    }
}
