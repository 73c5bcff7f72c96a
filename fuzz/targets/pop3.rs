//! A POP3 server that says anything at all, from its greeting to its farewell.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::run::{self, LIMITS, checked, checked_sign_in};
use outlink_fuzz::server::Server;
use outlink_fuzz::shown::{self, SECRET};
use outlink_mail::Body;
use outlink_mail::pop3::Session;
use outlink_mail::sasl::Mechanism;
use outlink_model::Secret;

const NUMBERS: [u32; 4] = [1, 2, 3, 4_294_967_295];

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
    assert!(told.login_delay().is_none_or(|delay| delay.as_secs() <= 24 * 3600));
    let secret = Secret::new(SECRET);
    let done = match way >> 1 & 3 {
        0 | 1 => session.login("ann@a.example", &secret).await,
        kind => {
            let mechanism = if kind == 2 { Mechanism::XOAuth2 } else { Mechanism::OAuthBearer };
            session.authenticate("ann@a.example", "pop.a.example", 995, &secret, mechanism).await
        }
    };
    let _ = checked_sign_in(done)?;
    let _ = checked(session.stat().await)?;
    for (number, name) in checked(session.uidl().await)?.unwrap_or_default() {
        assert!(number > 0 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let sizes = checked(session.list().await)?.unwrap_or_default();
    assert!(sizes.iter().all(|(number, _)| *number > 0));

    let mut got = Vec::new();
    let bodies = session.bodies(&NUMBERS, |number, body| {
        got.push(number);
        check_body(&body);
    });
    let _ = checked(bodies.await)?;
    assert!(NUMBERS.starts_with(&got), "{got:?}");
    let tops = session.tops(&NUMBERS[..1], 10, |_, body| check_body(&body));
    let _ = checked(tops.await)?;
    let marked = checked(session.delete(&NUMBERS).await)?.unwrap_or_default();
    assert!(marked.iter().all(|number| NUMBERS.contains(number)));
    if way & 8 != 0 {
        let _ = checked(session.reset().await)?;
    }
    let _ = checked(session.quit().await)?;
    Some(())
}

fn check_body(body: &Body) {
    match body {
        Body::Raw(raw) => assert!(raw.len() <= LIMITS.literal),
        Body::TooLarge(octets) => assert!(*octets > LIMITS.literal as u64),
        Body::Refused(words) => shown::line(words),
    }
}
