//! Putting back the tokens that stood before the last consent, where the provider still honours them.

use outlink_model::event::Event;
use outlink_model::grant::{Actor, Grant, GrantState, renew_at};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{GrantId, Secret};
use outlink_oauth::{self as oauth, TokenAnswer};
use outlink_store::{Error as StoreError, NewTokens};

use super::end::overtaken;
use super::{GrantView, grant_name};
use crate::provider_calls::Called;
use crate::refresh::{Unrefreshed, has_moved, held, new_tokens, stands_in_the_way};
use crate::{Caller, Engine, Error, clock};

impl Engine {
    /// Puts back the tokens that stood before the last consent. The provider is asked first: only tokens that it has
    /// just renewed take the place of the others, which are kept in their turn.
    ///
    /// # Errors
    /// A [`Problem`] where there are none, or where the provider no longer honours them. The grant stays as it is then.
    pub async fn restore_grant(&self, named: &str, by: &Caller) -> Result<GrantView, Error> {
        let grant = self.grant(named).await?;
        let link = self.link_by_id(grant.link_id).await?;
        if let Some(trouble) = stands_in_the_way(&link, &grant) {
            return Err(Unrefreshed::from(trouble).error);
        }
        let (engine, by) = (self.clone(), by.clone());
        // An answer may be the only copy of a refresh token.
        self.to_the_end(async move {
            let held = engine.hold(grant.id).await?;
            match engine.put_back(&link, &held.grant, &by).await {
                Ok(()) => engine.view_grant(engine.grant_by_id(grant.id).await?).await,
                Err(error) => Err(engine.let_go_after(held, error).await),
            }
        })
        .await
    }

    /// Puts back the earlier tokens of a grant that is held meanwhile.
    async fn put_back(&self, link: &Link, grant: &Grant, by: &Caller) -> Result<(), Error> {
        let (id, seen) = (grant.id, grant.generation);
        let previous = self.store().previous_tokens(id).await?;
        let bound = previous.as_ref().and_then(|tokens| tokens.bound_to.as_ref());
        let moved = has_moved(bound, || oauth::bound_to(link));
        let refresh = previous.as_ref().and_then(|tokens| tokens.refresh.clone());
        let Some(spent) = refresh.filter(|_| !moved) else {
            return Err(nothing_kept(&grant_name(grant)).into());
        };
        let mut answer = self.ask_with_previous(link, id, &spent).await?;
        let now = self.now();
        let rotated = answer.refresh.take();
        // A provider that does not rotate means the old one to be kept.
        let refresh = Some(rotated.as_ref().unwrap_or(&spent).clone());
        let tokens = NewTokens { refresh, ..new_tokens(link, answer, now) };
        let event = Event {
            kind: "grant.restored".into(),
            subject: format!("grant {}", grant_name(grant)),
            state: Some(GrantState::Active.name().to_string()),
            message: format!(
                "{} put back the tokens of {} that stood before the last consent.",
                by.name(),
                grant_name(grant)
            ),
            ..self.event(Actor::Nobody)
        };
        let ends = tokens.refresh_expires_at;
        let next = Some(renew_at(now, tokens.expires_at, ends, clock::jitter()));
        let put_back = || self.store().restore_previous(id, seen, &tokens, next, now, Some(&event));
        match held(put_back).await {
            Ok(_) => {}
            // Written before, and only the store's word of it was lost.
            Err(StoreError::Stale) if self.stands(id, &tokens.access).await? => {}
            Err(StoreError::Stale | StoreError::Missing) => {
                // A new consent came meanwhile. Where the spent token is still kept to be put back, the new one stands in
                // its place.
                self.overtaken(link, id, seen, &tokens).await?;
                if let Some(rotated) = &rotated {
                    held(|| self.store().replace_kept_refresh(id, &spent, rotated)).await?;
                }
                return Err(overtaken().into());
            }
            Err(error) => return Err(error.into()),
        }
        self.recorded(&event);
        self.wake(id).await;
        Ok(())
    }

    /// Asks the provider with the refresh token that is kept, and once more where no answer came. Keeps **No lost
    /// grant**: a token that came beside an answer of no other use takes the place of the one that was spent for it.
    async fn ask_with_previous(
        &self,
        link: &Link,
        id: GrantId,
        spent: &Secret,
    ) -> Result<TokenAnswer, Error> {
        let ask =
            || self.call_as_client(link, |link, fresh| oauth::refresh_request(link, fresh, spent));
        let called = match ask().await {
            // The provider may have acted. While its grace lasts, it gives the same answer again.
            Called::Lost(_) => ask().await,
            settled => settled,
        };
        let answered = called
            .answer()
            .and_then(|response| oauth::parse_token_response(link.provider, &response, self.now()));
        let failure = match answered {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        if let Some(rotated) = &failure.held.rotated {
            held(|| self.store().replace_kept_refresh(id, spent, rotated)).await?;
        }
        let secrets: Vec<_> = link.secrets().chain([spent]).collect();
        let trouble = oauth::without_secrets(failure, &secrets).trouble;
        Err(Unrefreshed::coded(trouble, ProblemKind::Remote, "previous_refused").error)
    }
}

fn nothing_kept(name: &str) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "no_previous_tokens",
        format!("No earlier tokens of the grant of {name} are kept that could be put back."),
        "Authorise the grant anew.",
    )
}
