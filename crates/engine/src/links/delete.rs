//! Deleting a link: with what hangs on it, or not at all.

use futures_util::{StreamExt as _, stream};
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Grant, Trouble};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_store::Error as StoreError;

use super::dependants::{NAMED, in_use};
use crate::grants::{AtProvider, grant_name};
use crate::refresh::Unrefreshed;
use crate::{Caller, Engine, Error};

/// Grants that are given back at the provider at once.
const AT_ONCE: usize = 8;

/// How a link is to be deleted.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeleteLink {
    /// Whether its grants are deleted with it, and their mail servers paused.
    pub with_grants: bool,
    /// Whether the tokens of these grants are given back at the provider first.
    pub revoke: bool,
}

/// A link that was deleted.
#[derive(Debug)]
pub struct DeletedLink {
    /// As it was.
    pub link: Link,
    /// How many grants were deleted with it.
    pub grants: usize,
    /// The mail servers that have lost their grant, and are paused now.
    pub mail_servers: Vec<String>,
    /// What could not be given back at the provider: a sentence for each of the first ten, and how many more.
    pub not_revoked: Vec<String>,
    /// What else has probably ended with that: grants of other links.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Deletes a link, where told to with its grants. What was received with them stays.
    ///
    /// # Errors
    /// A [`Problem`] that names what hangs on the link; nothing is changed then. Or one that names the grants which the
    /// provider could not be told of: the link stands then with all of them, since nobody could give them back without
    /// their tokens. Those that were given back are revoked.
    pub async fn delete_link(
        &self,
        named: &str,
        how: DeleteLink,
        by: &Caller,
    ) -> Result<DeletedLink, Error> {
        let link = self.link(named).await?;
        let dependants = self.link_dependants(&link).await?;
        if !how.with_grants && !dependants.grants.is_empty() {
            return Err(in_use(&link, &dependants).into());
        }
        let not_revoked = match how.revoke {
            true => self.give_back_all(&link, &dependants.grants, by).await?,
            false => Vec::new(),
        };
        let warnings = match how.revoke {
            true => dependants.also_ended.clone(),
            false => Vec::new(),
        };
        let event = Event {
            kind: "link.deleted".into(),
            subject: format!("link {}", link.name),
            message: match dependants.grants.len() {
                0 => format!("{} deleted the link {}.", by.name(), link.name),
                1 => format!("{} deleted the link {} with its grant.", by.name(), link.name),
                n => format!("{} deleted the link {} with its {n} grants.", by.name(), link.name),
            },
            hint: [not_revoked.join(" "), warnings.join(" ")].join(" ").trim().to_owned(),
            ..self.event(Actor::Nobody)
        };
        if how.with_grants {
            let trouble = taken_away(&link);
            self.store().delete_link_with_grants(link.id, self.now(), &trouble, &event).await?;
            self.recorded(&event);
        } else {
            match self.store().delete_link(link.id).await {
                Ok(()) => self.record(event).await,
                // Somebody has consented in this moment.
                Err(StoreError::InUse) => {
                    let dependants = self.link_dependants(&link).await?;
                    return Err(in_use(&link, &dependants).into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.0.alarm.notify_waiters();
        let mail_servers = dependants.mail_servers.into_iter().map(|server| server.name).collect();
        Ok(DeletedLink {
            link,
            grants: dependants.grants.len(),
            mail_servers,
            not_revoked,
            warnings,
        })
    }

    /// Gives every grant back at the provider; of which it does not take back, in words.
    ///
    /// # Errors
    /// A [`Problem`] where it takes tokens back and could not be told of all.
    async fn give_back_all(
        &self,
        link: &Link,
        grants: &[Grant],
        by: &Caller,
    ) -> Result<Vec<String>, Problem> {
        // Each task has a grant of its own: a borrowed one would tie it to this function in a way that the compiler cannot
        // see through from above.
        let told = stream::iter(grants.to_vec()).map(|grant| async move {
            let at_provider = match link.revocation_endpoint {
                Some(_) => self.give_back_one(link, &grant, by).await,
                None => AtProvider::NotOffered,
            };
            let failed = matches!(at_provider, AtProvider::Failed(_));
            (failed, not_revoked(&grant, at_provider))
        });
        let mut told = told.buffered(AT_ONCE);
        let (mut said, mut more, mut any_failed) = (Vec::new(), 0_usize, false);
        while let Some((failed, sentence)) = told.next().await {
            any_failed |= failed;
            match sentence {
                Some(sentence) if said.len() < NAMED => said.push(sentence),
                Some(_) => more += 1,
                None => {}
            }
        }
        if more > 0 {
            said.push(format!("{more} more grants still stand at the provider."));
        }
        if any_failed {
            return Err(Problem::new(
                ProblemKind::Remote,
                "not_revoked",
                format!("The link {} was not deleted. {}", link.name, said.join(" ")),
                "Try again in a while; grants that were given back are revoked already. Or delete the link without giving \
                 tokens back.",
            ));
        }
        Ok(said)
    }

    /// Gives one grant back at the provider, and here: with the link it would go anyway, and nobody shall use it until
    /// then.
    async fn give_back_one(&self, link: &Link, grant: &Grant, by: &Caller) -> AtProvider {
        let failed = |error: Error| AtProvider::Failed(*Unrefreshed::from(error).trouble);
        if let Err(not_yet) = self.turn(link).await {
            return AtProvider::Failed(not_yet.trouble);
        }
        // No refresh may be under way: its answer would be a token that nobody gives back.
        let held = match self.hold(grant.id).await {
            Ok(held) => held,
            Err(error) => return failed(error),
        };
        let told = self.revoke_at_provider(link, grant.id).await;
        let written = match told {
            AtProvider::Done => self.write_revoked(&held, by).await,
            AtProvider::NotOffered | AtProvider::Failed(_) => {
                if let Err(error) = held.release(self).await {
                    tracing::warn!(%error, grant = %grant.id, "the grant could not be let go of");
                }
                return told;
            }
        };
        match written {
            Ok(()) => told,
            Err(error) => failed(self.let_go_after(held, error).await),
        }
    }
}

fn not_revoked(grant: &Grant, at_provider: AtProvider) -> Option<String> {
    let name = grant_name(grant);
    match at_provider {
        AtProvider::Done => None,
        AtProvider::NotOffered => Some(format!(
            "The grant of {name} still stands at the provider, which offers no way to give it back from here: the \
             owner can do so in the account's settings there."
        )),
        AtProvider::Failed(trouble) => {
            let told = trouble.told("The provider");
            Some(format!("The grant of {name} still stands at the provider: {told}"))
        }
    }
}

/// What a mail server says from then on whose link was deleted.
fn taken_away(link: &Link) -> Trouble {
    Trouble {
        actor: Actor::LinkAdministrator,
        reason: format!(
            "The link {} was deleted with the grant that this mail server used.",
            link.name
        ),
        hint: "Attach another grant to it, and resume it.".into(),
        provider_error: None,
    }
}
