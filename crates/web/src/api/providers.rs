//! `/providers`: the presets that a link is made from.

use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_oauth::{PRESETS, Preset, fill, preset};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Reader;
use crate::choice::{ChoiceWords, choice, words};
use crate::error::ApiError;
use crate::extract::{Json, List, Path, Query};

mod shown;

use shown::{ProviderBody, ProviderFilledBody};

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

/// One provider, filled in for what is chosen: what a link to it is made of, and how to register there.
#[utoipa::path(
    get, path = "/providers/{id}", tag = "providers",
    params(("id" = String, Path, description = "Its name"), ChoiceQuery),
    responses((status = 200, body = ProviderFilledBody)),
)]
async fn show(
    _: Reader,
    Path(id): Path<String>,
    Query(query): Query<ChoiceQuery>,
) -> Result<Json<ProviderFilledBody>, ApiError> {
    let kind: ProviderKind = choice("id", &id).map_err(|_| Problem::not_found("provider", &id))?;
    let preset: &Preset = preset(kind);
    let chosen = ChoiceWords {
        cloud: query.cloud.as_deref(),
        tenant: query.tenant.as_deref(),
        protocols: words(query.protocol.as_deref()),
        grant_type: query.grant_type.as_deref(),
        instance: query.instance.as_deref(),
    };
    let filled = fill(kind, &chosen.read()?)?;
    Ok(Json(ProviderFilledBody::new(preset, filled)))
}

/// What is chosen before a link is filled in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChoiceQuery {
    /// Microsoft's cloud: `worldwide` (where left out), `gcc`, `gcc_high`, `dod` or `china`.
    cloud: Option<String>,
    /// Microsoft's tenant: `common`, `organizations`, `consumers`, an id or a domain.
    tenant: Option<String>,
    /// `imap` (where left out), `pop3` and `smtp`, separated by commas.
    protocol: Option<String>,
    /// `authorization_code` (where left out), `client_credentials`, `jwt_bearer` or `device_code`.
    grant_type: Option<String>,
    /// The address of a self-hosted GitLab, Forgejo, Gitea or GitHub Enterprise Server.
    instance: Option<String>,
}
