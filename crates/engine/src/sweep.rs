//! Forgetting what is over: sessions, one-time addresses, consents that nobody gave, the record of old
//! hand-outs.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::grant::later;

use crate::{Engine, Error};

const EVERY: Duration = Duration::from_secs(3600);
/// Consents stay for a while after their end, so that whoever asks how one went is still told.
const CONSENTS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// More than a year, so that this year's record can be laid beside last year's.
const HAND_OUTS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);

impl Engine {
    pub(crate) async fn keep_sweeping(&self) {
        loop {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "what is over could not be forgotten");
            }
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    async fn sweep(&self) -> Result<(), Error> {
        let now = self.now();
        self.store().sweep_sessions(now).await?;
        self.store().sweep_sign_ins(now).await?;
        self.store().sweep_consents(later(now, -CONSENTS_KEPT)).await?;
        self.store().sweep_hand_outs(later(now, -HAND_OUTS_KEPT)).await?;
        Ok(())
    }
}
