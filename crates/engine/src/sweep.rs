//! Forgetting what is over: sessions, one-time addresses, consents that nobody gave, the record of old
//! hand-outs, old lines of the connectivity log, deliveries that were over long ago, and raw bytes where the operator wants it so. The ledger's lines stay:
//! they are what keeps a message from counting twice.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::Timestamp;
use outlink_model::grant::later;

use crate::{Engine, Error};

const EVERY: Duration = Duration::from_secs(3600);
/// Consents stay for a while after their end, so that whoever asks how one went is still told.
const CONSENTS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// More than a year, so that this year's record can be laid beside last year's.
const HAND_OUTS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);
/// Rows that are let go of in one step. Between two steps others have their turn at the database.
const STEP: u32 = 500;
/// Steps of one sweep. What is left over waits for the next.
const STEPS: u32 = 200;

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
        self.sweep_connections(now).await?;
        self.sweep_deliveries(now).await?;
        self.sweep_raws(now).await
    }

    async fn sweep_connections(&self, now: Timestamp) -> Result<(), Error> {
        let before = later(now, -days(self.0.settings.retention.log_days));
        for _ in 0..STEPS {
            let swept = self.store().sweep_connections(before, STEP).await?;
            if swept < u64::from(STEP) || self.0.stopping.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    async fn sweep_deliveries(&self, now: Timestamp) -> Result<(), Error> {
        let before = later(now, -days(self.0.settings.retention.log_days));
        for _ in 0..STEPS {
            let swept = self.store().sweep_deliveries(before, STEP).await?;
            if swept < u64::from(STEP) || self.0.stopping.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    async fn sweep_raws(&self, now: Timestamp) -> Result<(), Error> {
        let Some(kept) = self.0.settings.retention.raw_days else { return Ok(()) };
        let before = later(now, -days(kept));
        let mut sum = 0;
        for _ in 0..STEPS {
            let swept = self.store().sweep_raws(before, STEP).await?;
            sum += swept;
            if swept == 0 || self.0.stopping.is_cancelled() {
                break;
            }
        }
        if sum > 0 {
            tracing::info!(messages = sum, "raw messages that are kept no longer were let go of");
        }
        Ok(())
    }
}

fn days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}
