//! What must hold of every text that people see.

use outlink_model::grant::{Failure, Identity, Trouble};
use outlink_model::problem::Problem;

/// A secret that occurs nowhere by chance.
pub const SECRET: &str = "Zq9~Xw7.Kp3_Vb5-Nm1Lr8";
/// The octet that stands for [`SECRET`] in what a fuzzer makes, so that it need not guess it.
pub const SECRET_MARK: u8 = 0x01;

/// The octets with the secret where its mark is.
pub fn with_secret(octets: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(octets.len());
    for &octet in octets {
        match octet {
            SECRET_MARK => whole.extend_from_slice(SECRET.as_bytes()),
            octet => whole.push(octet),
        }
    }
    whole
}

/// One line that a terminal, a page and PostgreSQL take.
pub fn line(text: &str) {
    assert!(!text.contains(char::is_control), "a control character in {text:?}");
}

/// Several lines of that kind.
pub fn lines(text: &str) {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!text.contains(is_odd), "a control character in {text:?}");
}

/// Nothing that prints it shows the secret.
pub fn no_secret(value: &impl std::fmt::Debug) {
    let printed = format!("{value:?}");
    assert!(!printed.contains(SECRET), "a secret in {printed}");
}

/// A refusal says what was wrong and what to do.
pub fn problem(problem: &Problem) {
    assert!(!problem.code.is_empty() && !problem.message.is_empty() && !problem.hint.is_empty());
    line(&problem.message);
    line(&problem.hint);
}

/// The same of what is wrong with a grant, a link or a mail server.
pub fn words_of(trouble: &Trouble) {
    assert!(!trouble.reason.is_empty() && !trouble.hint.is_empty());
    line(&trouble.reason);
    line(&trouble.hint);
    trouble.provider_error.iter().for_each(|words| line(words));
}

/// The same, and no secret is in it.
pub fn trouble(trouble: &Trouble) {
    words_of(trouble);
    no_secret(trouble);
}

/// The same of a provider's refusal.
pub fn failure(failure: &Failure) {
    trouble(&failure.trouble);
    let words = failure.trouble.provider_error.iter();
    words.for_each(|words| assert!(words.chars().count() <= 1001, "{words:?}"));
    let is_wait = |wait: &jiff::SignedDuration| !wait.is_negative() && wait.as_hours() <= 24;
    assert!(failure.retry_after.as_ref().is_none_or(is_wait), "{:?}", failure.retry_after);
    no_secret(failure);
}

/// Who consented is stored as text, and the address is shown.
pub fn identity(identity: &Identity) {
    identity.issuer.iter().chain(&identity.subject).for_each(|text| line(text));
    if let Some(email) = &identity.email {
        line(email);
        assert!(email.contains('@') && email.len() <= 320, "{email:?}");
    }
}
