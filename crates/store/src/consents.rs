//! Consents that are asked for: from the start page that is handed out to the provider's answer.

use outlink_model::{ConsentId, GrantId, LinkId, MailServerId, Secret, Timestamp};

use crate::cell::{damaged, micros, parse, parse_some, plain, plain_some, time, time_some};
use crate::db::{executing, reading, won, writing};
use crate::{Error, Store};

mod device;

pub use device::DeviceConsent;

use device::DeviceRow;

const VERIFIER: &str = "consents.verifier";

macro_rules! columns {
    () => {
        "id, link_id, grant_id, login_hint, state, begun_at, done_grant_id, reason, verifier, nonce, redirect_url,
            created_at, expires_at, device_code, user_code, verification_uri, verification_uri_complete,
            poll_seconds, next_poll_at, bound_to, mail_server_id"
    };
}

const BY_ID: &str = concat!("SELECT ", columns!(), " FROM consents WHERE id = $1");
const BY_START: &str = concat!("SELECT ", columns!(), " FROM consents WHERE start_hash = $1");

/// One statement finds the state and forgets it, so of two callbacks with one state only one is answered. Another browser
/// than the one that began finds nothing, and so takes nothing away from the right one.
const TAKE: &str = concat!(
    "UPDATE consents SET state_hash = NULL
    WHERE state_hash = $1 AND browser_hash = $2 AND state = 'begun' RETURNING ",
    columns!()
);

const IS_KNOWN: &str = "SELECT COUNT(*) FROM consents WHERE state_hash = $1 AND state = 'begun'";

const INSERT: &str = "
    INSERT INTO consents (id, link_id, grant_id, login_hint, start_hash, state, created_at, expires_at,
        mail_server_id)
    VALUES ($1, $2, $3, $4, $5, 'offered', $6, $7, $8)";

const BEGIN: &str = "
    UPDATE consents SET state = 'begun', begun_at = $2, state_hash = $3, browser_hash = $4, verifier = $5,
        nonce = $6, redirect_url = $7
    WHERE id = $1 AND state IN ('offered', 'begun') AND expires_at > $2 AND device_code IS NULL";

pub(crate) const FINISH: &str = "
    UPDATE consents SET state = 'done', done_grant_id = $2, state_hash = NULL, browser_hash = NULL,
        verifier = NULL, nonce = NULL, device_code = NULL, user_code = NULL, next_poll_at = NULL
    WHERE id = $1 AND state = 'begun'";

const FAIL: &str = "
    UPDATE consents SET state = 'failed', reason = $2, state_hash = NULL, browser_hash = NULL,
        verifier = NULL, nonce = NULL, device_code = NULL, user_code = NULL, next_poll_at = NULL
    WHERE id = $1 AND state IN ('offered', 'begun')";

const SWEEP: &str = "DELETE FROM consents WHERE expires_at <= $1";

/// A consent that is asked for.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// The link that it is asked for.
    pub link_id: LinkId,
    /// The grant that it is to renew; `None` where it is to make a new one.
    pub grant_id: Option<GrantId>,
    /// The mail server that it was asked for, and that is to sign in with the grant that comes of it.
    pub mail_server: Option<MailServerId>,
    /// The address that the provider is told to expect.
    pub login_hint: Option<String>,
    /// How far it is.
    pub state: ConsentState,
    /// The PKCE verifier (RFC 7636 §4.1), once begun.
    pub verifier: Option<Secret>,
    /// The OpenID Connect nonce, once begun.
    pub nonce: Option<String>,
    /// The redirect URL that the provider was given, once begun.
    pub redirect_url: Option<String>,
    /// What the provider gave out for a consent by device code, while it is waited for.
    pub device: Option<DeviceConsent>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Until when it can be given.
    pub expires_at: Timestamp,
}

/// How far a consent is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentState {
    /// The start page was handed out.
    Offered,
    /// A browser was sent to the provider, or a device code was given out. A browser can be sent again, which makes the
    /// earlier `state` void.
    Begun {
        /// When.
        at: Timestamp,
    },
    /// It was given.
    Done {
        /// The grant that it made or renewed.
        grant_id: GrantId,
    },
    /// It was refused, or went wrong for good.
    Failed {
        /// Why, in a sentence.
        reason: String,
    },
}

/// What is written when a browser is sent to the provider.
#[derive(Clone, Copy, Debug)]
pub struct BeginConsent<'a> {
    /// SHA-256 of the `state` parameter.
    pub state_hash: &'a [u8; 32],
    /// SHA-256 of the cookie that binds the `state` to the browser.
    pub browser_hash: &'a [u8; 32],
    /// The PKCE verifier.
    pub verifier: &'a Secret,
    /// The OpenID Connect nonce, where one is sent: only then must it come back.
    pub nonce: Option<&'a str>,
    /// The redirect URL that the provider is given.
    pub redirect_url: &'a str,
}

#[derive(sqlx::FromRow)]
struct ConsentRow {
    id: String,
    link_id: String,
    grant_id: Option<String>,
    mail_server_id: Option<String>,
    login_hint: Option<String>,
    state: String,
    begun_at: Option<i64>,
    done_grant_id: Option<String>,
    reason: Option<String>,
    verifier: Option<Vec<u8>>,
    nonce: Option<String>,
    redirect_url: Option<String>,
    created_at: i64,
    expires_at: i64,
    #[sqlx(flatten)]
    device: DeviceRow,
}

