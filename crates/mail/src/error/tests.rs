//! What every error says.

use super::*;

#[test]
fn every_error_is_a_sentence_with_something_to_do() {
    let text = || "server words".to_owned();
    let host = || "imap.example.org".to_owned();
    let challenge = |status: &str| {
        Some(Challenge {
            status: Some(status.into()), scope: None, text: "{\"status\":…}".into()
        })
    };
    let doing = "fetching messages";
    let mut errors = Vec::new();
    for spoken in [Spoken::Imap, Spoken::Pop3, Spoken::Smtp] {
        errors.extend([
            Error::Io { doing, text: "no route".into() },
            Error::Closed { doing },
            Error::TimedOut { doing, time: Duration::from_secs(60) },
            Error::TooLarge { doing, text: "a line of more than 65536 octets".into() },
            Error::Tls { host: host(), text: "it does not speak TLS on this port".into() },
            Error::Protocol { spoken, doing, text: text() },
            Error::Bye { text: text(), retry_after: None },
            Error::Unavailable { text: text(), retry_after: None },
            Error::NotConnected { spoken, text: text() },
            Error::Refused {
                spoken,
                mechanism: "XOAUTH2",
                text: text(),
                challenge: challenge("401"),
            },
            Error::Refused {
                spoken,
                mechanism: "OAUTHBEARER",
                text: text(),
                challenge: challenge("insufficient_scope"),
            },
            Error::Refused { spoken, mechanism: "PLAIN", text: text(), challenge: None },
            Error::NoMechanism { offered: vec!["PLAIN".into()] },
            Error::SessionExpired { text: text() },
            Error::ServerBug { text: text() },
            Error::Barred { text: text() },
            Error::Full { text: text() },
            Error::NoIdle { text: text() },
            Error::StartTls { spoken, fault: StartTlsFault::NotOffered },
            Error::StartTls { spoken, fault: StartTlsFault::Refused(text()) },
            Error::StartTls { spoken, fault: StartTlsFault::SignedInBefore },
            Error::StartTls { spoken, fault: StartTlsFault::SpokeAhead },
            Error::ServerFault { text: text() },
            Error::TokenTooLong { octets: 5000, text: text() },
            Error::NoUidl { text: text() },
            Error::NotDeleted { text: text() },
            Error::FolderMissing { folder: "Foo".into(), text: text() },
            Error::Command { command: "SELECT", text: text() },
            Error::Argument { what: "folder name" },
            Error::Sasl(sasl::Error::Token),
        ]);
    }
    for fault in [
        SendingFault::SwitchedOff,
        SendingFault::PasswordsOff,
        SendingFault::LimitReached,
        SendingFault::SenderRefused,
        SendingFault::NeedsUtf8,
        SendingFault::Blocked,
        SendingFault::NotSignedIn,
    ] {
        errors.push(Error::Sending { fault, text: text() });
    }
    for fault in [
        CertificateFault::UnknownIssuer,
        CertificateFault::Expired(Some("2026-01-01".into())),
        CertificateFault::Expired(None),
        CertificateFault::NotYetValid(Some("2027-01-01".into())),
        CertificateFault::NotYetValid(None),
        CertificateFault::WrongName(vec!["a.example".into(), "b.example".into()]),
        CertificateFault::WrongName(vec![]),
        CertificateFault::Revoked,
        CertificateFault::Other("bad encoding".into()),
    ] {
        errors.push(Error::Certificate { host: host(), fault });
    }
    for error in errors {
        let trouble = error.trouble();
        for sentence in [&trouble.reason, &trouble.hint] {
            assert!(sentence.ends_with('.') && !sentence.ends_with(".."), "{sentence:?}");
            assert!(sentence.starts_with(char::is_uppercase), "{sentence:?}");
            assert!(!sentence.contains("  "), "{sentence:?}");
        }
        assert!(!trouble.reason.contains("server words"), "{}", trouble.reason);
        assert_eq!(error.is_passing(), trouble.actor == Actor::Nobody);
    }
}

#[test]
fn what_depends_on_the_protocol_names_the_one_that_was_spoken() {
    for (spoken, name, port, other) in [
        (Spoken::Imap, "IMAP", "993", "POP3"),
        (Spoken::Pop3, "POP3", "995", "IMAP"),
        (Spoken::Smtp, "SMTP", "465", "IMAP"),
    ] {
        let refused =
            Error::Refused { spoken, mechanism: "XOAUTH2", text: String::new(), challenge: None };
        let not_connected = Error::NotConnected { spoken, text: String::new() };
        let odd = Error::Protocol { spoken, doing: "signing in", text: String::new() };
        for error in [&refused, &not_connected, &odd] {
            let trouble = error.trouble();
            assert!(trouble.hint.contains(name), "{}", trouble.hint);
            assert!(!trouble.hint.contains(other), "{}", trouble.hint);
            assert!(!trouble.reason.contains(other), "{}", trouble.reason);
        }
        assert!(odd.trouble().hint.contains(port) && odd.trouble().reason.contains(name));
    }
}
