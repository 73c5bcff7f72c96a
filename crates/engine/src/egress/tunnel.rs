//! Asking a proxy for a way to somebody else: HTTP's CONNECT (RFC 9110 §9.3.6).

use outlink_model::Secret;
use outlink_model::grant::{Actor, Trouble};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::proxy::Proxy;

/// No proxy has more to say about a connection than this.
const LARGEST_HEAD: usize = 16 * 1024;
/// Nor in more header fields.
const MOST_FIELDS: usize = 128;

/// What a proxy has answered so far.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// Not all of it has come.
    Partial,
    /// The way is open.
    Open,
    /// It says no: the status and its words.
    Refused(u16, String),
    /// It is no answer to what was asked: why.
    Odd(&'static str),
}

/// Asks for a way to `target`, which is a host and a port. When this returns well, the stream is the target's.
///
/// # Errors
/// When the proxy refuses, answers oddly, or hangs up. The caller limits the time.
pub(super) async fn ask<S>(stream: &mut S, proxy: &Proxy, target: &str) -> Result<(), Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let lost = |error: std::io::Error| odd(proxy, &format!("the connection broke: {error}"));
    let request = request(target, proxy.authorization.as_ref());
    stream.write_all(request.expose().as_bytes()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let mut head = Vec::with_capacity(1024);
    loop {
        let room = (LARGEST_HEAD - head.len()) as u64;
        match (&mut *stream).take(room).read_buf(&mut head).await.map_err(lost)? {
            0 if head.len() == LARGEST_HEAD => {
                return Err(odd(proxy, "its answer has no end"));
            }
            0 => return Err(odd(proxy, "it hung up without an answer")),
            _ => {}
        }
        match read_answer(&head) {
            Answer::Partial => {}
            Answer::Open => return Ok(()),
            Answer::Refused(status, words) => return Err(refused(proxy, target, status, &words)),
            Answer::Odd(why) => return Err(odd(proxy, why)),
        }
    }
}

fn request(target: &str, authorization: Option<&Secret>) -> Secret {
    let mut text = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(value) = authorization {
        text.push_str(&format!("Proxy-Authorization: {}\r\n", value.expose()));
    }
    text.push_str("\r\n");
    Secret::new(text)
}

fn read_answer(head: &[u8]) -> Answer {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let length = match response.parse(head) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Answer::Partial,
        Err(_) => return Answer::Odd("what it says is not HTTP"),
    };
    match response.code.unwrap_or_default() {
        // We speak first in everything that goes through here, so what stands behind the head is not the target's.
        200..300 if length < head.len() => {
            Answer::Odd("it sends something before anything was asked of the target")
        }
        200..300 => Answer::Open,
        status @ 300.. => Answer::Refused(status, plain(response.reason.unwrap_or_default())),
        _ => Answer::Odd("its status is none that ends a request"),
    }
}

