//! Folder names: whatever a server calls a folder, the name that people are shown leads back to it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::run::{self, LIMITS};
use outlink_fuzz::shown;
use outlink_mail::imap::Session;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

fuzz_target!(|octets: &[u8]| {
    let [way, name @ ..] = octets else { return };
    // The server's own limit for a name, in the client's eyes.
    if !(1..=1000).contains(&name.len()) {
        return;
    }
    run::session(async {
        let (here, there) = tokio::io::duplex(64 * 1024);
        let server = serve(there, way & 1 != 0, name);
        tokio::select! {
            biased;
            () = look(here) => {}
            served = server => panic!("the server ended: {served:?}"),
        }
    });
});

async fn look(stream: DuplexStream) {
    let mut session = Session::start(stream, LIMITS).await.expect("a greeting");
    let folders = session.folders().await.expect("a list");
    let [folder] = folders.as_slice() else { panic!("not one folder: {folders:?}") };
    shown::line(&folder.name);
    session.select(&folder.name).await.expect("the folder by the name that was shown");
}

/// A server with one folder, which opens it by no other name.
async fn serve(stream: DuplexStream, utf8: bool, name: &[u8]) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let offers = if utf8 { " ENABLE UTF8=ACCEPT" } else { "" };
    let greeting = format!("* OK [CAPABILITY IMAP4rev1{offers}] Hello.\r\n");
    stream.write_all(greeting.as_bytes()).await?;
    loop {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).await?;
        let line = line.strip_suffix(b"\r\n").expect("lines end in CRLF");
        let mut words = line.splitn(3, |&octet| octet == b' ');
        let mut next = || words.next().unwrap_or_default();
        let (tag, command, rest) = (next(), next(), next());
        let mut answer = b" OK Done.\r\n".as_slice();
        match command {
            b"ENABLE" => stream.write_all(b"* ENABLED UTF8=ACCEPT\r\n").await?,
            b"LIST" => {
                let head = format!("* LIST () \"/\" {{{}}}\r\n", name.len());
                stream.write_all(&[head.as_bytes(), name, b"\r\n"].concat()).await?;
            }
            b"SELECT" => {
                let given = argument(&mut stream, rest).await?;
                let is_inbox =
                    given.eq_ignore_ascii_case(b"INBOX") && name.eq_ignore_ascii_case(b"INBOX");
                if given == name || is_inbox {
                    stream.write_all(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 1] .\r\n").await?;
                } else {
                    answer = b" NO [NONEXISTENT] There is no such folder.\r\n";
                }
            }
            _ => answer = b" BAD What?\r\n",
        }
        stream.write_all(&[tag, answer].concat()).await?;
    }
}

/// A quoted string, or a literal.
async fn argument(
    stream: &mut BufReader<DuplexStream>,
    written: &[u8],
) -> std::io::Result<Vec<u8>> {
    if let Some(quoted) = written.strip_prefix(b"\"") {
        let mut text = Vec::new();
        let mut octets = quoted.iter();
        while let Some(&octet) = octets.next() {
            match octet {
                b'\\' => text.extend(octets.next()),
                b'"' => break,
                octet => text.push(octet),
            }
        }
        return Ok(text);
    }
    let announced = std::str::from_utf8(written).expect("text").trim_matches(['{', '}']);
    let mut text = vec![0; announced.parse().expect("a number")];
    stream.write_all(b"+ Go on.\r\n").await?;
    stream.read_exact(&mut text).await?;
    assert_eq!(stream.read_u16().await?, 0x0D0A, "a literal is not at the end of its line");
    Ok(text)
}
