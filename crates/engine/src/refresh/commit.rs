//! What becomes of an answer: nothing that a provider has given out is lost. Keeps **No lost grant**.

use jiff::SignedDuration;
use outlink_model::grant::{Grant, GrantState, Identity, keep_alive_at, later, renew_at};
use outlink_model::link::Link;
use outlink_model::{GrantId, Secret, Timestamp};
use outlink_oauth::{self as oauth, TokenAnswer};
use outlink_store::{Error as StoreError, NewTokens};

use super::held::{held, held_read};
use super::{By, Call};
use crate::{Engine, Error, clock};

/// A grant that nothing has used for so long is idle.
const IDLE_AFTER: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How often, in hours, an idle grant is refreshed whose provider does not say how long a refresh token may lie unused.
const DAILY: i64 = 24;

impl Engine {
    /// Commits an answer, by compare-and-swap on the generation alone. While the store is away the answer is held and
    /// tried again: it may be the only copy of the new refresh token that there is.
    pub(super) async fn commit(
        &self,
        call: &Call,
        mut answer: TokenAnswer,
    ) -> Result<Grant, Error> {
        self.failpoint("before_refresh_commit");
        let now = self.now();
        let id_token = answer.id_token.take();
        let tokens = new_tokens(&call.link, answer, now);
        let next = self.next_refresh(call, &tokens).await;
        let (id, seen) = (call.grant.id, call.grant.generation);
        let event = self.change(&call.grant, &GrantState::Active);
        let commit = || self.store().commit_refresh(id, seen, &tokens, next, now, event.as_ref());
        match held(commit).await {
            Ok(_) => event.iter().for_each(|event| self.recorded(event)),
            // Written before, and only the store's word of it was lost.
            Err(StoreError::Stale) if self.stands(id, &tokens.access).await? => {}
            Err(StoreError::Stale) => {
                self.overtaken(&call.link, id, seen, &tokens).await?;
                if let (Some(rotated), Some(spent)) = (&tokens.refresh, call.spends()) {
                    self.replace_spent(id, spent, rotated).await?;
                    // The same token may have been kept to be put back one day.
                    held(|| self.store().replace_kept_refresh(id, spent, rotated)).await?;
                }
                return self.grant_by_id(id).await;
            }
            Err(error) => return Err(error.into()),
        }
        self.heal_link(&call.link).await;
        if event.is_some() {
            self.wake(id).await;
        }
        if seen == 1 && call.grant.identity == Identity::default() {
            self.learn_identity(call, id_token.as_ref(), &tokens.access).await;
        }
        self.grant_by_id(id).await
    }

    /// Finds out whose grant it is that was made from a refresh token alone. It is for display, so nothing fails by it.
    async fn learn_identity(&self, call: &Call, id_token: Option<&Secret>, access: &Secret) {
        let identity = match self.identify(&call.link, None, id_token, access).await {
            Ok(identity) => identity,
            Err(error) => {
                tracing::info!(%error, grant = %call.grant.id, "whose grant it is cannot be told");
                return;
            }
        };
        if let Err(error) = self.store().learn_identity(call.grant.id, &identity).await {
            tracing::warn!(%error, grant = %call.grant.id, "whose grant it is could not be kept");
        }
    }

    /// When a grant with these tokens is due again: ahead of their expiry while something uses it, and else in time for
    /// the refresh token not to end for want of use.
    async fn next_refresh(&self, call: &Call, tokens: &NewTokens) -> Option<Timestamp> {
        let (now, jitter) = (tokens.issued_at, clock::jitter());
        let ends = tokens.refresh_expires_at.or(call.grant.refresh_expires_at);
        let ahead = renew_at(now, tokens.expires_at, ends, jitter);
        let since = later(now, -IDLE_AFTER);
        // What cannot be found out counts as use: a call too many costs less than a grant.
        let in_use = call.grant.created_at > since
            || self.store().grant_in_use(call.grant.id, since).await.unwrap_or(true);
        match &call.by {
            _ if in_use => Some(ahead),
            // Nothing ends for want of use: the next token is asked for when somebody wants it.
            By::Credentials | By::Assertion => None,
            By::RefreshToken(_) => {
                let hours = oauth::preset(call.link.provider).keep_alive.unwrap_or(DAILY);
                let keep_alive = SignedDuration::from_hours(hours);
                Some(keep_alive_at(now, ends, keep_alive, jitter).max(ahead))
            }
        }
    }

    /// Whether the grant has this very access token.
    pub(crate) async fn stands(&self, id: GrantId, access: &Secret) -> Result<bool, Error> {
        let tokens = held_read(|| self.store().tokens(id)).await?;
        Ok(tokens.is_some_and(|tokens| tokens.access.expose() == access.expose()))
    }

    /// Keeps the refresh token of an answer that is of no other use. The rest of the call goes on with the generation
    /// that this makes.
    pub(super) async fn keep_rotated(
        &self,
        call: &mut Call,
        rotated: &Secret,
    ) -> Result<(), Error> {
        let By::RefreshToken(spent) = &call.by else { return Ok(()) };
        let replaced = self.replace_spent(call.grant.id, spent, rotated).await?;
        if replaced == Some(call.grant.generation) {
            call.grant.generation += 1;
        }
        Ok(())
    }

    /// Puts a refresh token in the place of the one that was spent for it, if the grant still has that one: a new consent
    /// without a refresh token of its own keeps the old one, which the provider may just have rotated. The generation
    /// that it was replaced in.
    async fn replace_spent(
        &self,
        id: GrantId,
        spent: &Secret,
        rotated: &Secret,
    ) -> Result<Option<i64>, Error> {
        loop {
            let Some(tokens) = held_read(|| self.store().tokens(id)).await? else {
                return Ok(None);
            };
            let has_spent =
                tokens.refresh.is_some_and(|refresh| refresh.expose() == spent.expose());
            if !has_spent || rotated.expose() == spent.expose() {
                return Ok(None);
            }
            let seen = tokens.generation;
            match held(|| self.store().rotate_refresh_token(id, seen, rotated)).await {
                Ok(_) => return Ok(Some(seen)),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The tokens of an answer that came at `now`, bound to where it came from.
pub(crate) fn new_tokens(link: &Link, answer: TokenAnswer, now: Timestamp) -> NewTokens {
    NewTokens {
        access: answer.access,
        refresh: answer.refresh,
        expires_at: later(now, answer.expires_in),
        issued_at: now,
        scopes: answer.scopes,
        refresh_expires_at: answer.refresh_expires_in.map(|told| later(now, told)),
        bound_to: Some(oauth::bound_to(link)),
    }
}
