//! Refusals: what a "no" means, who must act, and in which words people are told.
//!
//! The knowledge is data: `refusal/microsoft.rs` and `refusal/common.rs` are tables by error, `refusal/status.rs` by HTTP
//! status. To teach outlink a new answer, add a row and a recorded answer under `tests/corpus`.

mod common;
mod microsoft;
mod said;
mod status;
mod table;

use jiff::SignedDuration;
use outlink_model::grant::{Actor, Failure, FailureClass, Trouble};
use outlink_model::provider::ProviderKind;
use outlink_model::{Secret, Timestamp};

use crate::callback::CallbackParams;
use crate::redact::{MOST, redact};
use crate::request::Response;
use crate::retry_after::retry_after;
use crate::token::fields::Fields;
use said::Said;
use status::ByStatus;

/// What was asked for. The same refusal means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Tokens for an authorization code.
    Code,
    /// Anything else of the token endpoint: a refresh, or a token for the client itself.
    Token,
    /// A device code.
    DeviceCode,
    /// That a token be taken back.
    Revocation,
}

impl Asked {
    /// The endpoint that was asked.
    fn endpoint(self) -> &'static str {
        match self {
            Self::Code | Self::Token => TOKEN_ENDPOINT,
            Self::DeviceCode => "device authorization endpoint",
            Self::Revocation => "revocation endpoint",
        }
    }
}

/// The endpoint that the words of the tables speak of.
const TOKEN_ENDPOINT: &str = "token endpoint";

/// Sorts an answer that held no usable token. `fields` is its body, where that could be read.
pub(crate) fn classify(
    provider: ProviderKind,
    asked: Asked,
    response: &Response,
    fields: Option<&Fields>,
    now: Timestamp,
) -> Failure {
    let said = fields.map(Said::of).filter(Said::is_refusal);
    let raw = match &said {
        Some(said) => format!("HTTP {}, {}", response.status, said.quoted()),
        None => said::quoted_raw(response),
    };
    let quoted = redact(&raw, &[]);
    let challenged = response.header("www-authenticate").is_some();
    let found = said.as_ref().and_then(|said| table::find(provider, said));
    let mut failure = match (status::decides(response.status), found) {
        (Some(by_status), _) => failure(provider, by_status, Some(quoted)),
        (None, Some((row, class))) => {
            // A refused code is no ended consent: there was none yet.
            let plain =
                row.error == Some("invalid_grant") && matches!(row.detail, table::Detail::Any);
            let row = if asked == Asked::Code && plain { &common::CODE_REFUSED } else { row };
            let trouble = trouble(provider, row.actor, row.reason, row.hint, Some(quoted));
            let retry_after = (row.wait > 0).then(|| SignedDuration::from_secs(row.wait));
            Failure { retry_after, ..Failure::new(class, trouble) }
        }
        (None, None) => {
            let unknown = if said.is_some() { &status::UNKNOWN } else { &status::UNREADABLE };
            let by_status = status::explains(response.status, challenged).unwrap_or(unknown);
            failure(provider, by_status, Some(quoted))
        }
    };
    let told = response.header("retry-after").and_then(|value| retry_after(value, now));
    failure.retry_after = failure.retry_after.max(told);
    let error = said.and_then(|said| said.error);
    failure.trouble.reason = failure.trouble.reason.replace(TOKEN_ENDPOINT, asked.endpoint());
    failure.trouble.hint = failure.trouble.hint.replace(TOKEN_ENDPOINT, asked.endpoint());
    failure.held.quoted = Some(Secret::new(begin_of(raw)));
    failure.may_be_link = matches!(error.as_deref(), Some("unauthorized_client" | "invalid_scope"));
    failure
}

/// As much of an answer as is ever shown of one.
fn begin_of(mut text: String) -> String {
    // One octet more, so that it is known to have been longer.
    let end = (MOST + 1..text.len()).find(|&at| text.is_char_boundary(at));
    text.truncate(end.unwrap_or(text.len()));
    text
}

/// Whether a refusal is one of the client's secret or key, by the tables. `fields` is the answer's body.
pub(crate) fn refuses_client(provider: ProviderKind, response: &Response, fields: &Fields) -> bool {
    // What a server in trouble says is no word about the client.
    status::decides(response.status).is_none()
        && table::find(provider, &Said::of(fields)).is_some_and(|(row, _)| row.refuses_client)
}

