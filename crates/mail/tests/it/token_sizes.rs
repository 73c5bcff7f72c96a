//! Tokens of every length at which some protocol or server draws a line.

use outlink_mail::sasl::Mechanism;
use outlink_model::Secret;

use crate::script::session;

/// POP3's edge, SMTP's edge, Google's longest, Dovecot's buffer, the limit of SASL continuations at Postfix; and beyond.
const SIZES: [usize; 13] = [1, 100, 140, 141, 332, 333, 1024, 2048, 4096, 4097, 6150, 9250, 40_000];
/// Twenty characters.
const USER: &str = "longuser@example.com";

fn octets_in_base64(raw: usize) -> usize {
    raw.div_ceil(3) * 4
}

#[tokio::test]
async fn a_token_of_any_length_goes_along_where_that_is_offered() {
    for size in SIZES {
        let (mut session, server) =
            session("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\r\n", move |mut server| async move {
                let line = server.hear().await;
                let blob = line.strip_prefix("a1 AUTHENTICATE XOAUTH2 ").unwrap();
                let raw = "user=".len() + USER.len() + "\x01auth=Bearer ".len() + size + 2;
                assert_eq!(blob.len(), octets_in_base64(raw));
                server.say("a1 OK in\r\n").await;
            })
            .await;
        let token = Secret::new("t".repeat(size));
        session.authenticate(USER, "h", 993, &token, Mechanism::XOAuth2).await.unwrap();
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_token_of_any_length_waits_for_any_plus_otherwise() {
    for size in SIZES {
        for plus in ["+\r\n", "+ \r\n", "+ =\r\n"] {
            for mechanism in [Mechanism::XOAuth2, Mechanism::OAuthBearer] {
                let (mut session, server) =
                    session("* OK [CAPABILITY IMAP4rev1] hi\r\n", move |mut server| async move {
                        server.expect(&format!("a1 AUTHENTICATE {}", mechanism.as_str())).await;
                        server.say(plus).await;
                        assert!(server.hear().await.len() >= octets_in_base64(size));
                        server.say("a1 OK in\r\n").await;
                    })
                    .await;
                let token = Secret::new("t".repeat(size));
                session.authenticate(USER, "h", 993, &token, mechanism).await.unwrap();
                server.await.unwrap();
            }
        }
    }
}
