//! `/webhooks`: places that health events are sent to.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use outlink_engine::webhooks::{NewWebhook, WebhookEdit};
use outlink_model::webhook::Webhook;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TroubleBody;
use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show, edit, delete))
        .routes(routes!(test))
}

/// Adds a webhook. The secret that signs what is sent is in this answer and in no other.
#[utoipa::path(
    post, path = "/webhooks", tag = "webhooks",
    request_body = NewWebhookBody,
    responses((status = 201, body = NewWebhookAnswer)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewWebhookBody>,
) -> Result<(StatusCode, Json<NewWebhookAnswer>), ApiError> {
    let new = NewWebhook { name: body.name, url: body.url };
    let made = app.engine().create_webhook(new, &caller).await?;
    // One of the answers made for a secret: an own one, shown once.
    let secret = made.text.expose().to_owned();
    Ok((StatusCode::CREATED, Json(NewWebhookAnswer { of: made.of.into(), secret })))
}

/// Every webhook, without its secret. Whoever may only look is shown the hosts of their addresses, and no more.
#[utoipa::path(
    get, path = "/webhooks", tag = "webhooks",
    params(ListQuery),
    responses((status = 200, body = List<WebhookBody>)),
)]
async fn list(
    State(app): State<App>,
    reader: Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<List<WebhookBody>>, ApiError> {
    let whole = reader.is_admin();
    let listed = app.engine().webhooks(query.page()?).await?;
    let items = listed.items.into_iter().map(|webhook| shown(webhook, whole)).collect();
    Ok(Json(List { items, next: listed.next }))
}

/// One webhook, without its secret. Whoever may only look is shown the host of its address, and no more.
#[utoipa::path(
    get, path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = WebhookBody)),
)]
async fn show(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Json<WebhookBody>, ApiError> {
    Ok(Json(shown(app.engine().webhook(&id).await?, reader.is_admin())))
}

/// Changes a webhook; what is left out stays.
#[utoipa::path(
    patch, path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = WebhookEditBody,
    responses((status = 200, body = WebhookBody)),
)]
async fn edit(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<WebhookEditBody>,
) -> Result<Json<WebhookBody>, ApiError> {
    let edit = WebhookEdit { url: body.url, enabled: body.enabled };
    Ok(Json(app.engine().edit_webhook(&id, edit, &caller).await?.into()))
}

/// Deletes a webhook, and what is on its way to it.
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 204, description = "It is gone.")),
)]
async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.engine().delete_webhook(&id, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends an event of kind `webhook.test` at once. A receiver that does not take it is a refusal with its own words.
#[utoipa::path(
    post, path = "/webhooks/{id}/test", tag = "webhooks",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 204, description = "It was taken.")),
)]
async fn test(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.engine().test_webhook(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a new webhook is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook)]
struct NewWebhookBody {
    /// Unique, chosen by you.
    name: String,
    /// Where events are posted.
    url: String,
}

/// What changes about a webhook.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookEdit)]
struct WebhookEditBody {
    /// Where events are posted from now on.
    url: Option<String>,
    /// Whether they are.
    enabled: Option<bool>,
}

/// A webhook. Its secret is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
struct WebhookBody {
    id: String,
    name: String,
    /// Where events are posted. For a token without the scope `admin` it ends after the host: `https://chat.example/…`.
    url: String,
    enabled: bool,
    /// When something last arrived there.
    ok_at: Option<Timestamp>,
    #[serde(flatten)]
    trouble: TroubleBody,
    created_at: Timestamp,
}

/// A webhook as an administrator may see it, or somebody who may only look. Keeps **Secrets stay in**: at many chat
/// services, whoever knows the address may post there; and a receiver's own words often repeat it.
fn shown(webhook: Webhook, whole: bool) -> WebhookBody {
    let mut body = WebhookBody::from(webhook);
    if !whole {
        body.url = host_alone(&body.url);
        body.trouble.provider_error = None;
    }
    body
}

/// An address with nothing behind its host, and no user name before it.
fn host_alone(address: &str) -> String {
    match url::Url::parse(address).map(|url| url.origin()) {
        Ok(origin) if origin.is_tuple() => format!("{}/…", origin.ascii_serialization()),
        _ => "…".to_owned(),
    }
}

impl From<Webhook> for WebhookBody {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            name: webhook.name,
            url: webhook.url,
            enabled: webhook.enabled,
            ok_at: webhook.ok_at,
            trouble: webhook.trouble.as_ref().into(),
            created_at: webhook.created_at,
        }
    }
}

/// A new webhook, with its secret.
// No `Debug`: it holds the secret.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookMade)]
struct NewWebhookAnswer {
    #[serde(flatten)]
    of: WebhookBody,
    /// Signs what is sent, by the conventions of Standard Webhooks. Keep it: it is not shown again.
    secret: String,
}

#[cfg(test)]
mod tests {
    use outlink_model::Secret;
    use outlink_model::grant::{Actor, Trouble};

    use super::*;

    #[test]
    fn a_receiver_that_repeats_its_address_tells_it_to_administrators_alone() {
        let webhook = || Webhook {
            id: "019a0000-0000-7000-8000-000000000000".parse().unwrap(),
            name: "Chat".into(),
            url: "https://hooks.example/s3cret".into(),
            secret: Secret::new("whsec_x"),
            enabled: true,
            ok_at: None,
            trouble: Some(Trouble {
                actor: Actor::LinkAdministrator,
                reason: "It answers 404.".into(),
                hint: "Check the address.".into(),
                provider_error: Some("Cannot POST /s3cret".into()),
            }),
            created_at: Timestamp::UNIX_EPOCH,
        };
        let told = |whole: bool| serde_json::to_string(&shown(webhook(), whole)).unwrap();
        assert_eq!(told(true).matches("s3cret").count(), 2);
        assert!(!told(false).contains("s3cret") && told(false).contains("It answers 404."));
    }

    #[test]
    fn nothing_but_scheme_host_and_port_is_left() {
        for (address, shown) in [
            ("https://hooks.example/services/T0/B0/s3cret", "https://hooks.example/…"),
            ("https://hooks.example", "https://hooks.example/…"),
            (
                "https://user:s3cret@hooks.example:8443/?key=s3cret#s3cret",
                "https://hooks.example:8443/…",
            ),
            ("http://127.0.0.1:9/in", "http://127.0.0.1:9/…"),
            ("s3cret", "…"),
            ("mailto:s3cret", "…"),
        ] {
            assert_eq!(host_alone(address), shown);
        }
    }
}
