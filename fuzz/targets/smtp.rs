//! An SMTP server that says anything at all, from its greeting to its farewell.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::run::{self, LIMITS, checked, checked_sign_in};
use outlink_fuzz::server::Server;
use outlink_fuzz::shown::{self, SECRET};
use outlink_mail::sasl::Mechanism;
use outlink_mail::smtp::{Sent, Session};
use outlink_model::Secret;

const MAIL: &[u8] = b"Subject: x\r\n\r\n.\r\n..\r\nend";

fuzz_target!(|octets: &[u8]| {
    let [manner, way, script @ ..] = octets else { return };
    let server = Server::new(*manner, script);
    run::session(async {
        let _ = drive(server, *way).await;
    });
});

async fn drive(server: Server, way: u8) -> Option<()> {
    let mut session = checked(Session::start(server, LIMITS).await)?.ok()?;
    if way & 1 != 0 {
        let stream = checked(session.upgrade().await)?.ok()?;
        session = Session::resume(stream, LIMITS);
    }
    let told = checked(session.capabilities().await.cloned())?.unwrap_or_default();
    told.iter().chain(told.mechanisms()).for_each(shown::line);
    assert_ne!(told.size, Some(0));
    let secret = Secret::new(SECRET);
    let done = match way >> 1 & 3 {
        0 | 1 => session.login("ann@a.example", &secret).await,
        kind => {
            let mechanism = if kind == 2 { Mechanism::XOAuth2 } else { Mechanism::OAuthBearer };
            session.authenticate("ann@a.example", "smtp.a.example", 465, &secret, mechanism).await
        }
    };
    let _ = checked_sign_in(done)?;
    for to in ["bob@b.example", "jörg@bücher.example", "no\r\nDATA@b.example", "bob@b.example"] {
        let sent = session.send("ann@a.example", to, MAIL).await;
        match checked(sent)? {
            Ok(Sent::Taken { words }) => check(&words),
            Ok(Sent::Refused { trouble, .. }) => {
                trouble.provider_error.iter().for_each(|words| check(words));
            }
            Err(_) => {}
        }
    }
    session.quit().await;
    Some(())
}

fn check(words: &str) {
    shown::line(words);
    assert!(!words.contains(SECRET), "a secret is told: {words}");
}
