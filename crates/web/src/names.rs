//! Names of what things point to, so that an answer can be read without a second question.

use outlink_engine::grants::grant_name;
use outlink_engine::{Engine, Error};
use outlink_model::GrantId;
use outlink_model::grant::Grant;
use outlink_model::handler::Handler;
use outlink_model::mail_server::{MailServer, SignIn};

use crate::error::ApiError;

/// What is named, where it still stands: it may have gone since it was named.
pub(crate) fn known<T>(found: Result<T, Error>) -> Result<Option<T>, ApiError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::Problem(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The mail server's name and the project's key of a handler.
pub(crate) async fn of_handler(
    engine: &Engine,
    handler: &Handler,
) -> Result<(String, String), ApiError> {
    let server = engine.mail_server(&handler.mail_server_id.to_string()).await?;
    let project = engine.project(&handler.project_id.to_string()).await?;
    Ok((server.name, project.key))
}

/// The name of the mail server that a handler sends through. None where it sends nothing, or where the server is gone.
pub(crate) async fn of_outgoing(
    engine: &Engine,
    handler: &Handler,
) -> Result<Option<String>, ApiError> {
    let Some(id) = handler.outgoing_id else { return Ok(None) };
    Ok(known(engine.mail_server(&id.to_string()).await)?.map(|server| server.name))
}

/// The grant that a mail server signs in with, and what people call it. None where it signs in by password, or where
/// the grant is gone.
pub(crate) async fn grant_of_server(
    engine: &Engine,
    server: &MailServer,
) -> Result<Option<(Grant, String)>, ApiError> {
    let SignIn::Grant(id) = &server.sign_in else { return Ok(None) };
    Ok(known(engine.grant(&id.to_string()).await)?.map(|grant| {
        let name = grant_name(&grant);
        (grant, name)
    }))
}

/// The mail servers that sign in with a grant: address of the page, and name.
pub(crate) async fn servers_of_grant(
    engine: &Engine,
    grant: GrantId,
) -> Result<Vec<(String, String)>, ApiError> {
    let servers = engine.mail_servers_of_grant(grant).await?.into_iter();
    Ok(servers.map(|server| (format!("/mail-servers/{}", server.id), server.name)).collect())
}
