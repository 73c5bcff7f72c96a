//! **One slow mailbox holds nobody else.**

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use super::mail::plain;
use super::rig::desk::{ALICE, Desk, Options};
use super::rig::eventually;

#[test]
fn a_server_that_says_nothing_does_not_hold_up_another() {
    let mut desk = Desk::start(&Options::default());
    let client = desk.register(3600, "client_secret_basic");
    desk.create_link("Work", &client, &[]);
    let grant = desk.grant("Work", ALICE)["id"].as_str().expect("an id").to_owned();
    desk.outlink.json(&["project", "create", "SUP", "--name", "Support"]);

    // It takes connections, reads, and never says a word.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = tell.send(());
            std::thread::spawn(
                move || while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {},
            );
        }
    });
    desk.create_server("Silent", ALICE, &grant, &["--port", &port, "--poll-seconds", "2"]);
    desk.create_handler("Silent mail", "Silent", "SUP");
    let polled = told.recv_timeout(Duration::from_secs(30));
    assert!(polled.is_ok(), "it is polled: {}", desk.outlink.log());

    // Nobody asks for a fetch of the other one either: polling alone must serve it.
    desk.dovecot.deliver(ALICE, "1", &plain("served@x.example", "Served", "", "All the same.\n"));
    desk.create_server("Inbox", ALICE, &grant, &["--poll-seconds", "2"]);
    desk.create_handler("Support mail", "Inbox", "SUP");
    eventually("an issue from the other server", Duration::from_secs(10), || {
        (desk.outlink.list("issue").len() == 1).then_some(())
    });
    // Nor does it hold up the end of the server itself.
    assert_eq!(desk.outlink.stop().code(), Some(0), "{}", desk.outlink.log());
}
