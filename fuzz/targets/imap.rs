//! An IMAP server that says anything at all, from its greeting to its farewell.

#![no_main]

use std::collections::BTreeSet;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::run::{self, LIMITS, checked, checked_sign_in};
use outlink_fuzz::server::Server;
use outlink_fuzz::shown::{self, SECRET};
use outlink_mail::Body;
use outlink_mail::imap::Session;
use outlink_mail::sasl::Mechanism;
use outlink_model::Secret;

const UIDS: [u32; 5] = [1, 2, 3, 7, 4_294_967_295];

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
    let _ = checked(session.capabilities().await.map(|_| ()))?;
    sign_in(&mut session, way).await?;
    let folders = checked(session.folders().await)?;
    for folder in folders.iter().flatten() {
        shown::line(&folder.name);
        assert!(!folder.name.is_empty());
    }
    let name = if way & 8 != 0 { "Büro & Post" } else { "INBOX" };
    let _ = checked(session.create_folder(name).await)?;
    let opened = checked(match way & 16 {
        0 => session.select(name).await,
        _ => session.examine(name).await,
    })?;
    let from = opened.map_or(1, |opened| opened.uid_validity % 5);
    let listed = checked(session.metadata(from).await)?.unwrap_or_default();
    assert!(listed.is_sorted_by(|one, next| one.uid < next.uid));
    assert!(listed.iter().all(|meta| meta.uid >= from.max(1)));

    let mut open = BTreeSet::from(UIDS);
    let bodies = session.bodies(&UIDS, |uid, body| {
        assert!(open.remove(&uid), "message {uid} came twice, or was not asked for");
        check_body(&body);
    });
    let _ = checked(bodies.await)?;
    let _ = checked(session.mark_seen(&UIDS).await)?;
    let _ = checked(session.move_to(&UIDS, "Done").await)?;
    let _ = checked(session.delete(&UIDS[..2]).await)?;
    for limit in [1, 100_000] {
        let limit = Duration::from_secs(limit);
        let _ = checked(session.idle(limit, std::future::pending()).await)?;
    }
    session.logout().await;
    Some(())
}

async fn sign_in(session: &mut Session<Server>, way: u8) -> Option<()> {
    let secret = Secret::new(SECRET);
    let done = match way >> 1 & 3 {
        0 => session.login("ann@a.example", &secret).await,
        1 => session.login("änn", &secret).await,
        kind => {
            let mechanism = if kind == 2 { Mechanism::XOAuth2 } else { Mechanism::OAuthBearer };
            session.authenticate("ann@a.example", "imap.a.example", 993, &secret, mechanism).await
        }
    };
    // A sign-in that was refused is tried on, since a server may give way all the same.
    checked_sign_in(done).map(|_| ())
}

fn check_body(body: &Body) {
    match body {
        Body::Raw(raw) => assert!(raw.len() <= LIMITS.line.max(LIMITS.literal)),
        Body::TooLarge(octets) => assert!(*octets > LIMITS.literal as u64),
        Body::Refused(words) => shown::line(words),
    }
}
