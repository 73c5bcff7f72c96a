//! What is written of a grant that was made without a consent, besides its tokens.

use outlink_model::GrantId;
use outlink_model::grant::Identity;

use super::folded;
use crate::cell::plain_some;
use crate::db::{executing, found};
use crate::{Error, Store};

/// What is known already stays.
const LEARN: &str = "
    UPDATE grants SET issuer = COALESCE(issuer, $2), subject = COALESCE(subject, $3),
        email = COALESCE(email, $4), email_folded = COALESCE(email_folded, $5)
    WHERE id = $1";

/// Only one whose first tokens never came, and of which no call is under way.
const DISCARD: &str = "DELETE FROM grants WHERE id = $1 AND generation = 1 AND intent_at IS NULL";

impl Store {
    /// Writes whose grant it is, as far as that was not known.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn learn_identity(&self, id: GrantId, identity: &Identity) -> Result<(), Error> {
        let folded = folded(identity.email.as_deref());
        let done = executing!(self.db, on => sqlx::query(LEARN)
            .bind(id.to_string())
            .bind(plain_some(identity.issuer.as_deref()))
            .bind(plain_some(identity.subject.as_deref()))
            .bind(plain_some(identity.email.as_deref()))
            .bind(&folded)
            .execute(on))?;
        found(done)
    }

    /// Takes away a grant whose first tokens the provider has refused.
    ///
    /// # Errors
    /// [`Error::Missing`] if it is gone, has tokens by now, or a call for it is under way.
    pub async fn discard_grant(&self, id: GrantId) -> Result<(), Error> {
        let done = executing!(self.db, on =>
            sqlx::query(DISCARD).bind(id.to_string()).execute(on))?;
        found(done)
    }
}
