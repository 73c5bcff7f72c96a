//! What an edit of a link does to its grants: they are tried again at once, and stay bound to where they came from.

use outlink_model::grant::BoundTo;
use outlink_model::{LinkId, Timestamp};

use super::rows::bound_cell;
use crate::cell::micros;
use crate::db::executing;
use crate::{Error, Store};

/// What lives and works waits for its own time.
const HASTEN: &str = "
    UPDATE grants SET next_refresh_at = $2
    WHERE link_id = $1 AND next_refresh_at > $2 AND (state <> 'active' OR expires_at <= $2)";

const BIND: &str = "UPDATE grants SET bound_to = $2 WHERE link_id = $1 AND bound_to IS NULL";

impl Store {
    /// Makes the grants of a link due now that wait for a later try: those that were refused, and those whose access
    /// token is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hasten_refreshes(&self, link: LinkId, now: Timestamp) -> Result<(), Error> {
        executing!(self.db, on =>
            sqlx::query(HASTEN).bind(link.to_string()).bind(micros(now)).execute(on))?;
        Ok(())
    }

    /// Binds the grants of a link to these addresses that are bound to none yet: older versions did not keep them. Called
    /// with the addresses as they are, before they move. Keeps **A moved endpoint locks its secrets**.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn bind_grants(&self, link: LinkId, bound: &BoundTo) -> Result<(), Error> {
        let bound = bound_cell(bound)?;
        executing!(self.db, on =>
            sqlx::query(BIND).bind(link.to_string()).bind(&bound).execute(on))?;
        Ok(())
    }
}
