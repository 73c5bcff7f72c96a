//! Why a handshake failed, in words for people.

use std::io;

use outlink_model::Timestamp;
use outlink_model::grant::{Actor, Trouble};
use rustls::CertificateError as Fault;
use rustls::pki_types::UnixTime;

use super::certificate::{Certificate, day};

const RENEW: &str = "See that whoever runs that server renews its certificate.";
const CLOCK: &str = "Check this server's clock; if it is right, see that whoever runs that server \
                     installs a certificate that is valid already.";
const NAME: &str = "Use the host name that the certificate is made out to, or see that whoever runs that \
                    server adds this name to it.";
const AUTHORITY: &str = "If that authority is your own, name its certificate in tls.extra_ca of the configuration \
                         file. If it is a public one, the server may leave out the certificates between its own \
                         and the authority's: whoever runs it must add them.";
const SELF_SIGNED: &str = "Name this very certificate in tls.extra_ca of the configuration file, if it may vouch for \
                           itself; else see that whoever runs that server gets one from an authority.";
const ODD: &str =
    "See that whoever runs that server installs a certificate that is made for servers.";
const NO_TLS: &str =
    "Check the port: it must be one on which TLS is spoken from the first octet on.";
const AGAIN: &str =
    "It is tried again by itself. If it lasts, check the way from this server to that one.";

/// What went wrong, with what the server showed where that is known.
pub(super) fn trouble(host: &str, error: &io::Error, shown: Option<&Certificate>) -> Trouble {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let (actor, reason, hint) = match tls {
        Some(rustls::Error::InvalidCertificate(fault)) => {
            let (what, hint) = certificate(fault, shown);
            let reason = format!("The certificate of {host} is not trusted: {what}.");
            (Actor::Operator, reason, hint)
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            (Actor::Operator, format!("{host} does not speak TLS on this port."), NO_TLS)
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            (Actor::Operator, format!("{host} refused to speak TLS: it said {alert:?}."), AGAIN)
        }
        Some(other) => {
            (Actor::Operator, format!("TLS with {host} cannot be agreed on: {other}."), AGAIN)
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            (Actor::Nobody, format!("{host} hung up before the connection was secure."), AGAIN)
        }
        None => (Actor::Nobody, format!("The way to {host} could not be secured: {error}."), AGAIN),
    };
    Trouble { actor, reason, hint: hint.into(), provider_error: None }
}

fn certificate(fault: &Fault, shown: Option<&Certificate>) -> (String, &'static str) {
    let self_signed = shown.is_some_and(|shown| shown.self_signed);
    match fault {
        Fault::Expired => ("it has expired".into(), RENEW),
        Fault::ExpiredContext { not_after, .. } => {
            (format!("it expired on {}", date(*not_after)), RENEW)
        }
        Fault::NotValidYet => ("it is not valid yet".into(), CLOCK),
        Fault::NotValidYetContext { not_before, .. } => {
            (format!("it is valid only from {} on", date(*not_before)), CLOCK)
        }
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
            let names = match (shown, fault) {
                (Some(shown), _) => shown.names.clone(),
                (None, Fault::NotValidForNameContext { presented, .. }) => {
                    presented.iter().map(|name| bare(name)).collect()
                }
                (None, _) => Vec::new(),
            };
            let names = names.get(..5).unwrap_or(&names).join(", ");
            let whose = if names.is_empty() { "others" } else { &names };
            (format!("it is made out to {whose}"), NAME)
        }
        Fault::Revoked => ("it was revoked".into(), RENEW),
        // Tools that make certificates in one step make authorities of them, which is a fault of its own.
        Fault::UnknownIssuer | Fault::BadSignature | Fault::Other(_) if self_signed => {
            ("it is signed by nobody but itself".into(), SELF_SIGNED)
        }
        // A bad signature is what an authority under a trusted name with another key looks like.
        Fault::UnknownIssuer | Fault::BadSignature => {
            let issuer = shown.map(|shown| format!(", {}, is", shown.issuer));
            let issuer = issuer.unwrap_or_else(|| " is".into());
            (format!("the authority that issued it{issuer} not known here"), AUTHORITY)
        }
        other => (other.to_string().trim_end_matches('.').to_owned(), ODD),
    }
}

/// A name without the wrapping that it is reported in: `DnsName("imap.example.org")`.
fn bare(presented: &str) -> String {
    let inside = presented.split_once('(').map_or(presented, |(_, rest)| rest);
    let inside = inside.strip_suffix(')').unwrap_or(inside).trim_matches('"');
    inside.chars().filter(|c| !c.is_control()).take(100).collect()
}

fn date(time: UnixTime) -> String {
    let at = i64::try_from(time.as_secs()).ok().and_then(|at| Timestamp::from_second(at).ok());
    at.map_or_else(|| "an unknown day".to_owned(), day)
}
