//! Answers that came too late: the grant has other tokens by now, or none any more. Keeps **No lost grant**.

use outlink_model::GrantId;
use outlink_model::grant::GrantState;
use outlink_model::link::Link;
use outlink_store::NewTokens;

use super::held::{held, held_read};
use crate::grants::AtProvider;
use crate::{Engine, Error};

impl Engine {
    /// What becomes of an answer that was overtaken while it was under way. After a new consent its tokens still open the
    /// mailbox, so they are kept sealed. After the grant was given back nobody wants them, and whoever gave it back could
    /// not know of them: they are given back too, and kept only where the provider does not take them.
    ///
    /// `link` is as the call was made with it, so that the tokens go where they came from and nowhere else. `seen` is the
    /// generation that the call had seen.
    pub(crate) async fn overtaken(
        &self,
        link: &Link,
        id: GrantId,
        seen: i64,
        tokens: &NewTokens,
    ) -> Result<(), Error> {
        let grant = held_read(|| self.store().grant(id)).await?;
        if grant.is_some_and(|grant| grant.state == GrantState::Revoked) {
            match self.give_tokens_back(link, tokens.refresh.as_ref(), &tokens.access).await {
                AtProvider::Done => return Ok(()),
                AtProvider::NotOffered => {}
                AtProvider::Failed(trouble) => tracing::warn!(
                    grant = %id,
                    reason = trouble.reason,
                    "tokens that came after their grant was given back could not be given back; they are kept sealed"
                ),
            }
        }
        Ok(held(|| self.store().keep_overtaken(id, seen, tokens)).await?)
    }
}
