//! Message-IDs that say by themselves which issue they are about, signed so that nobody else can make one; and the
//! fingerprint by which our own mail is known.
//!
//! `<olk.{issue}.{unique}.{signature}@{host}>`: whoever answers such a mail answers about that issue, even if our
//! ledger knows nothing of the mail. The host is for people: it is not signed, since some programs rewrite it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outlink_model::{IssueId, Secret};
use uuid::Uuid;

/// What every id of ours begins with.
const PREFIX: &str = "olk";
/// Octets of the signature: as many as nobody guesses through a mail server, and few enough for a header line.
const SIGNED: usize = 16;

/// The key that ids are made and known with.
pub(crate) struct OwnIds {
    key: hmac::Key,
    fingerprint: String,
}

impl OwnIds {
    /// With the store's key for mail.
    pub(crate) fn new(key: &Secret) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
        let fingerprint = signature(&key, "fingerprint");
        Self { key, fingerprint }
    }

    /// What stands in `X-Outlink-Fingerprint` of every mail that this installation sends.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether this is our fingerprint.
    pub(crate) fn is_ours(&self, fingerprint: &str) -> bool {
        // Nothing is given away by how long this takes: whoever got mail from us knows it.
        self.fingerprint == fingerprint
    }

    /// A Message-ID for a mail about this issue, without angle brackets.
    pub(crate) fn make(&self, issue: IssueId, unique: Uuid, host: &str) -> String {
        let named = named(issue, unique.simple());
        let signature = signature(&self.key, &named);
        format!("{named}.{signature}@{host}")
    }

    /// The issue that a Message-ID of ours is about; `None` for everybody else's, and for a forged one.
    pub(crate) fn issue(&self, message_id: &str) -> Option<IssueId> {
        let (local, _) = message_id.rsplit_once('@')?;
        let (named, signature) = local.rsplit_once('.')?;
        let mut parts = named.split('.');
        if parts.next()? != PREFIX {
            return None;
        }
        let issue: IssueId = parts.next()?.parse().ok()?;
        parts.next()?;
        let told = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let real = hmac::sign(&self.key, named.as_bytes());
        let real = real.as_ref().get(..SIGNED)?;
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(&told, real);
        (parts.next().is_none() && same.is_ok()).then_some(issue)
    }
}

fn named(issue: IssueId, unique: impl std::fmt::Display) -> String {
    format!("{PREFIX}.{}.{unique}", issue.0.simple())
}

fn signature(key: &hmac::Key, text: &str) -> String {
    let tag = hmac::sign(key, text.as_bytes());
    URL_SAFE_NO_PAD.encode(tag.as_ref().get(..SIGNED).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(key: &str) -> OwnIds {
        OwnIds::new(&Secret::new(key.to_owned()))
    }

    #[test]
    fn an_id_of_ours_says_its_issue_and_nobody_else_can_make_one() {
        let ours = ids("key");
        let issue = IssueId(Uuid::from_u128(7));
        let id = ours.make(issue, Uuid::from_u128(9), "outlink.example.org");
        assert_eq!(ours.issue(&id), Some(issue));
        let elsewhere = id.replace("outlink.example.org", "rewritten.example");
        assert_eq!(ours.issue(&elsewhere), Some(issue), "some programs rewrite the host");
        assert_eq!(ids("another key").issue(&id), None);
        let other = named(IssueId(Uuid::from_u128(8)), Uuid::from_u128(9).simple());
        let (_, signature) = id.split_once('@').unwrap().0.rsplit_once('.').unwrap();
        assert_eq!(ours.issue(&format!("{other}.{signature}@x")), None, "a forged issue");
        for foreign in ["", "a@b", "olk@x", "olk.7.9@x", "olk.a.b.c@x", "olk....@x", &id[..20]] {
            assert_eq!(ours.issue(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn our_own_mail_is_known_by_its_fingerprint() {
        let ours = ids("key");
        assert!(ours.is_ours(&ours.fingerprint.clone()));
        assert!(!ours.is_ours(&ids("another key").fingerprint));
        assert!(!ours.is_ours(""));
    }
}
