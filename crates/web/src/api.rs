//! REST under `/api/v1`, with its description generated from the same code.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use outlink_model::grant::{Actor, Trouble};
use serde::Serialize;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::Ref;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, ResponseBuilder};
use utoipa::{OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::error::ProblemBody;

pub(crate) mod attachments;
mod consents;
mod deliveries;
mod events;
mod grants;
mod hand_outs;
mod handlers;
mod issues;
mod links;
mod mail_servers;
pub(crate) mod messages;
mod projects;
mod providers;
mod report;
mod sender_rules;
mod tokens;
mod trials;
mod webhooks;

/// The part of the description that no handler tells.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "outlink",
        description = "Connects self-hosted software to mail by OAuth 2.0 and turns mail into issues. \
            Ids and names are accepted wherever a thing is named. Times are RFC 3339 in UTC."
    ),
    components(schemas(ProblemBody))
)]
struct Description;

/// The routes and, at `/api/openapi.json`, their description.
pub(crate) fn routes(version: &str) -> Router<App> {
    let v1 = OpenApiRouter::new()
        .merge(attachments::routes())
        .merge(consents::routes())
        .merge(deliveries::routes())
        .merge(events::routes())
        .merge(grants::routes())
        .merge(hand_outs::routes())
        .merge(handlers::routes())
        .merge(issues::routes())
        .merge(links::routes())
        .merge(mail_servers::routes())
        .merge(messages::routes())
        .merge(projects::routes())
        .merge(providers::routes())
        .merge(sender_rules::routes())
        .merge(tokens::routes())
        .merge(trials::routes())
        .merge(webhooks::routes());
    let all = OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", v1);
    let (router, mut description) = all.split_for_parts();
    complete(&mut description, version);
    let text = description.to_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the description of the API could not be written");
        "{}".to_owned()
    });
    let describe = || async move { ([(CONTENT_TYPE, "application/json")], text).into_response() };
    router.route("/api/openapi.json", get(describe))
}

/// Adds what is the same for every operation: how to authenticate, and what a refusal looks like.
fn complete(description: &mut OpenApi, version: &str) {
    description.info.version = version.to_owned();
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("olk_…").build();
    let components = description.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(scheme));
    for path in description.paths.paths.values_mut() {
        for operation in operations(path) {
            let problem =
                ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let refusal = ResponseBuilder::new()
                .description("It was refused; `code` says why and `hint` what to do (RFC 9457).")
                .content("application/problem+json", problem)
                .build();
            operation.responses.responses.insert("default".to_owned(), refusal.into());
            let nothing: [&str; 0] = [];
            operation.security = Some(vec![SecurityRequirement::new("token", nothing)]);
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}

/// Wrong, in words: who must act and what to do.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct TroubleBody {
    /// `nobody`, `link_administrator`, `tenant_administrator`, `mailbox_owner` or `operator`.
    actor: Option<&'static str>,
    /// One sentence: what is wrong.
    reason: Option<String>,
    /// One sentence: what to do.
    hint: Option<String>,
    /// The other side's own words, secrets cut out.
    provider_error: Option<String>,
}

impl From<Option<&Trouble>> for TroubleBody {
    fn from(trouble: Option<&Trouble>) -> Self {
        let Some(trouble) = trouble else {
            return Self { actor: Some(Actor::Nobody.as_str()), ..Self::default() };
        };
        Self {
            actor: Some(trouble.actor.as_str()),
            reason: Some(trouble.reason.clone()),
            hint: Some(trouble.hint.clone()),
            provider_error: trouble.provider_error.clone(),
        }
    }
}

/// A file to save.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it only describes")]
struct File(Vec<u8>);
