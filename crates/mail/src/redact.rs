//! Cutting our secrets out of what a server says about them. Keeps **Secrets stay in**.

use outlink_model::Secret;

use crate::{Error, StartTlsFault};

/// An error of a sign-in, without the secrets that were used.
pub(crate) fn error(mut error: Error, secrets: &[&Secret]) -> Error {
    let cut = |text: &mut String| *text = without(text, secrets);
    match &mut error {
        Error::Refused { text, challenge, .. } => {
            cut(text);
            if let Some(challenge) = challenge {
                cut(&mut challenge.text);
                challenge.status.iter_mut().chain(&mut challenge.scope).for_each(cut);
            }
        }
        Error::Protocol { text, .. }
        | Error::Bye { text, .. }
        | Error::Unavailable { text, .. }
        | Error::SessionExpired { text }
        | Error::ServerBug { text }
        | Error::Barred { text }
        | Error::Full { text }
        | Error::NoIdle { text }
        | Error::StartTls { fault: StartTlsFault::Refused(text), .. }
        | Error::NotConnected { text, .. }
        | Error::Sending { text, .. }
        | Error::ServerFault { text }
        | Error::TokenTooLong { text, .. }
        | Error::NoUidl { text }
        | Error::NotDeleted { text }
        | Error::FolderMissing { text, .. }
        | Error::Command { text, .. } => cut(text),
        // These hold nothing that a server said.
        Error::Io { .. }
        | Error::Closed { .. }
        | Error::TimedOut { .. }
        | Error::TooLarge { .. }
        | Error::Tls { .. }
        | Error::Certificate { .. }
        | Error::StartTls { .. }
        | Error::NoMechanism { .. }
        | Error::Argument { .. }
        | Error::Sasl(_) => {}
    }
    error
}

/// A server's words without the secrets that it was shown, for as long as it knows them.
pub(crate) fn words(text: &mut String, shown: &[Secret]) {
    if !shown.is_empty() {
        *text = without(text, &shown.iter().collect::<Vec<_>>());
    }
}

/// Cuts secrets out of a server's words: some repeat the command that they refuse, whole or in part.
fn without(text: &str, secrets: &[&Secret]) -> String {
    const CUT: &str = "[secret]";
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.expose().len() >= 4) {
        text = text.replace(secret.expose(), CUT);
    }
    let of_word =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '~' | '+' | '/' | '-');
    let is_part = |word: &str| {
        word.len() >= 12 && secrets.iter().any(|secret| secret.expose().contains(word))
    };
    text.split_inclusive(|c| !of_word(c))
        .map(|piece| {
            let word = piece.trim_end_matches(|c| !of_word(c));
            if is_part(word) { piece.replacen(word, CUT, 1) } else { piece.to_owned() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_cut_out_of_a_servers_words() {
        let (token, blob) =
            (Secret::new("ya29.abcdefghijklmnop"), Secret::new("dXNlcj1hbGljZQFhdXRoPUJl"));
        for (said, shown) in [
            ("bad token ya29.abcdefghijklmnop!", "bad token [secret]!"),
            (
                "unknown: AUTHENTICATE XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJl",
                "unknown: AUTHENTICATE XOAUTH2 [secret]",
            ),
            ("line too long: \"dXNlcj1hbGljZQFh\"…", "line too long: \"[secret]\"…"),
            ("token=ya29.abcdefghi, é", "token=[secret], é"),
            ("Invalid credentials (Failure)", "Invalid credentials (Failure)"),
        ] {
            assert_eq!(without(said, &[&token, &blob]), shown);
        }
    }
}
