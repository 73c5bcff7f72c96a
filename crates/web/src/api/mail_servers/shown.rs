//! A mail server as it is shown. Its password never is.

use jiff::Timestamp;
use outlink_engine::Engine;
use outlink_engine::mail_servers::{Authorized, SavedMailServer};
use outlink_model::mail_server::{After, Direction, MailServer, ServerHealth, SignIn, Take};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::TroubleBody;
use crate::api::links::OfferBody;
use crate::error::ApiError;
use crate::names;

/// A mail server. Its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailServer)]
pub(super) struct MailServerBody {
    id: String,
    name: String,
    description: String,
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
    /// This and what follows, down to `idle`, is `null` where mail is sent: it is about fetching.
    folders: Option<Vec<String>>,
    /// The first of the folders.
    folder: Option<String>,
    /// `keep`, `move` or `delete`.
    after: Option<&'static str>,
    /// Where handled messages are moved to, with `move`.
    move_to: Option<String>,
    /// `new`, `all` or `since`.
    take: Option<&'static str>,
    /// With `since`.
    since: Option<Timestamp>,
    poll_seconds: Option<u32>,
    idle: Option<bool>,
    time_limit_seconds: u32,
    authserv_id: Option<String>,
    paused: bool,
    health: ServerHealthBody,
    created_at: Timestamp,
    /// When an administrator last changed it. Sent along with an edit, it keeps two from undoing one another's.
    updated_at: Timestamp,
}

/// How a mail server has fared.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailServerHealth)]
struct ServerHealthBody {
    /// `unknown` (not used yet), `ok` or `failing`.
    state: &'static str,
    /// When everything last worked.
    ok_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    failures: u32,
    /// Something to know although it works.
    note: Option<String>,
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
            note: health.note.clone(),
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
    let fetches = server.direction == Direction::Incoming;
    Ok(MailServerBody {
        id: server.id.to_string(),
        name: server.name,
        description: server.description,
        direction: server.direction.as_str(),
        protocol: server.protocol.as_str(),
        security: server.security.as_str(),
        host: server.host,
        port: server.port,
        mailbox: server.mailbox,
        sign_in,
        grant: grant.map(|(_, name)| name),
        grant_id,
        folder: server.folders.first().filter(|_| fetches).cloned(),
        folders: fetches.then_some(server.folders),
        after: fetches.then(|| server.after.as_str()),
        move_to: match server.after {
            After::Move(folder) => Some(folder),
            After::Keep | After::Delete => None,
        },
        take: fetches.then(|| server.take.as_str()),
        since: match server.take {
            Take::Since(since) => Some(since),
            Take::New | Take::All => None,
        },
        poll_seconds: fetches.then_some(server.poll_seconds),
        idle: fetches.then_some(server.idle),
        time_limit_seconds: server.time_limit_seconds,
        authserv_id: server.authserv_id,
        paused: server.paused,
        health: server.health.into(),
        created_at: server.created_at,
        updated_at: server.updated_at,
    })
}

/// A mail server that was saved, and how it gets its grant.
// No `Debug`: the address opens the consent for whoever has it.
#[derive(Serialize, ToSchema)]
#[schema(as = SavedMailServer)]
pub(super) struct SavedMailServerBody {
    #[serde(flatten)]
    server: MailServerBody,
    /// Where a link was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<AuthorizationBody>,
}

/// How a mail server gets its grant: by a consent that is asked for, or at once.
#[derive(Serialize, ToSchema)]
#[schema(as = MailServerAuthorization)]
struct AuthorizationBody {
    /// `asked`: somebody must consent. `attached`: nobody need, and it signs in with the grant already.
    state: &'static str,
    /// How the consent is given, where it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<OfferBody>,
    /// The grant that was attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_id: Option<String>,
    /// A grant of the link that is the mailbox's own and works: to attach it (`grant`) would need no consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hand: Option<String>,
}

impl SavedMailServerBody {
    pub(super) async fn new(engine: &Engine, saved: SavedMailServer) -> Result<Self, ApiError> {
        let authorization = saved.authorized.map(|authorized| match authorized {
            Authorized::Asked { offer, at_hand } => AuthorizationBody {
                state: "asked",
                offer: Some(offer.into()),
                grant_id: None,
                at_hand: at_hand.map(|grant| grant.id.to_string()),
            },
            Authorized::Attached(grant) => AuthorizationBody {
                state: "attached",
                offer: None,
                grant_id: Some(grant.id.to_string()),
                at_hand: None,
            },
        });
        Ok(Self { server: shape(engine, saved.server).await?, authorization })
    }
}
