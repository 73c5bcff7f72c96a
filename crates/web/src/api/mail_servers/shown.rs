//! A mail server as it is shown. Its password never is.

use jiff::Timestamp;
use outlink_engine::Engine;
use outlink_model::mail_server::{MailServer, ServerHealth, SignIn};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::TroubleBody;
use crate::error::ApiError;
use crate::names;

/// A mail server. Its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailServer)]
pub(super) struct MailServerBody {
    id: String,
    name: String,
    direction: &'static str,
    protocol: &'static str,
    security: &'static str,
    host: String,
    port: u16,
    mailbox: String,
    /// `grant`, `password`, or `missing` where the grant was deleted and nothing has taken its place.
    sign_in: &'static str,
    /// Whose grant it signs in with.
    grant: Option<String>,
    grant_id: Option<String>,
    folder: String,
    take: &'static str,
    poll_seconds: u32,
    paused: bool,
    health: ServerHealthBody,
    created_at: Timestamp,
}

/// How a mail server has fared.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailServerHealth)]
struct ServerHealthBody {
    /// `unknown` (not fetched yet), `ok` or `failing`.
    state: &'static str,
    /// When everything last worked.
    ok_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    failures: u32,
    #[serde(flatten)]
    trouble: TroubleBody,
}

impl From<ServerHealth> for ServerHealthBody {
    fn from(health: ServerHealth) -> Self {
        let state = match (&health.trouble, health.ok_at) {
            (Some(_), _) => "failing",
            (None, Some(_)) => "ok",
            (None, None) => "unknown",
        };
        Self {
            state,
            ok_at: health.ok_at,
            failing_since: health.failing_since,
            failures: health.failures,
            trouble: health.trouble.as_ref().into(),
        }
    }
}

pub(super) async fn shape(engine: &Engine, server: MailServer) -> Result<MailServerBody, ApiError> {
    let grant = names::grant_of_server(engine, &server).await?;
    let (sign_in, grant_id) = match &server.sign_in {
        SignIn::Grant(id) => ("grant", Some(id.to_string())),
        SignIn::Password(_) => ("password", None),
        SignIn::Missing => ("missing", None),
    };
    Ok(MailServerBody {
        id: server.id.to_string(),
        name: server.name,
        direction: server.direction.as_str(),
        protocol: server.protocol.as_str(),
        security: server.security.as_str(),
        host: server.host,
        port: server.port,
        mailbox: server.mailbox,
        sign_in,
        grant: grant.map(|(_, name)| name),
        grant_id,
        folder: server.folder,
        take: server.take.as_str(),
        poll_seconds: server.poll_seconds,
        paused: server.paused,
        health: server.health.into(),
        created_at: server.created_at,
    })
}
