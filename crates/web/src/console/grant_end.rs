//! The end of a grant: given back, or deleted.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::grants::{AtProvider, DeleteGrant, grant_name};
use serde::Serialize;

use super::grants::{News, show_grant};
use super::outcome::OutcomePage;
use super::report::Failure;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::Path;
use crate::form::{self, Fields, Form};
use crate::names;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/grants/{id}/revoke", post(revoke))
        .route("/grants/{id}/delete", get(ask).post(delete))
}

/// The question.
#[derive(Debug, Serialize)]
pub(crate) struct GrantDeletePage {
    pub(crate) href: String,
    pub(crate) identity: String,
    pub(crate) mail_servers: Vec<String>,
    /// Whether tokens can be given back from here.
    pub(crate) revokes: bool,
    pub(crate) form: Form,
}

pub(crate) fn blank() -> Form {
    Form::new(&[("revoke", ""), ("detach", "")])
}

async fn revoke(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let news = match app.engine().revoke_grant(&id, &signed.caller()).await {
        Ok(revoked) => News { notice: Some(told(&revoked.at_provider)), failure: None },
        Err(error) => News { notice: None, failure: Some(Failure::from(ApiError::from(error))) },
    };
    show_grant(&app, &signed, &id, news).await
}

fn told(at_provider: &AtProvider) -> String {
    match at_provider {
        AtProvider::Done => "The grant is given back, at the provider as well.".to_owned(),
        AtProvider::NotOffered => {
            "The tokens are gone here. The provider offers no way to give them back from here: the owner can end the \
             access in the account's settings there."
                .to_owned()
        }
        AtProvider::Failed(trouble) => format!(
            "The tokens are gone here, but the provider could not be told: {} {}",
            trouble.reason, trouble.hint
        ),
    }
}

async fn ask(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    show(&app, &signed, &id, blank()).await
}

async fn delete(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let how = DeleteGrant {
        revoke: fields.optional("revoke").is_some(),
        detach: fields.optional("detach").is_some(),
    };
    let name = grant_name(&app.engine().grant(&id).await?);
    match app.engine().delete_grant(&id, how, &signed.caller()).await {
        Ok(done) => {
            let unsaid = !matches!(done.at_provider, None | Some(AtProvider::Done));
            if done.mail_servers.is_empty() && !unsaid {
                return Ok(Redirect::to("/grants").into_response());
            }
            let warnings = done.at_provider.iter().filter(|_| unsaid).map(told).collect();
            let page = OutcomePage {
                title: format!("The grant of {name} is deleted"),
                text: "What was received with it stays.".to_owned(),
                warnings,
                mail_servers: done.mail_servers,
                back: "/grants",
                back_label: "Grants",
            };
            app.pages().show(&signed, "grants", "outcome.html", page)
        }
        Err(error) => {
            let form = blank()
                .ticked("revoke", &fields)
                .ticked("detach", &fields)
                .refused(error.into(), &[])?;
            show(&app, &signed, &id, form).await
        }
    }
}

async fn show(app: &App, signed: &Signed, id: &str, form: Form) -> Result<Response, ApiError> {
    let engine = app.engine();
    let grant = engine.grant(id).await?;
    let link = engine.link(&grant.link_id.to_string()).await?;
    let servers = names::servers_of_grant(engine, grant.id).await?;
    let status = form::status(&form);
    let page = GrantDeletePage {
        href: format!("/grants/{}", grant.id),
        identity: grant_name(&grant),
        mail_servers: servers.into_iter().map(|(_, name)| name).collect(),
        revokes: link.revocation_endpoint.is_some(),
        form,
    };
    app.pages().show_with(status, signed, "grants", "grant_delete.html", page)
}
