//! Consents that were given: the grant and the consent's end in one transaction, so that neither stands without the
//! other.

use outlink_model::event::Event;
use outlink_model::grant::{Grant, Identity, Tokens};
use outlink_model::{ConsentId, GrantId, Timestamp};

use super::leftovers::Replaced;
use super::rows::bound_cell;
use super::{NewTokens, folded};
use crate::cell::{micros, plain_some, to_json};
use crate::consents::FINISH;
use crate::db::{Tx, executing_within, won};
use crate::{Error, Store};

/// The lease is cleared whoever holds it: its holder is at work with tokens that are no longer the grant's. What an
/// answer does not say about the person stays as it is known.
const REPLACE: &str = "
    UPDATE grants SET
        generation = generation + 1, access_token = $3,
        refresh_token = CASE WHEN $14 = 1 THEN refresh_token ELSE $4 END,
        refresh_expires_at = CASE WHEN $14 = 1 THEN COALESCE($15, refresh_expires_at) ELSE $15 END,
        issuer = COALESCE($5, issuer), subject = COALESCE($6, subject), email = COALESCE($7, email),
        email_folded = COALESCE($8, email_folded), scopes = COALESCE($9, scopes),
        expires_at = $10, issued_at = $11, next_refresh_at = $12, bound_to = COALESCE($16, bound_to),
        since = CASE WHEN state = 'active' THEN since ELSE $13 END,
        state = 'active', trouble = NULL, failures = 0,
        intent_at = NULL, intent_retried = 0, lease_holder = NULL, lease_until = NULL
    WHERE id = $1 AND generation = $2";

/// What a consent that was given anew puts in the place of a grant's old tokens.
#[derive(Clone, Copy, Debug)]
pub struct NewConsent<'a> {
    /// Who consented, as far as the provider told.
    pub identity: &'a Identity,
    /// Whether that is known to be the person whose grant it was. Then an answer without a refresh token keeps the old
    /// one, if that may be sent to where the answer came from; otherwise it is dropped, since it may open another
    /// mailbox.
    pub same_person: bool,
    /// The new tokens.
    pub tokens: &'a NewTokens,
    /// When the background refresh is due.
    pub next_refresh_at: Timestamp,
    /// What is told of it, where it changes anything.
    pub event: Option<&'a Event>,
}

/// Whether the refresh token that is there stays the grant's. Keeps **A moved endpoint locks its secrets**.
fn keeps_refresh_token(before: &NewTokens, new: &NewConsent<'_>) -> bool {
    let permitted = match (&before.bound_to, &new.tokens.bound_to) {
        (Some(before), Some(now)) => before.permits(now),
        _ => true,
    };
    before.refresh.is_some() && new.tokens.refresh.is_none() && new.same_person && permitted
}

impl Store {
    /// Adds the grant that a consent led to, and writes that the consent was given.
    ///
    /// # Errors
    /// [`Error::Stale`] if the consent was not begun, or is over. After [`Error::Away`] the same call may be repeated; one
    /// that had succeeded unseen says [`Error::Stale`], and the consent then names the grant.
    pub async fn create_consented_grant(
        &self,
        consent: ConsentId,
        grant: &Grant,
        tokens: &Tokens,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        self.insert_grant(&mut tx, grant, tokens).await?;
        finish(&mut tx, consent, grant.id).await?;
        tx.commit().await
    }

    /// Writes the tokens of a consent that was given anew, which makes the grant active, and that the consent was given. The
    /// tokens that it replaces are kept, so that [`Store::restore_previous`] can put them back.
    ///
    /// # Errors
    /// [`Error::Stale`] if the tokens were written after `seen_generation`, the grant is gone, or the consent was not
    /// begun or is over. Repeating it is as with [`Store::create_consented_grant`].
    pub async fn replace_consented_grant(
        &self,
        consent: ConsentId,
        id: GrantId,
        seen_generation: i64,
        new: &NewConsent<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let NewConsent { identity, tokens, .. } = new;
        let sealed = self.seal_tokens(id, &tokens.access, tokens.refresh.as_ref())?;
        let scopes = tokens.scopes.as_ref().map(to_json).transpose()?;
        let bound_to = tokens.bound_to.as_ref().map(bound_cell).transpose()?;
        let folded = folded(identity.email.as_deref());
        let mut tx = self.db.begin().await?;
        let before: Replaced = self.current(&mut tx, id, seen_generation).await?;
        let keeps = keeps_refresh_token(&before.tokens, new);
        let done = executing_within!(tx, on => sqlx::query(REPLACE)
            .bind(id.to_string())
            .bind(seen_generation)
            .bind(&sealed.access)
            .bind(&sealed.refresh)
            .bind(plain_some(identity.issuer.as_deref()))
            .bind(plain_some(identity.subject.as_deref()))
            .bind(plain_some(identity.email.as_deref()))
            .bind(&folded)
            .bind(&scopes)
            .bind(micros(tokens.expires_at))
            .bind(micros(tokens.issued_at))
            .bind(micros(new.next_refresh_at))
            .bind(micros(now))
            .bind(i64::from(keeps))
            .bind(tokens.refresh_expires_at.map(micros))
            .bind(&bound_to)
            .execute(on))?;
        won(done)?;
        // A refresh token that is still in use will be rotated: the copy would be an old one, and a provider may take
        // the use of an old one for theft.
        if !keeps {
            self.keep_replaced(&mut tx, id, seen_generation, &before).await?;
        }
        finish(&mut tx, consent, id).await?;
        if let Some(event) = new.event {
            self.insert_event(&mut tx, event).await?;
        }
        tx.commit().await
    }
}

/// Writes that a consent was given, and forgets what was needed for that.
async fn finish(tx: &mut Tx, consent: ConsentId, grant: GrantId) -> Result<(), Error> {
    let done = executing_within!(*tx, on =>
        sqlx::query(FINISH).bind(consent.to_string()).bind(grant.to_string()).execute(on))?;
    won(done)
}
