//! Consents by device code (RFC 8628): somebody types a code at the provider, and we ask until they have.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::ConsentId;
use outlink_model::grant::{Failure, FailureClass, later};
use outlink_model::link::Link;
use outlink_model::problem::ProblemKind;
use outlink_oauth::{self as oauth, DevicePoll, TokenAnswer};
use outlink_store::{Consent, ConsentState, DeviceConsent, Error as StoreError};

use super::finish::problem;
use super::offer::DeviceOffer;
use crate::refresh::held;
use crate::{Engine, Error};

/// Consents that are asked about in one go.
const BATCH: u32 = 64;
/// How often it is looked which are due.
const LOOK: Duration = Duration::from_secs(1);
/// How much slower we ask when the provider says `slow_down` (RFC 8628 §3.5).
const SLOWER: u32 = 5;
/// Slower than this nobody needs to ask.
const SLOWEST: u32 = 300;
/// How much longer than the call a claim lasts, in seconds.
const SPARE: u32 = 5;

impl Engine {
    /// Asks the provider for a code that somebody can type there, and keeps the consent.
    pub(super) async fn ask_for_device(
        &self,
        link: &Link,
        consent: &mut Consent,
    ) -> Result<DeviceOffer, Error> {
        let called = self.call_as_client(link, oauth::device_authorization_request).await;
        let answered = called.answer().and_then(|response| {
            oauth::parse_device_authorization(link.provider, &response, self.now())
        });
        let answer = answered.map_err(|failure| {
            let secrets: Vec<_> = link.secrets().collect();
            let trouble = oauth::without_secrets(failure, &secrets).trouble;
            problem(ProblemKind::Remote, "device_code_refused", trouble)
        })?;
        let now = self.now();
        let seconds = u32::try_from(answer.interval.as_secs()).unwrap_or(SLOWEST);
        let poll_seconds = seconds.clamp(1, SLOWEST);
        let device = DeviceConsent {
            code: answer.device_code,
            user_code: answer.user_code,
            verification_uri: answer.verification_uri,
            verification_uri_complete: answer.verification_uri_complete,
            poll_seconds,
            next_poll_at: Some(later(now, SignedDuration::from_secs(i64::from(poll_seconds)))),
            bound_to: oauth::bound_to(link),
        };
        let offer = DeviceOffer::from(&device);
        consent.state = ConsentState::Begun { at: now };
        consent.expires_at = later(now, answer.expires_in);
        consent.device = Some(device);
        self.store().create_device_consent(consent).await?;
        Ok(offer)
    }

    /// Asks about codes that were handed out until the engine stops.
    pub(crate) async fn keep_asking_devices(&self) {
        loop {
            match self.store().due_device_consents(self.now(), BATCH).await {
                Ok(due) => {
                    for id in due {
                        let engine = self.clone();
                        self.spawn(async move {
                            if let Err(error) = engine.ask_device(id).await {
                                tracing::warn!(%error, consent = %id, "a device code could not be asked about");
                            }
                        });
                    }
                }
                Err(error) => tracing::error!(%error, "device codes that are due cannot be read"),
            }
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn ask_device(&self, id: ConsentId) -> Result<(), Error> {
        let Some(consent) = self.store().consent(id).await? else { return Ok(()) };
        let Some(device) = consent.device.clone() else { return Ok(()) };
        // An answer is being kept, however long that takes.
        let Some(seen) = device.next_poll_at else { return Ok(()) };
        let now = self.now();
        let again = |seconds: u32| later(now, SignedDuration::from_secs(i64::from(seconds)));
        let seconds = device.poll_seconds;
        // Longer than the call may take, so that no other node asks about the same code meanwhile.
        let call = u32::try_from(self.0.http.limit().as_secs()).unwrap_or(SLOWEST);
        let claimed_until = again(seconds.max(call.saturating_add(SPARE)));
        if !self.store().claim_device_poll(id, seen, claimed_until, seconds).await? {
            return Ok(());
        }
        if consent.expires_at < now {
            return self.end_device(&consent, "Nobody typed the code in time.").await;
        }
        let link = self.link_by_id(consent.link_id).await?;
        // Keeps **A moved endpoint locks its secrets**: whoever has the code has the tokens.
        if !device.bound_to.permits(&oauth::bound_to(&link)) {
            return self.end_device(&consent, &moved(&link)).await;
        }
        let secrets = || link.secrets().chain([&device.code]).collect::<Vec<_>>();
        // The interval from now on, and how long to wait this once.
        let (interval, wait) = match self.poll_device(&link, &device).await {
            Ok(answer) => return self.finish_device(&link, &consent, answer).await,
            Err(DevicePoll::Pending) => (seconds, seconds),
            Err(DevicePoll::SlowDown) => {
                let slower = seconds.saturating_add(SLOWER).min(SLOWEST);
                (slower, slower)
            }
            Err(DevicePoll::Over(trouble)) => {
                let failure = Failure::new(FailureClass::Ended, trouble);
                let trouble = oauth::without_secrets(failure, &secrets()).trouble;
                let told = problem(ProblemKind::Forbidden, "consent_refused", trouble);
                return self.end_device(&consent, &told.to_string()).await;
            }
            Err(DevicePoll::Failed(failure)) if failure.class == FailureClass::Passing => {
                (seconds, seconds.saturating_mul(2).min(SLOWEST))
            }
            Err(DevicePoll::Failed(failure)) => {
                let trouble = oauth::without_secrets(failure, &secrets()).trouble;
                let told = problem(ProblemKind::Remote, "device_code_refused", trouble);
                return self.end_device(&consent, &told.to_string()).await;
            }
        };
        self.store().claim_device_poll(id, claimed_until, again(wait), interval).await?;
        Ok(())
    }

    async fn poll_device(
        &self,
        link: &Link,
        device: &DeviceConsent,
    ) -> Result<TokenAnswer, DevicePoll> {
        let called = self.call_as_client(link, |link, fresh| {
            oauth::device_token_request(link, fresh, &device.code)
        });
        let response = called.await.answer().map_err(DevicePoll::Failed)?;
        oauth::parse_device_response(link.provider, &response, self.now())
    }

    async fn finish_device(
        &self,
        link: &Link,
        consent: &Consent,
        answer: TokenAnswer,
    ) -> Result<(), Error> {
        // The code is spent. From here on nobody asks about it or lets it expire, however long the tokens take to be kept.
        match held(|| self.store().poll_ended(consent.id)).await {
            Ok(()) => {}
            Err(StoreError::Stale) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        match self.keep_consented(link, consent, answer).await {
            Ok(_) => Ok(()),
            Err(error) => self.end_device(consent, &error.problem().to_string()).await,
        }
    }

    async fn end_device(&self, consent: &Consent, reason: &str) -> Result<(), Error> {
        match self.store().fail_consent(consent.id, reason).await {
            Ok(()) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn moved(link: &Link) -> String {
    format!(
        "The client id or an endpoint of the link {} was changed after this code was given out, and the code is not sent \
         to the new one. Ask for a new code.",
        link.name
    )
}
