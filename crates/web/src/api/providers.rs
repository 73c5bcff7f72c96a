//! `/providers`: the presets that a link is made from.

use outlink_model::provider::ProviderKind;
use outlink_oauth::{PRESETS, Preset};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Reader;
use crate::choice::choice;
use crate::error::ApiError;
use crate::extract::{Json, List, Path};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// Every provider that is known by name.
#[utoipa::path(
    get, path = "/providers", tag = "providers",
    responses((status = 200, body = List<ProviderBody>)),
)]
async fn list(_: Reader) -> Json<List<ProviderBody>> {
    Json(List { items: PRESETS.iter().map(ProviderBody::from).collect(), next: None })
}

/// One provider.
#[utoipa::path(
    get, path = "/providers/{id}", tag = "providers",
    params(("id" = String, Path, description = "Its name")),
    responses((status = 200, body = ProviderBody)),
)]
async fn show(_: Reader, Path(id): Path<String>) -> Result<Json<ProviderBody>, ApiError> {
    let kind: ProviderKind = choice("id", &id)
        .map_err(|_| outlink_model::problem::Problem::not_found("provider", &id))?;
    Ok(Json(outlink_oauth::preset(kind).into()))
}

/// A preset.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provider)]
struct ProviderBody {
    /// `google`, `microsoft` or `custom`.
    id: &'static str,
    name: &'static str,
    authorization_endpoint: Option<&'static str>,
    token_endpoint: Option<&'static str>,
    issuer: Option<&'static str>,
    userinfo_endpoint: Option<&'static str>,
    /// What is asked for unless the link says otherwise.
    scope: &'static str,
    /// The provider's own instructions.
    documentation: Option<&'static str>,
    mail_hosts: Vec<MailHostBody>,
}

/// A mail host of a provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailHost)]
struct MailHostBody {
    /// `imap`, `pop3` or `smtp`.
    service: &'static str,
    host: &'static str,
    port: u16,
    /// `tls` or `starttls`.
    security: &'static str,
}

impl From<&Preset> for ProviderBody {
    fn from(preset: &Preset) -> Self {
        let hosts = preset.mail_hosts.iter().map(|host| MailHostBody {
            service: host.service.as_str(),
            host: host.host,
            port: host.port,
            security: host.security.as_str(),
        });
        Self {
            id: preset.kind.as_str(),
            name: preset.display_name,
            authorization_endpoint: preset.authorization_endpoint,
            token_endpoint: preset.token_endpoint,
            issuer: preset.issuer,
            userinfo_endpoint: preset.userinfo_endpoint,
            scope: preset.scope,
            documentation: preset.documentation,
            mail_hosts: hosts.collect(),
        }
    }
}
