//! A grant as it is shown. Its tokens never are.

use jiff::Timestamp;
use outlink_engine::grants::{AtProvider, GrantView, grant_name};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::TroubleBody;

/// A grant. Its tokens are never shown here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub(super) struct GrantBody {
    id: String,
    /// The link's name.
    link: String,
    link_id: String,
    /// The e-mail address, else the provider's name for the person.
    identity: String,
    /// The mailbox whose tokens are asked for; for the grant type `jwt_bearer`.
    subject: Option<String>,
    /// `active`, `degraded`, `needs_consent`, `blocked` or `revoked`.
    state: &'static str,
    /// Since when it is in this state.
    since: Timestamp,
    #[serde(flatten)]
    trouble: TroubleBody,
    /// Whether an endpoint of the link was moved since the tokens were issued: they are sent nowhere until somebody
    /// consents anew.
    locked: bool,
    /// What was granted.
    scopes: Vec<String>,
    /// What was asked for and not granted.
    missing_scopes: Vec<String>,
    /// When the access token ends.
    expires_at: Timestamp,
    /// Whether it is renewed by itself.
    renewable: bool,
    next_refresh_at: Option<Timestamp>,
    /// When the refresh token ends, where the provider has said so.
    refresh_expires_at: Option<Timestamp>,
    /// Whether the tokens that stood before the last consent are kept and can be put back.
    has_previous: bool,
    created_at: Timestamp,
}

impl From<GrantView> for GrantBody {
    fn from(view: GrantView) -> Self {
        let trouble = view.trouble();
        let grant = view.grant;
        Self {
            identity: grant_name(&grant),
            id: grant.id.to_string(),
            link: view.link_name,
            link_id: grant.link_id.to_string(),
            subject: grant.subject,
            state: grant.state.name().as_str(),
            since: grant.since,
            trouble: trouble.as_ref().into(),
            locked: view.locked,
            scopes: grant.scopes,
            missing_scopes: view.missing_scopes,
            expires_at: grant.expires_at,
            renewable: grant.renewable,
            next_refresh_at: grant.next_refresh_at,
            refresh_expires_at: grant.refresh_expires_at,
            has_previous: grant.has_previous,
            created_at: grant.created_at,
        }
    }
}

/// What became of a grant's tokens at the provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AtProvider)]
pub(super) struct AtProviderBody {
    /// `done`, `not_offered` or `failed`.
    status: &'static str,
    /// What that means, in a sentence or two.
    message: String,
}

impl From<AtProvider> for AtProviderBody {
    fn from(at_provider: AtProvider) -> Self {
        let (status, message) = match at_provider {
            AtProvider::Done => ("done", "The tokens are worth nothing any more.".to_owned()),
            AtProvider::NotOffered => (
                "not_offered",
                "The provider offers no way to give tokens back from here, so they may be good until they end: the \
                 owner can take the access away in the account's settings there."
                    .to_owned(),
            ),
            AtProvider::Failed(trouble) => ("failed", trouble.told("It")),
        };
        Self { status, message }
    }
}
