//! Hands one mail to the practice SMTP server (RFC 5321, TLS from the first byte as in RFC 8314).

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// For the whole conversation.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// No reply of the practice server is longer.
const LONGEST_LINE: u64 = 4096;

/// Sends `raw` to `to`, trusting the authority in `ca` alone.
pub(crate) async fn send(
    server: SocketAddr,
    ca: &Path,
    from: &str,
    to: &str,
    raw: &[u8],
) -> anyhow::Result<()> {
    tokio::time::timeout(TIME_LIMIT, converse(server, ca, from, to, raw))
        .await
        .context("The SMTP server was too slow")?
}

async fn converse(
    server: SocketAddr,
    ca: &Path,
    from: &str,
    to: &str,
    raw: &[u8],
) -> anyhow::Result<()> {
    let stream =
        TcpStream::connect(server).await.context("The SMTP server is not to be reached")?;
    let stream = connector(ca)?
        .connect(ServerName::try_from("localhost")?, stream)
        .await
        .context("The SMTP server's certificate was not taken")?;
    let mut stream = BufStream::new(stream);
    reply(&mut stream, "220").await?;
    for (command, expected) in [
        ("EHLO localhost".to_owned(), "250"),
        (format!("MAIL FROM:<{from}>"), "250"),
        (format!("RCPT TO:<{to}>"), "250"),
        ("DATA".to_owned(), "354"),
    ] {
        stream.write_all(format!("{command}\r\n").as_bytes()).await?;
        reply(&mut stream, expected).await.with_context(|| format!("At {command:?}"))?;
    }
    stream.write_all(&stuffed(raw)).await?;
    reply(&mut stream, "250").await.context("At the end of the mail")?;
    stream.write_all(b"QUIT\r\n").await?;
    reply(&mut stream, "221").await
}

fn connector(ca: &Path) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Sends what is waiting and reads one reply; all of its lines must begin with the code.
async fn reply<S>(stream: &mut BufStream<S>, expected: &str) -> anyhow::Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    stream.flush().await?;
    loop {
        let mut line = String::new();
        (&mut *stream).take(LONGEST_LINE).read_line(&mut line).await?;
        if !line.starts_with(expected) {
            bail!("The SMTP server said {:?}.", line.trim_end());
        }
        if line.as_bytes().get(expected.len()) != Some(&b'-') {
            return Ok(());
        }
    }
}

/// The mail with line ends as on the wire, dots doubled, and the end behind it (RFC 5321 §4.5.2).
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(raw.len() + 64);
    let body = raw.strip_suffix(b"\n").unwrap_or(raw);
    for line in body.split(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            wire.push(b'.');
        }
        wire.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_put_on_the_wire_as_it_must_be() {
        assert_eq!(stuffed(b"a: b\n\n.hid\r\nend"), b"a: b\r\n\r\n..hid\r\nend\r\n.\r\n");
        assert_eq!(stuffed(b"a: b\r\n"), b"a: b\r\n.\r\n");
    }
}