/// Words of somebody else, fit for one line of ours.
fn plain(text: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() { c } else { ' ' };
    let text: String = text.chars().take(100).map(printable).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refused(proxy: &Proxy, target: &str, status: u16, words: &str) -> Trouble {
    let (name, known) = (proxy.name(), proxy.authorization.is_some());
    let (what, hint) = match status {
        407 if known => (
            format!("The proxy {name} refuses our user name and password"),
            "Correct the user name and the password in egress.proxy of the configuration file.",
        ),
        407 => (
            format!("The proxy {name} asks for a user name and a password"),
            "Write them into egress.proxy of the configuration file: \
             http://user:password@proxy.example.org:3128.",
        ),
        404 | 500 | 502..=504 => (
            format!("The proxy {name} cannot reach {target}"),
            "Check the host name and the port, and that the proxy can resolve and reach it.",
        ),
        300..400 | 400 | 405 | 501 => (
            format!("{name} does not open ways to others as a proxy does"),
            "Check egress.proxy in the configuration file: it must name an HTTP proxy that knows CONNECT.",
        ),
        _ => (
            format!("The proxy {name} does not let this server out to {target}"),
            "Ask the proxy's administrator to permit this host and port.",
        ),
    };
    let words = format!("{status} {words}");
    trouble(format!("{what}: {}.", words.trim().trim_end_matches('.')), hint)
}

fn odd(proxy: &Proxy, why: &str) -> Trouble {
    trouble(
        format!("The proxy {} does not answer as one should: {why}.", proxy.name()),
        "Check egress.proxy in the configuration file: the address, and whether it begins with http:// or https://.",
    )
}

fn trouble(reason: String, hint: &str) -> Trouble {
    Trouble { actor: Actor::Operator, reason, hint: hint.into(), provider_error: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::DuplexStream;

    #[test]
    fn answers_of_proxies() {
        let refused = |status, words: &str| Answer::Refused(status, words.into());
        let before_asked =
            Answer::Odd("it sends something before anything was asked of the target");
        for (head, expected) in [
            ("", Answer::Partial),
            ("HTTP/1.1 200 Connection established\r\n", Answer::Partial),
            ("HTTP/1.1 200 Connection established\r\n\r\n", Answer::Open),
            ("HTTP/1.0 200 OK\r\nVia: x\r\n\r\n", Answer::Open),
            ("HTTP/1.1 204\r\n\r\n", Answer::Open),
            // A length has no meaning here (RFC 9110 §9.3.6), but octets that come with it do.
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Answer::Open),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", before_asked),
            ("HTTP/1.1 407 Who\x01are you?\r\n\r\n", Answer::Odd("what it says is not HTTP")),
            ("HTTP/1.1 407 Who\tare  you?\r\n\r\n<html>", refused(407, "Who are you?")),
            ("HTTP/1.1 502 Bad Gateway\r\nX: y\r\n\r\n", refused(502, "Bad Gateway")),
            ("HTTP/1.1 302 Found\r\nLocation: http://x\r\n\r\n", refused(302, "Found")),
            (
                "HTTP/1.1 100 Continue\r\n\r\n",
                Answer::Odd("its status is none that ends a request"),
            ),
            ("* OK IMAP4rev1 ready\r\n", Answer::Odd("what it says is not HTTP")),
            ("\x15\x03\x01\x00\x02\x02\x46", Answer::Odd("what it says is not HTTP")),
        ] {
            assert_eq!(read_answer(head.as_bytes()), expected, "{head:?}");
        }
    }

    async fn asked(address: &str, answer: &'static [u8]) -> (Result<(), Trouble>, String) {
        let proxy = Proxy::parse(address).unwrap();
        let (mut here, mut there) = tokio::io::duplex(64 * 1024);
        let proxied = async {
            let request = heard(&mut there).await;
            there.write_all(answer).await.unwrap();
            drop(there);
            request
        };
        tokio::join!(ask(&mut here, &proxy, "imap.example.org:993"), proxied)
    }

    async fn heard(there: &mut DuplexStream) -> String {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            there.read_buf(&mut request).await.unwrap();
        }
        String::from_utf8(request).unwrap()
    }

    #[tokio::test]
    async fn what_a_proxy_is_asked() {
        let open = b"HTTP/1.1 200 OK\r\n\r\n";
        let (went, request) = asked("http://user:pass@proxy:3128", open).await;
        assert!(went.is_ok());
        assert_eq!(
            request,
            "CONNECT imap.example.org:993 HTTP/1.1\r\nHost: imap.example.org:993\r\n\
             Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
        );
        let (_, request) = asked("http://proxy:3128", open).await;
        assert!(!request.contains("Authorization"));
    }

    #[tokio::test]
    async fn what_a_person_is_told() {
        let bare = "http://proxy:3128";
        for (address, answer, reason, hint) in [
            (
                bare,
                &b"HTTP/1.1 407 Auth\r\n\r\n"[..],
                "asks for a user name and a password: 407",
                "user:password@",
            ),
            (
                "http://u:hunter2@proxy:3128",
                b"HTTP/1.1 407 Auth\r\n\r\n",
                "refuses our user name",
                "Correct",
            ),
            (
                bare,
                b"HTTP/1.1 403 Not you\r\n\r\n",
                "not let this server out to imap.example.org:993: 403 Not you.",
                "permit",
            ),
            (
                bare,
                b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
                "cannot reach imap.example.org:993: 502 Bad Gateway.",
                "resolve",
            ),
            (bare, b"HTTP/1.1 405\r\n\r\n", "proxy:3128 does not open ways", "CONNECT"),
            (bare, b"SSH-2.0-x\r\n", "not HTTP", "egress.proxy"),
            (bare, b"HTTP/1.1 200 OK\r\n", "hung up", "egress.proxy"),
            (bare, b"", "hung up", "egress.proxy"),
        ] {
            let trouble = asked(address, answer).await.0.unwrap_err();
            assert!(trouble.reason.contains(reason), "{}", trouble.reason);
            assert!(trouble.hint.contains(hint), "{}", trouble.hint);
            assert!(!format!("{trouble:?}").contains("hunter2"));
        }
    }

    #[tokio::test]
    async fn an_answer_without_end_is_left() {
        static ENDLESS: [u8; 2 * LARGEST_HEAD] = {
            let mut bytes = [b'x'; 2 * LARGEST_HEAD];
            let head = *b"HTTP/1.1 200 OK\r\nX: ";
            let mut at = 0;
            while at < head.len() {
                bytes[at] = head[at];
                at += 1;
            }
            bytes
        };
        let trouble = asked("http://proxy:3128", &ENDLESS).await.0.unwrap_err();
        assert!(trouble.reason.contains("no end"), "{}", trouble.reason);
    }
}
