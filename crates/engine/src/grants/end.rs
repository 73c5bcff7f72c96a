//! The end of a grant by our own will: given back at the provider, deleted here.

use outlink_model::event::Event;
use outlink_model::grant::{Actor, Grant, GrantState, Trouble};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{GrantId, Secret};
use outlink_oauth::{self as oauth, TokenHint};
use outlink_store::Error as StoreError;

use super::{GrantView, grant_name};
use crate::provider_calls::not_named;
use crate::refresh::{Held, Unrefreshed, is_locked};
use crate::{Caller, Engine, Error};

/// What became of a grant's tokens at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtProvider {
    /// They are worth nothing any more.
    Done,
    /// The provider has no way to give them back, or the link does not name it.
    NotOffered,
    /// It did not work; they may still be good.
    Failed(Trouble),
}

/// A grant that was given back.
#[derive(Debug)]
pub struct Revoked {
    /// The grant, without tokens.
    pub view: GrantView,
    /// What the provider was told.
    pub at_provider: AtProvider,
}

/// How a grant is to be deleted.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeleteGrant {
    /// Whether its tokens are given back at the provider first.
    pub revoke: bool,
    /// Whether the mail servers that use it are paused and left without a grant.
    pub detach: bool,
}

/// A grant that was deleted.
#[derive(Debug)]
pub struct DeletedGrant {
    /// The mail servers that are paused now.
    pub mail_servers: Vec<String>,
    /// What the provider was told, where it was asked for.
    pub at_provider: Option<AtProvider>,
}

impl Engine {
    /// Gives a grant back: at the provider where that can be done, and here in any case. Its row and its history stay;
    /// a new consent makes it active again.
    ///
    /// # Errors
    /// A [`Problem`] where the provider could not be told: nothing is changed then, so that it can be tried again.
    pub async fn revoke_grant(&self, named: &str, by: &Caller) -> Result<Revoked, Error> {
        let grant = self.grant(named).await?;
        let link = self.link_by_id(grant.link_id).await?;
        let (engine, by) = (self.clone(), by.clone());
        self.to_the_end(async move {
            // No refresh may be under way: its answer would be a token that nobody gives back.
            let held = engine.hold(grant.id).await?;
            let told = match engine.revoke_at_provider(&link, grant.id).await {
                AtProvider::Failed(trouble) => Err(not_revoked(&trouble).into()),
                told => engine.write_revoked(&held, &by).await.map(|()| told),
            };
            match told {
                Ok(at_provider) => {
                    let view = engine.view_grant(engine.grant_by_id(grant.id).await?).await?;
                    Ok(Revoked { view, at_provider })
                }
                Err(error) => Err(engine.let_go_after(held, error).await),
            }
        })
        .await
    }