impl ConsentRow {
    fn state(&self) -> Result<ConsentState, Error> {
        let begun_at = time_some("consents.begun_at", self.begun_at)?;
        let done = parse_some("consents.done_grant_id", self.done_grant_id.as_deref())?;
        match (self.state.as_str(), begun_at, done) {
            ("offered", ..) => Ok(ConsentState::Offered),
            ("begun", Some(at), _) => Ok(ConsentState::Begun { at }),
            ("done", _, Some(grant_id)) => Ok(ConsentState::Done { grant_id }),
            ("failed", ..) => {
                Ok(ConsentState::Failed { reason: self.reason.clone().unwrap_or_default() })
            }
            (other, ..) => Err(damaged("consents.state", other)),
        }
    }

    fn model(self, store: &Store) -> Result<Consent, Error> {
        Ok(Consent {
            state: self.state()?,
            verifier: store.vault.open_some(VERIFIER, &self.id, self.verifier)?,
            device: self.device.model(&store.vault, &self.id)?,
            id: parse("consents.id", &self.id)?,
            link_id: parse("consents.link_id", &self.link_id)?,
            grant_id: parse_some("consents.grant_id", self.grant_id.as_deref())?,
            mail_server: parse_some("consents.mail_server_id", self.mail_server_id.as_deref())?,
            login_hint: self.login_hint,
            nonce: self.nonce,
            redirect_url: self.redirect_url,
            created_at: time("consents.created_at", self.created_at)?,
            expires_at: time("consents.expires_at", self.expires_at)?,
        })
    }
}

impl Store {
    /// Adds a consent in the state [`ConsentState::Offered`], to be found by the SHA-256 of its start page's token.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such link, grant or mail server.
    pub async fn create_consent(
        &self,
        consent: &Consent,
        start_hash: &[u8; 32],
    ) -> Result<(), Error> {
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(consent.id.to_string())
            .bind(consent.link_id.to_string())
            .bind(consent.grant_id.map(|id| id.to_string()))
            .bind(plain_some(consent.login_hint.as_deref()))
            .bind(&start_hash[..])
            .bind(micros(consent.created_at))
            .bind(micros(consent.expires_at))
            .bind(consent.mail_server.map(|id| id.to_string()))
            .execute(on))?;
        Ok(())
    }

    /// The consent with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn consent(&self, id: ConsentId) -> Result<Option<Consent>, Error> {
        let row: Option<ConsentRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(|row| row.model(self)).transpose()
    }

    /// The consent whose start page has the token with this SHA-256, whether or not it has expired.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn consent_by_start(&self, start_hash: &[u8; 32]) -> Result<Option<Consent>, Error> {
        let row: Option<ConsentRow> = reading!(self.db, on =>
            sqlx::query_as(BY_START).bind(&start_hash[..]).fetch_optional(on))?;
        row.map(|row| row.model(self)).transpose()
    }

    /// Writes that a browser is sent to the provider. Doing it again replaces what was written before.
    ///
    /// # Errors
    /// [`Error::Stale`] if the consent is done, failed, expired or gone.
    pub async fn begin_consent(
        &self,
        id: ConsentId,
        begin: &BeginConsent<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let verifier = self.vault.seal(VERIFIER, id, begin.verifier)?;
        let done = executing!(self.db, on => sqlx::query(BEGIN)
            .bind(id.to_string())
            .bind(micros(now))
            .bind(&begin.state_hash[..])
            .bind(&begin.browser_hash[..])
            .bind(&verifier)
            .bind(begin.nonce)
            .bind(begin.redirect_url)
            .execute(on))?;
        won(done)
    }

    /// Finds the consent that this `state` and this browser's cookie (the SHA-256 of each) belong to, and forgets the
    /// `state`: a second call finds nothing. The consent is not done by this, and may have expired.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_consent_by_state(
        &self,
        state_hash: &[u8; 32],
        browser_hash: &[u8; 32],
    ) -> Result<Option<Consent>, Error> {
        let row: Option<ConsentRow> = writing!(self.db, on => sqlx::query_as(TAKE)
            .bind(&state_hash[..])
            .bind(&browser_hash[..])
            .fetch_optional(on))?;
        row.map(|row| row.model(self)).transpose()
    }

    /// Whether a callback with this `state` is waited for, from whichever browser.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_state_known(&self, state_hash: &[u8; 32]) -> Result<bool, Error> {
        let count: i64 = reading!(self.db, on =>
            sqlx::query_scalar(IS_KNOWN).bind(&state_hash[..]).fetch_one(on))?;
        Ok(count > 0)
    }

    /// Writes that it went wrong for good, and forgets what was needed for it.
    ///
    /// # Errors
    /// [`Error::Stale`] if it is over already.
    pub async fn fail_consent(&self, id: ConsentId, reason: &str) -> Result<(), Error> {
        let done = executing!(self.db, on =>
            sqlx::query(FAIL).bind(id.to_string()).bind(plain(reason)).execute(on))?;
        won(done)
    }

    /// Forgets consents that expired before this time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep_consents(&self, before: Timestamp) -> Result<u64, Error> {
        Ok(executing!(self.db, on => sqlx::query(SWEEP).bind(micros(before)).execute(on))?)
    }
}
