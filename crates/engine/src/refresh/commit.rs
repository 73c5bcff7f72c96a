//! What becomes of an answer: nothing that a provider has given out is lost. Keeps **No lost grant**.

use outlink_model::grant::{Grant, later, refresh_at};
use outlink_model::{GrantId, Secret};
use outlink_oauth::TokenAnswer;
use outlink_store::{Error as StoreError, NewTokens};

use super::Call;
use super::held::{held, held_read};
use crate::{Engine, Error, clock};

impl Engine {
    /// Commits an answer, by compare-and-swap on the generation alone. While the store is away the answer is held and
    /// tried again: it may be the only copy of the new refresh token that there is.
    pub(super) async fn commit(&self, call: &Call, answer: TokenAnswer) -> Result<Grant, Error> {
        self.failpoint("before_refresh_commit");
        let now = self.now();
        let expires_at = later(now, answer.expires_in);
        let tokens = NewTokens {
            access: answer.access,
            refresh: answer.refresh,
            expires_at,
            issued_at: now,
            scopes: answer.scopes,
        };
        let next = Some(refresh_at(now, expires_at, clock::jitter()));
        let (id, seen) = (call.grant.id, call.grant.generation);
        match held(|| self.store().commit_refresh(id, seen, &tokens, next, now)).await {
            Ok(_) => {}
            // Written before, and only the store's word of it was lost.
            Err(StoreError::Stale) if self.stands(id, &tokens.access).await? => {}
            Err(StoreError::Stale) => {
                // A new consent overtook this answer. Its tokens still open the mailbox, so they are kept sealed.
                held(|| self.store().keep_overtaken(id, seen, &tokens)).await?;
                if let Some(rotated) = &tokens.refresh {
                    self.replace_spent(id, &call.refresh, rotated).await?;
                }
                return self.grant_by_id(id).await;
            }
            Err(error) => return Err(error.into()),
        }
        self.heal_link(&call.link).await;
        let fresh = self.grant_by_id(id).await?;
        self.tell_change(&call.grant, &fresh).await;
        Ok(fresh)
    }

    /// Whether the grant has this very access token.
    async fn stands(&self, id: GrantId, access: &Secret) -> Result<bool, Error> {
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
        let replaced = self.replace_spent(call.grant.id, &call.refresh, rotated).await?;
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
