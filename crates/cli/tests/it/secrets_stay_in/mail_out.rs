//! Mail out, through a server that repeats in its refusals what it was shown.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ALICE, Life};
use crate::mail::plain;
use crate::rig::eventually;

const PASSWORD: &str = "Sending-password-0123456789";

/// An SMTP server without TLS on a free port, which lets nobody in until it is told to, and refuses all mail. It goes with
/// the test's process.
fn tell_tale(lets_in: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let lets_in = lets_in.clone();
            std::thread::spawn(move || talk(stream, &lets_in));
        }
    });
    port
}

fn talk(mut stream: TcpStream, lets_in: &AtomicBool) -> std::io::Result<()> {
    let mut shown = String::new();
    stream.write_all(b"220 odd.example ESMTP\r\n")?;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        let answer = match line.split(' ').collect::<Vec<_>>()[..] {
            ["EHLO", ..] => "250-odd.example\r\n250 AUTH PLAIN".to_owned(),
            ["AUTH", "PLAIN", response] => {
                let bare = STANDARD.decode(response).unwrap_or_default();
                let bare = String::from_utf8_lossy(&bare).replace('\0', " ");
                shown = format!("{response} that is{bare}");
                match lets_in.load(Ordering::SeqCst) {
                    true => "235 2.7.0 Come in".to_owned(),
                    false => format!("535 5.7.8 Nobody signs in by {shown}"),
                }
            }
            ["QUIT"] => return stream.write_all(b"221 2.0.0 Go\r\n"),
            ["RCPT", ..] => format!("550 5.1.1 No such mailbox for whoever shows {shown}"),
            _ => "250 2.0.0 Fine".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

/// A mailbox is fetched, a new person is to be told, and the server that is to send it says too much.
pub(super) fn mail_out(life: &mut Life, grant: &str) {
    let lets_in = Arc::new(AtomicBool::new(false));
    let port = tell_tale(lets_in.clone()).to_string();
    let password = life.file("password for sending", PASSWORD);
    life.secrets.add("a SASL response", &STANDARD.encode(format!("\0{ALICE}\0{PASSWORD}")));
    let server = ["mail-server", "create", "--host", "localhost", "--mailbox", ALICE];
    let out = ["--name", "Out", "--protocol", "smtp", "--security", "none", "--port", &port];
    life.json(&[&server[..], &out, &["--password-file", &password]].concat());
    assert_eq!(life.run(&["mail-server", "test", "Out"]).code, Some(1));
    let imap = life.practice.imap.port().to_string();
    let fetched = ["--name", "Fetched", "--port", &imap, "--grant", grant, "--take", "all"];
    life.json(&[&server[..], &fetched].concat());
    // One that is signed in to by token, and will not have it: the grant is not for sending.
    let smtp = life.practice.smtp.port().to_string();
    let by_token = ["--name", "By token", "--protocol", "smtp", "--port", &smtp, "--grant", grant];
    life.json(&[&server[..], &by_token].concat());
    assert_eq!(life.run(&["mail-server", "test", "By token"]).code, Some(1));
    life.json(&["project", "create", "SUP", "--name", "Support"]);
    let handler = ["handler", "create", "--name", "Support", "--mail-server", "Fetched"];
    let told = ["--project", "SUP", "--outgoing", "Out", "--notify", "true"];
    life.json(&[&handler[..], &told].concat());
    assert!(life.practice.deliver(ALICE, plain("first@x.example", "First", "", "Help!\n")));
    let failing = eventually("a sign-in that is refused", Duration::from_secs(20), || {
        life.run(&["mail-server", "fetch", "Fetched"]);
        let shown = life.json(&["mail-server", "show", "Out"]);
        (shown["health"]["state"] == "failing").then_some(shown)
    });
    assert!(failing.to_string().contains("Nobody signs in by"), "its words are told: {failing}");
    let waiting = life.json(&["delivery", "list"])["items"][0].clone();
    let id = waiting["id"].as_str().expect("a delivery").to_owned();
    lets_in.store(true, Ordering::SeqCst);
    life.json(&["delivery", "retry", &id]);
    let failed = eventually("a mail that is refused", Duration::from_secs(20), || {
        let shown = life.json(&["delivery", "show", &id]);
        (shown["state"] == "failed").then_some(shown)
    });
    assert!(failed.to_string().contains("No such mailbox"), "its words are told: {failed}");
    life.page(&format!("/deliveries/{id}"));
    life.page("/deliveries");
    life.run(&["mail-server", "connections"]);
}