    /// Writes that a grant was given back which is held meanwhile.
    pub(crate) async fn write_revoked(&self, held: &Held, by: &Caller) -> Result<(), Error> {
        let name = grant_name(&held.grant);
        let event = Event {
            kind: "grant.revoked".into(),
            subject: format!("grant {name}"),
            state: Some(GrantState::Revoked.name().to_string()),
            message: format!("{} gave back the grant of {name}.", by.name()),
            ..self.event(Actor::Nobody)
        };
        let (id, seen, now) = (held.grant.id, held.grant.generation, self.now());
        match self.store().revoke_grant(id, seen, now, &event).await {
            Ok(()) => self.recorded(&event),
            Err(StoreError::Stale) => return Err(overtaken().into()),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Lets go of a grant with which something went wrong, and passes on what. Otherwise the grant would stay due for a
    /// refresh that nobody is to make.
    pub(crate) async fn let_go_after(&self, held: Held, error: Error) -> Error {
        let id = held.grant.id;
        if let Err(error) = held.release(self).await {
            tracing::warn!(%error, grant = %id, "the grant could not be let go of; its lease will lapse");
        }
        error
    }

    /// Deletes a grant with its tokens. What was received with it stays.
    ///
    /// # Errors
    /// A [`Problem`] that names the mail servers which use it, or where the provider could not be told. Nothing is
    /// changed then.
    pub async fn delete_grant(
        &self,
        named: &str,
        how: DeleteGrant,
        by: &Caller,
    ) -> Result<DeletedGrant, Error> {
        let grant = self.grant(named).await?;
        let link = self.link_by_id(grant.link_id).await?;
        let servers = self.store().mail_servers_of_grant(grant.id).await?;
        let names: Vec<_> = servers.into_iter().map(|server| server.name).collect();
        if !names.is_empty() && !how.detach {
            return Err(Problem::new(
                ProblemKind::Conflict,
                "grant_in_use",
                format!("The grant of {} is used by: {}.", grant_name(&grant), names.join(", ")),
                "Attach another grant there first, or delete it with --detach: its mail servers are then paused and \
                 keep everything that they have received.",
            )
            .into());
        }
        let (engine, by) = (self.clone(), by.clone());
        self.to_the_end(async move {
            let held = engine.hold(grant.id).await?;
            match engine.delete_held(&link, &held, how, &by).await {
                Ok(at_provider) => Ok(DeletedGrant { mail_servers: names, at_provider }),
                Err(error) => Err(engine.let_go_after(held, error).await),
            }
        })
        .await
    }

    async fn delete_held(
        &self,
        link: &Link,
        held: &Held,
        how: DeleteGrant,
        by: &Caller,
    ) -> Result<Option<AtProvider>, Error> {
        let grant = &held.grant;
        let mut at_provider = None;
        if how.revoke {
            match self.revoke_at_provider(link, grant.id).await {
                AtProvider::Failed(trouble) => return Err(not_revoked(&trouble).into()),
                told => at_provider = Some(told),
            }
        }
        let event = Event {
            kind: "grant.deleted".into(),
            subject: format!("grant {}", grant_name(grant)),
            message: format!("{} deleted the grant of {}.", by.name(), grant_name(grant)),
            ..self.event(Actor::Nobody)
        };
        let trouble = taken_away(grant);
        self.store().delete_grant(grant.id, self.now(), &trouble, &event).await?;
        self.recorded(&event);
        Ok(at_provider)
    }

    /// Tells the provider that a grant's tokens are given back (RFC 7009, or its own way).
    pub(crate) async fn revoke_at_provider(&self, link: &Link, id: GrantId) -> AtProvider {
        let (grant, tokens) = match (self.store().grant(id).await, self.store().tokens(id).await) {
            (Ok(Some(grant)), Ok(Some(tokens))) => (grant, tokens),
            (Ok(_), Ok(_)) => return AtProvider::Done,
            (Err(error), _) | (_, Err(error)) => {
                return AtProvider::Failed(*Unrefreshed::from(error).trouble);
            }
        };
        if link.revocation_endpoint.is_some() && is_locked(link, &grant) {
            return AtProvider::Failed(Trouble {
                actor: Actor::LinkAdministrator,
                reason: format!(
                    "An endpoint of the link {} was moved, and the grant's tokens are not sent to the new address.",
                    link.name
                ),
                hint: "Give the access back at the provider itself, and delete the grant without revoking.".into(),
                provider_error: None,
            });
        }
        self.give_tokens_back(link, tokens.refresh.as_ref(), &tokens.access).await
    }

    /// Tells the provider that these tokens are given back; where there is a refresh token by that one alone, since the
    /// other ends with it (RFC 7009 §2.1).
    pub(crate) async fn give_tokens_back(
        &self,
        link: &Link,
        refresh: Option<&Secret>,
        access: &Secret,
    ) -> AtProvider {
        if link.revocation_endpoint.is_none() {
            return AtProvider::NotOffered;
        }
        let (token, hint) = match refresh {
            Some(refresh) => (refresh, TokenHint::Refresh),
            None => (access, TokenHint::Access),
        };
        if token.is_empty() {
            return AtProvider::Done;
        }
        let called = self.call_as_client(link, |link, fresh| {
            oauth::revocation_request(link, fresh, token, hint)
                .unwrap_or_else(|| Err(not_named(link, "revocation")))
        });
        let answered = called.await.answer();
        let accepted = answered.and_then(|response| {
            oauth::parse_revocation_response(link.provider, &response, self.now())
        });
        match accepted {
            Ok(()) => AtProvider::Done,
            Err(failure) => {
                let secrets: Vec<_> = link.secrets().chain([token]).collect();
                AtProvider::Failed(oauth::without_secrets(failure, &secrets).trouble)
            }
        }
    }
}

/// What a mail server says from then on whose grant was deleted.
pub(crate) fn taken_away(grant: &Grant) -> Trouble {
    Trouble {
        actor: Actor::LinkAdministrator,
        reason: format!(
            "The grant of {} that this mail server used was deleted.",
            grant_name(grant)
        ),
        hint: "Attach another grant to it, and resume it.".into(),
        provider_error: None,
    }
}

pub(super) fn overtaken() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "overtaken",
        "New tokens came for this grant meanwhile.",
        "Look at it, and try once more if that is still wanted.",
    )
}

fn not_revoked(trouble: &Trouble) -> Problem {
    let told = trouble.told("The provider");
    Problem::new(
        ProblemKind::Remote,
        "not_revoked",
        format!("The provider could not be told that the grant is given back: {told}"),
        format!("Nothing was changed here. {}", trouble.hint),
    )
}
