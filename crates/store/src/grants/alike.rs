//! Whether a refusal is the link's fault: other grants of it tell.

use outlink_model::{GrantId, LinkId};

use crate::cell::to_json;
use crate::db::reading;
use crate::{Error, Store};

/// The reason is looked for as it stands in the cell, with its name and its quotes: no other text can hold those, since
/// quotes within a text are escaped.
const ALIKE: &str = "
    SELECT CAST(CASE WHEN EXISTS (
        SELECT 1 FROM grants
        WHERE link_id = $1 AND state = 'blocked' AND id <> $2 AND REPLACE(trouble, $3, '') <> trouble
            AND since >= COALESCE((
                SELECT s.issued_at FROM grants s
                WHERE s.link_id = $1 AND s.state = 'active' AND s.id <> $2
                ORDER BY s.issued_at DESC LIMIT 1), since)
    ) THEN 1 ELSE 0 END AS BIGINT)";

impl Store {
    /// Whether another grant of the link is blocked for the same reason as this one, and no other was served since. Keeps
    /// **A link's fault stays on the link**: one grant alone may be refused for reasons of its own, so it takes a second
    /// one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn another_is_refused_alike(
        &self,
        link: LinkId,
        grant: GrantId,
        reason: &str,
    ) -> Result<bool, Error> {
        let said = format!("\"reason\":{}", to_json(&reason)?);
        let alike: i64 = reading!(self.db, on => sqlx::query_scalar(ALIKE)
            .bind(link.to_string())
            .bind(grant.to_string())
            .bind(&said)
            .fetch_one(on))?;
        Ok(alike != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn only_the_refused_grants_of_a_link_are_read() {
        let plan = plan(ALIKE).await;
        let by_state = plan.matches("INDEX grants_state (link_id=? AND state=?)").count();
        assert_eq!(by_state, 2, "{plan}");
        assert!(!plan.contains("B-TREE"), "{plan}");
    }
}
