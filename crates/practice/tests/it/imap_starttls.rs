//! The IMAP server that begins in the clear.

use outlink_practice::ImapFault;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::imap::xoauth2;
use crate::kit::{Kit, Lines, kit};

const ALICE: &str = "alice@example.org";

async fn clear(kit: &Kit) -> (BufReader<TcpStream>, String) {
    let mut clear = BufReader::new(TcpStream::connect(kit.practice.imap_clear).await.unwrap());
    let mut greeting = String::new();
    clear.read_line(&mut greeting).await.unwrap();
    (clear, greeting)
}

/// Says something and takes what comes up to these words.
async fn ask(clear: &mut BufReader<TcpStream>, text: &str, end: &str) -> String {
    clear.write_all(text.as_bytes()).await.unwrap();
    let mut said = String::new();
    while !said.contains(end) {
        assert_ne!(clear.read_line(&mut said).await.unwrap(), 0, "{said}");
    }
    said
}

#[tokio::test]
async fn nobody_signs_in_before_starttls() {
    let kit = kit().await;
    let token = kit.access(&["mail.imap"]);
    let response = xoauth2(ALICE, token.expose());
    kit.practice.set(|settings| settings.drop_imap_capability("LOGINDISABLED"));
    let (mut stream, greeting) = clear(&kit).await;
    assert!(greeting.contains(" STARTTLS LOGINDISABLED]"), "{greeting}");
    assert!(!greeting.contains("AUTH=") && !greeting.contains("SASL-IR"), "{greeting}");
    ask(&mut stream, &format!("a AUTHENTICATE XOAUTH2 {response}\r\n"), "a BAD").await;
    ask(&mut stream, "b AUTHENTICATE XOAUTH2\r\n", "b NO").await;
    let login = "c LOGIN alice@example.org two-wheels-good\r\n";
    ask(&mut stream, login, "c NO [PRIVACYREQUIRED]").await;
    ask(&mut stream, "d STARTTLS\r\n", "d OK").await;

    let mut lines = Lines::secure(&kit, stream.into_inner()).await;
    let told = lines.ask("a CAPABILITY", "a OK").await;
    assert!(
        told.len() == 2 && told[0].contains("AUTH=XOAUTH2") && !told[0].contains("STARTTLS"),
        "{told:?}"
    );
    lines.ask("b STARTTLS", "b BAD").await;
    lines.ask(&format!("c AUTHENTICATE XOAUTH2 {response}"), "c OK").await;
    assert_eq!(kit.practice.counters().imap_sessions, 1);
}

#[tokio::test]
async fn what_the_client_says_ahead_of_the_handshake_ends_the_session() {
    let kit = kit().await;
    let (mut stream, _) = clear(&kit).await;
    stream.write_all(b"a STARTTLS\r\nb LOGOUT\r\n").await.unwrap();
    let mut said = String::new();
    while stream.read_line(&mut said).await.is_ok_and(|octets| octets > 0) {}
    assert_eq!(said, "a OK Begin TLS now\r\n");
}

#[tokio::test]
async fn bytes_can_be_injected_behind_the_answer_and_the_offer_can_be_missing() {
    let kit = kit().await;
    let injected = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n";
    kit.practice.faults().next_imap_sessions(1, ImapFault::InjectAfterStartTls(injected));
    let (mut stream, _) = clear(&kit).await;
    ask(&mut stream, "a STARTTLS\r\n", "a OK").await;
    assert_eq!(stream.buffer(), injected, "they come in the same write");
    let mut taken = [0; 35];
    stream.read_exact(&mut taken).await.unwrap();
    let mut lines = Lines::secure(&kit, stream.into_inner()).await;
    lines.ask("b NOOP", "b OK").await;

    kit.practice.faults().next_imap_sessions(1, ImapFault::Without("STARTTLS"));
    let (mut stream, greeting) = clear(&kit).await;
    assert!(!greeting.contains("STARTTLS"), "{greeting}");
    ask(&mut stream, "a STARTTLS\r\n", "a BAD").await;
}
