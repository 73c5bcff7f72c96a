//! Consent on another machine (RFC 8628): a code that is shown here and typed there.

use std::fmt;

use jiff::SignedDuration;
use outlink_model::grant::{Actor, Failure, FailureClass, Trouble};
use outlink_model::link::Link;
use outlink_model::provider::ProviderKind;
use outlink_model::{Secret, Timestamp};
use url::{Host, Url};

use crate::assertion::{Fresh, cannot_sign};
use crate::client_auth::{client_request, token_request};
use crate::refusal::{self, Asked};
use crate::request::{Request, Response};
use crate::reserved::{Place, is_reserved};
use crate::scopes::joined;
use crate::token::fields::Fields;
use crate::token::{TokenAnswer, parse};

/// `grant_type` of a device code (RFC 8628 §3.4).
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How long a code lives where the answer does not say. RFC 8628 has it that it must.
const USUAL_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// How long to wait between two polls where the answer does not say (RFC 8628 §3.2), and at most.
const USUAL_INTERVAL: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_INTERVAL: SignedDuration = SignedDuration::from_mins(5);

/// Octets of a code, and of an address.
const LONGEST_CODE: usize = 1024;
const LONGEST_ADDRESS: usize = 2048;

/// What a provider gives us to show, and to poll with.
#[derive(Clone)]
pub struct DeviceAuthorization {
    /// What we poll with. Whoever has it has the tokens once the person consents.
    pub device_code: Secret,
    /// What the person types.
    pub user_code: String,
    /// Where the person types it: https, or http on this machine.
    pub verification_uri: String,
    /// The same with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// How long the codes live from now.
    pub expires_in: SignedDuration,
    /// How long to wait between two polls.
    pub interval: SignedDuration,
}

impl fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceAuthorization")
            .field("verification_uri", &self.verification_uri)
            .field("expires_in", &self.expires_in)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// Why a poll brought no tokens.
#[derive(Clone, Debug)]
pub enum DevicePoll {
    /// The person has not decided yet.
    Pending,
    /// The same, and we poll too often: add five seconds to the interval for good (RFC 8628 §3.5).
    SlowDown,
    /// The code is of no use any more: declined, expired, used. Only a new one helps.
    Over(Trouble),
    /// Anything else. Where the class is [`FailureClass::Passing`], polling goes on, more slowly.
    Failed(Failure),
}

/// Asks for a device code (RFC 8628 §3.1).
pub fn device_authorization_request(link: &Link, fresh: &Fresh) -> Result<Request, Failure> {
    let endpoint = link.device_authorization_endpoint.as_deref().ok_or_else(|| {
        cannot_sign(
            "The link has no device authorization endpoint.",
            "Enter the address where the provider hands out device codes, or choose another grant type.",
        )
    })?;
    let scope = joined(link);
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    if !scope.is_empty() {
        pairs.push(("scope", &scope));
    }
    let set_by_link = link.authorization_params.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    pairs.extend(set_by_link.filter(|(name, _)| !is_reserved(Place::Consent, name)));
    client_request(link, fresh, endpoint, &pairs)
}

/// Reads the answer to [`device_authorization_request`].
pub fn parse_device_authorization(
    provider: ProviderKind,
    response: &Response,
    now: Timestamp,
) -> Result<DeviceAuthorization, Failure> {
    let mut fields = Fields::read(&response.body);
    let readable = fields.as_mut().filter(|_| (200..300).contains(&response.status));
    let read = readable.and_then(|fields| Some((fields.take_secret("device_code")?, fields)));
    let Some((device_code, fields)) = read else {
        return Err(refusal::classify(provider, Asked::DeviceCode, response, fields.as_ref(), now));
    };
    // `verification_url` is the name in the drafts, which Google kept.
    let uri = fields.text("verification_uri").or_else(|| fields.text("verification_url"));
    let complete = fields
        .text("verification_uri_complete")
        .or_else(|| fields.text("verification_url_complete"));
    let user_code = fields.text("user_code").map(str::trim).filter(|code| {
        // It is read out and typed, so what does not print or turns the reading direction has no place in it.
        !code.is_empty()
            && code.len() <= LONGEST_CODE
            && code.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    });
    let device_code = Some(device_code).filter(|code| {
        code.expose().len() <= LONGEST_CODE && code.expose().bytes().all(|b| b.is_ascii_graphic())
    });
    let (Some(device_code), Some(user_code)) = (device_code, user_code) else {
        return Err(unusable(
            "The provider handed out a device code that cannot be shown or sent.",
        ));
    };
    let Some(uri) = uri.and_then(page) else {
        return Err(unusable("The provider names no safe address where the code is to be typed."));
    };
    Ok(DeviceAuthorization {
        device_code,
        user_code: user_code.to_owned(),
        verification_uri: uri,
        verification_uri_complete: complete.and_then(page),
        expires_in: fields.lifetime("expires_in").unwrap_or(USUAL_LIFETIME),
        interval: fields.lifetime("interval").unwrap_or(USUAL_INTERVAL).min(LONGEST_INTERVAL),
    })
}

