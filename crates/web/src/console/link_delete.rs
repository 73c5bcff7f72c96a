//! Deleting a link: first what hangs on it, by name.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use outlink_engine::grants::grant_name;
use outlink_engine::links::DeleteLink;
use serde::Serialize;

use super::outcome::OutcomePage;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::Path;
use crate::form::{self, Fields, Form};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/links/{id}/delete", get(ask).post(delete))
}

/// So many names are shown of each kind.
const NAMED: usize = 20;

/// The question.
#[derive(Debug, Serialize)]
pub(crate) struct LinkDeletePage {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) grants: Vec<String>,
    pub(crate) more_grants: usize,
    pub(crate) mail_servers: Vec<String>,
    pub(crate) more_mail_servers: usize,
    /// API tokens that are handed access tokens of the grants.
    pub(crate) tokens: Vec<String>,
    pub(crate) more_tokens: usize,
    /// What the provider ends as well when tokens are given back to it.
    pub(crate) also_ended: Vec<String>,
    /// Whether tokens can be given back from here.
    pub(crate) revokes: bool,
    pub(crate) form: Form,
}

pub(crate) fn blank() -> Form {
    Form::new(&[("with_grants", ""), ("revoke", "")])
}

/// The first names, and how many are not among them.
pub(crate) fn named(mut names: Vec<String>) -> (Vec<String>, usize) {
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    (names, more)
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
    let how = DeleteLink {
        with_grants: fields.optional("with_grants").is_some(),
        revoke: fields.optional("revoke").is_some(),
    };
    match app.engine().delete_link(&id, how, &signed.caller()).await {
        Ok(done)
            if done.not_revoked.is_empty()
                && done.warnings.is_empty()
                && done.mail_servers.is_empty() =>
        {
            Ok(Redirect::to("/links").into_response())
        }
        Ok(done) => {
            let page = OutcomePage {
                title: format!("The link {} is deleted", done.link.name),
                text: match done.grants {
                    1 => "Its grant was deleted with it.".to_owned(),
                    n => format!("{n} grants were deleted with it."),
                },
                warnings: [done.not_revoked, done.warnings].concat(),
                mail_servers: done.mail_servers,
                back: "/links",
                back_label: "Links",
            };
            app.pages().show(&signed, "links", "outcome.html", page)
        }
        Err(error) => {
            let form = blank()
                .ticked("with_grants", &fields)
                .ticked("revoke", &fields)
                .refused(error.into(), &[])?;
            show(&app, &signed, &id, form).await
        }
    }
}

async fn show(app: &App, signed: &Signed, id: &str, form: Form) -> Result<Response, ApiError> {
    let link = app.engine().link(id).await?;
    let dependants = app.engine().link_dependants(&link).await?;
    let status = form::status(&form);
    let (grants, more_grants) = named(dependants.grants.iter().map(grant_name).collect());
    let servers = dependants.mail_servers.into_iter().map(|server| server.name);
    let (mail_servers, more_mail_servers) = named(servers.collect());
    let (tokens, more_tokens) = named(dependants.tokens.into_iter().map(|t| t.name).collect());
    let page = LinkDeletePage {
        tokens,
        more_tokens,
        also_ended: dependants.also_ended,
        href: format!("/links/{}", link.id),
        name: link.name,
        enabled: link.enabled,
        grants,
        more_grants,
        mail_servers,
        more_mail_servers,
        revokes: link.revocation_endpoint.is_some(),
        form,
    };
    app.pages().show_with(status, signed, "links", "link_delete.html", page)
}
