//! Which addresses the API token may be sent to.

use anyhow::Context as _;
use url::Url;

use super::refusal::Refused;
use crate::config;

/// Reads the address of a server. The API token goes there, so it must be https, or http that stays within this machine.
pub(super) fn server_address(url: &str) -> anyhow::Result<Url> {
    let base = Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .with_context(|| {
            // A password in the address must not come back on the screen.
            let shown =
                if url.contains('@') { "What was given".into() } else { format!("{url:?}") };
            format!(
                "{shown} is no address of a server. It should look like https://outlink.example.org"
            )
        })?;
    if !base.username().is_empty() || base.password().is_some() {
        let refused = Refused {
            message: "The address of the server holds a user name or a password.".into(),
            hint: "Leave out what stands before the @: the server knows you by the API token in OUTLINK_TOKEN or \
                   --token-file."
                .into(),
        };
        return Err(refused.into());
    }
    if base.scheme() == "http" && !is_loopback(&base) {
        let refused = Refused {
            message: format!(
                "{base} is refused: by http, anybody on the way could read the API token. http is taken only for this \
                 machine, such as http://localhost:8080."
            ),
            hint: "Give the server's https address with --url or OUTLINK_URL, or run the command on its machine."
                .into(),
        };
        return Err(refused.into());
    }
    Ok(base)
}

/// Whether what is sent to it stays within this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| config::is_loopback(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused() {
        for url in
            ["", "localhost:8080", "ftp://a", "/x", "https://u:hunter2@a:port", "u:hunter2@a"]
        {
            let said = server_address(url).expect_err(url).to_string();
            assert!(said.contains("is no address of a server"), "{said}");
            assert!(!said.contains("hunter2"), "a password is shown: {said}");
        }
    }

    #[test]
    fn the_token_is_never_sent_in_the_clear_over_a_network() {
        for url in [
            "https://outlink.example.org",
            "http://localhost:8080",
            "http://127.0.0.2",
            "http://[::1]:1",
        ] {
            server_address(url).expect(url);
        }
        for url in [
            "http://outlink.example.org",
            "http://192.0.2.1:8080",
            "http://localhost.example",
            "http://[::]",
        ] {
            let said = server_address(url).expect_err(url);
            let said = said.downcast_ref::<Refused>().expect("with a hint");
            assert!(said.message.contains("could read the API token"), "{}", said.message);
            assert!(said.hint.contains("https address"), "{}", said.hint);
        }
    }

    #[test]
    fn an_address_with_a_password_is_refused_and_not_shown() {
        for url in [
            "https://u:hunter2@a.example",
            "https://hunter2@a.example",
            "http://:hunter2@localhost:1",
        ] {
            let said = server_address(url).expect_err(url);
            let said = said.downcast_ref::<Refused>().expect("with a hint");
            assert!(said.message.contains("user name or a password"), "{}", said.message);
            assert!(!format!("{} {}", said.message, said.hint).contains("hunter2"));
        }
    }
}