/// Asks whether the person has consented (RFC 8628 §3.4).
pub fn device_token_request(
    link: &Link,
    fresh: &Fresh,
    device_code: &Secret,
) -> Result<Request, Failure> {
    let pairs = [("grant_type", GRANT_TYPE), ("device_code", device_code.expose())];
    token_request(link, fresh, &pairs)
}

/// Reads the answer to [`device_token_request`]. What is said counts for more than the status: GitHub says that the
/// person has not decided yet with 200, Google with 428, and others with 400.
pub fn parse_device_response(
    provider: ProviderKind,
    response: &Response,
    now: Timestamp,
) -> Result<TokenAnswer, DevicePoll> {
    let failure = match parse(provider, Asked::Code, response, now) {
        Ok(answer) => return Ok(answer),
        Err(failure) => failure,
    };
    // A gateway's fault or a redirect is no word of the provider.
    let word = match response.status {
        300..=399 | 500.. => None,
        _ => Fields::read(&response.body)
            .and_then(|fields| fields.text("error").map(str::to_ascii_lowercase)),
    };
    let words = |actor, reason: &str, hint: &str| Trouble {
        actor,
        reason: reason.to_owned(),
        hint: hint.to_owned(),
        provider_error: failure.trouble.provider_error.clone(),
    };
    Err(match word.as_deref() {
        Some("authorization_pending") => DevicePoll::Pending,
        Some("slow_down") => DevicePoll::SlowDown,
        Some("access_denied" | "authorization_declined") => DevicePoll::Over(words(
            Actor::MailboxOwner,
            "Whoever was asked declined the consent.",
            "Begin again with a new code, and accept what is asked for. If nobody declined, the organisation may not allow \
             this application: ask its administrator.",
        )),
        Some("expired_token" | "code_expired") => DevicePoll::Over(words(
            Actor::MailboxOwner,
            "The code was not typed in time.",
            "Begin again; a new code is handed out.",
        )),
        Some("bad_verification_code" | "incorrect_device_code") => DevicePoll::Over(words(
            Actor::MailboxOwner,
            "The provider does not know the code any more.",
            "Begin again; a new code is handed out.",
        )),
        Some("device_flow_disabled") => DevicePoll::Failed(Failure {
            class: FailureClass::Link,
            trouble: words(
                Actor::LinkAdministrator,
                "Device codes are switched off for this client at the provider.",
                "Switch the device flow on in the client's settings at the provider.",
            ),
            ..failure
        }),
        // Not every server has a word of its own for a code that is over.
        Some("invalid_grant") if failure.class == FailureClass::Ended => DevicePoll::Over(words(
            Actor::MailboxOwner,
            "The provider does not take the code any more: it expired, was used already, or was declined.",
            "Begin again; a new code is handed out.",
        )),
        _ if failure.class == FailureClass::Ended => DevicePoll::Over(failure.trouble),
        _ => DevicePoll::Failed(failure),
    })
}

fn unusable(reason: &str) -> Failure {
    let trouble = Trouble {
        actor: Actor::LinkAdministrator,
        reason: reason.to_owned(),
        hint: "Check the link's device authorization endpoint. If it is right, report it to whoever runs the provider."
            .to_owned(),
        provider_error: None,
    };
    Failure::new(FailureClass::Link, trouble)
}

/// An address that people may be sent to: https, or http on this machine, and without a user name that looks like a host.
fn page(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = text.len() <= LONGEST_ADDRESS && text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = Url::parse(text).ok().filter(|_| plain && !text.contains('\\'))?;
    let safe = match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(&url),
        _ => false,
    };
    let open = url.username().is_empty() && url.password().is_none();
    // `https:host` is mended to `https://host`; what people are shown is the address that they go to.
    let as_written =
        text.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(url.scheme()));
    (safe && open && as_written).then(|| text.to_owned())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
