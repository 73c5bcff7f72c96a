//! Refusals by their HTTP status, for answers that say nothing orderly, and faults before there is any answer.

use outlink_model::grant::Actor::{LinkAdministrator, Nobody};
use outlink_model::grant::FailureClass::{Link, Passing};
use outlink_model::grant::{Actor, FailureClass};

/// What follows from a status. In the words, `{Provider}` and `{provider}` stand for the provider's name.
pub(super) struct ByStatus {
    /// What follows.
    pub class: FailureClass,
    /// Who must act.
    pub actor: Actor,
    /// One sentence: what is wrong.
    pub reason: &'static str,
    /// One or two sentences: what to do.
    pub hint: &'static str,
}

/// Statuses that decide by themselves, whatever the body says: `invalid_grant` in a 503 is a fault and not a word.
pub(super) fn decides(status: u16) -> Option<&'static ByStatus> {
    match status {
        300..=399 => Some(&REDIRECT),
        408 | 425 => Some(&TIMED_OUT),
        429 => Some(&TOO_MANY),
        500.. => Some(&FAULT),
        _ => None,
    }
}

/// What a status means where the body says nothing that is known. `challenged` is whether the answer asks for client
/// authentication (`WWW-Authenticate`, RFC 6749 §5.2).
pub(super) fn explains(status: u16, challenged: bool) -> Option<&'static ByStatus> {
    match status {
        404 | 405 | 410 => Some(&WRONG_ADDRESS),
        401 if challenged => Some(&CLIENT),
        _ => None,
    }
}

static REDIRECT: ByStatus = ByStatus {
    class: Link,
    actor: LinkAdministrator,
    reason: "The token endpoint answers with a redirect. It is not followed: the secrets would go to another address.",
    hint: "Check the link's token endpoint. If the provider moved it, enter the new address, which its answer names.",
};

static TIMED_OUT: ByStatus = ByStatus {
    class: Passing,
    actor: Nobody,
    reason: "{Provider} did not answer in time.",
    hint: "Nothing is to be done; it is tried again.",
};

static TOO_MANY: ByStatus = ByStatus {
    class: Passing,
    actor: Nobody,
    reason: "{Provider} asks us to slow down (429 Too Many Requests).",
    hint: "Nothing is to be done; it is tried again after the time that the provider names.",
};

static FAULT: ByStatus = ByStatus {
    class: Passing,
    actor: Nobody,
    reason: "{Provider} has a fault of its own.",
    hint: "Nothing is to be done; it is tried again. If it lasts, look at the provider's status page.",
};

static WRONG_ADDRESS: ByStatus = ByStatus {
    class: Link,
    actor: LinkAdministrator,
    reason: "There is no token endpoint at the address that the link names.",
    hint: "Compare the link's token endpoint with the provider's documentation; is it the authorization endpoint, or is \
           the tenant or realm wrong?",
};

static CLIENT: ByStatus = ByStatus {
    class: Link,
    actor: LinkAdministrator,
    reason: "{Provider} does not accept the link's client id and secret (401 Unauthorized).",
    hint: "Enter both again, and try another client authentication (client_secret_basic, client_secret_post). Nobody \
           needs to consent again.",
};

/// An `error` that is not known here.
pub(super) static UNKNOWN: ByStatus = ByStatus {
    class: Passing,
    actor: Nobody,
    reason: "{Provider} refuses with an error that is not known here.",
    hint: "Read the provider's own words. The tokens are kept and it is tried again.",
};

/// A success without a token, or a refusal without a reason.
pub(super) static UNREADABLE: ByStatus = ByStatus {
    class: Passing,
    actor: Nobody,
    reason: "The token endpoint's answer is not one that OAuth 2.0 knows.",
    hint: "Something in between may have answered: a proxy, a firewall, a sign-in page. The tokens are kept and it is tried \
           again; if it lasts, check the link's token endpoint.",
};

/// An access token with characters that could break out of a mail command.
pub(super) static UNSAFE_TOKEN: ByStatus = ByStatus {
    class: Passing,
    actor: Nobody,
    reason: "{Provider} handed out an access token with characters that no token may have. It was not used.",
    hint: "It is tried again. If it lasts, report it to whoever runs the provider.",
};

/// No answer at all.
pub(super) static UNREACHABLE: ByStatus = ByStatus {
    class: Passing,
    actor: Nobody,
    reason: "The provider could not be reached.",
    hint: "The tokens are kept and it is tried again. If it lasts, check the network and the name of the endpoint's host.",
};

/// No answer, since the other side could not prove who it is.
pub(super) static CERTIFICATE: ByStatus = ByStatus {
    class: Passing,
    actor: Actor::Operator,
    reason: "The provider's TLS certificate is not accepted, so nothing was sent.",
    hint: "If the certificate comes from an authority of your own, name its file in tls.extra_ca. Otherwise check this \
           server's clock, and whether something in between opens TLS connections.",
};