/// A token of a kind that mail servers do not take: it is bound to a key, and they have no place for the proof.
pub(crate) fn odd_token_type(provider: ProviderKind, token_type: &str) -> Failure {
    let named = redact(token_type, &[]);
    let mut failure = failure(
        provider,
        &ByStatus {
            class: FailureClass::Link,
            actor: Actor::LinkAdministrator,
            reason: "",
            hint: "Turn the binding of tokens to keys (DPoP or the like) off for this client at the provider.",
        },
        Some(format!("token_type: {named}")),
    );
    failure.trouble.reason = format!(
        "{} hands out tokens that are no bearer tokens; mail servers take nothing else.",
        name(provider, true)
    );
    failure
}

/// A token with characters that must not reach a header or a mail command.
pub(crate) fn unsafe_token(provider: ProviderKind) -> Failure {
    failure(provider, &status::UNSAFE_TOKEN, None)
}

/// Cuts what we sent out of what is kept of the answer: some servers repeat the request in their refusal. Keeps the
/// invariant **Secrets stay in**.
pub fn without_secrets(mut failure: Failure, secrets: &[&Secret]) -> Failure {
    let words = failure.trouble.provider_error.take();
    // What was cut by shape may have been cut in the middle of a secret, so the words are cut anew as they came.
    let raw = failure.held.quoted.take();
    let rotated = failure.held.rotated.as_ref();
    let secrets: Vec<&Secret> = secrets.iter().copied().chain(rotated).collect();
    let raw = raw.filter(|raw| words.as_ref() == Some(&redact(raw.expose(), &[])));
    failure.trouble.provider_error = words.map(|words| match &raw {
        Some(raw) => redact(raw.expose(), &secrets),
        None => redact(&words, &secrets),
    });
    failure
}

/// There is no answer: the network, a time limit, a size limit. `what` says it in words for people. It passes.
pub fn network_failure(what: &str) -> Failure {
    failure(ProviderKind::Custom, &status::UNREACHABLE, Some(redact(what, &[])))
}

/// There is no answer, since the provider's certificate is not trusted. It passes like any network fault and ends no
/// grant, but whoever runs the server must look. `what` says what is wrong with the certificate.
pub fn certificate_failure(what: &str) -> Failure {
    failure(ProviderKind::Custom, &status::CERTIFICATE, Some(redact(what, &[])))
}

/// Why an authorization response holds no code, in words; `None` where it holds one. The answer came by way of a
/// browser, so nothing that stands is changed on its account.
pub fn callback_trouble(provider: ProviderKind, params: &CallbackParams) -> Option<Trouble> {
    params.error.as_ref()?;
    let said = Said::of_callback(params);
    let quoted = Some(redact(&said.quoted(), &[]));
    Some(match table::find(provider, &said) {
        Some((row, _)) => trouble(provider, row.actor, row.reason, row.hint, quoted),
        None => {
            let hint = "Read the provider's own words, and begin the consent again.";
            trouble(provider, Actor::LinkAdministrator, status::UNKNOWN.reason, hint, quoted)
        }
    })
}

fn failure(provider: ProviderKind, row: &ByStatus, quoted: Option<String>) -> Failure {
    Failure::new(row.class, trouble(provider, row.actor, row.reason, row.hint, quoted))
}

fn trouble(
    provider: ProviderKind,
    actor: Actor,
    reason: &str,
    hint: &str,
    provider_error: Option<String>,
) -> Trouble {
    let fill = |text: &str| {
        text.replace("{Provider}", name(provider, true))
            .replace("{provider}", name(provider, false))
    };
    Trouble { actor, reason: fill(reason), hint: fill(hint), provider_error }
}

fn name(provider: ProviderKind, begins_sentence: bool) -> &'static str {
    match provider {
        ProviderKind::Google => "Google",
        ProviderKind::Microsoft => "Microsoft",
        ProviderKind::Yahoo => "Yahoo",
        ProviderKind::Aol => "AOL",
        ProviderKind::Fastmail => "Fastmail",
        ProviderKind::Yandex => "Yandex",
        ProviderKind::Github => "GitHub",
        ProviderKind::Gitlab => "GitLab",
        ProviderKind::Bitbucket => "Bitbucket",
        ProviderKind::Forgejo => "Forgejo",
        ProviderKind::Custom if begins_sentence => "The provider",
        ProviderKind::Custom => "the provider",
    }
}

#[cfg(test)]
mod tests;
