//! What keeps a delivery from being sent, or why it was given up. A pure function of what the store holds.

use outlink_model::delivery::{Delivery, DeliveryState};
use outlink_model::grant::{Actor, Trouble};
use outlink_model::mail_server::{MailServer, SignIn};

use crate::words::TroubleView;

/// What keeps a delivery, or ended it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) trouble: TroubleView,
    /// What helps.
    pub(super) helps: Helps,
}

/// What helps a delivery that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Helps {
    /// To try it again.
    Retry,
    /// To look after its mail server, through which nothing is sent.
    Server,
    /// Nothing: its mail server is gone.
    Nothing,
}

/// What keeps it. Where nothing can be sent through its mail server, that is said before what was wrong with the mail.
pub(super) fn kept_by(delivery: &Delivery, server: Option<&MailServer>) -> Option<Kept> {
    let own = || {
        let trouble = of(delivery.trouble.as_ref()?);
        let helps = if server.is_some() { Helps::Retry } else { Helps::Nothing };
        Some(Kept { trouble, helps })
    };
    match delivery.state {
        DeliveryState::Sent => None,
        DeliveryState::Failed => own().map(|kept| Kept {
            trouble: TroubleView { tone: "bad", ..kept.trouble },
            helps: kept.helps,
        }),
        DeliveryState::Waiting => server.and_then(kept_by_server).or_else(own),
    }
}

fn kept_by_server(server: &MailServer) -> Option<Kept> {
    let name = &server.name;
    if matches!(server.sign_in, SignIn::Missing) {
        let trouble = TroubleView {
            tone: "bad",
            reason: format!("The mail server {name} has nothing to sign in with."),
            hint: "Authorise it on its page; what waits is sent then.".to_owned(),
            who: ADMINISTRATOR,
            provider_error: None,
        };
        return Some(Kept { trouble, helps: Helps::Server });
    }
    if server.paused {
        let trouble = TroubleView {
            tone: "warn",
            reason: format!("The mail server {name} is paused."),
            hint: "Resume it on its page; what waits is sent then.".to_owned(),
            who: "An administrator has paused it.",
            provider_error: None,
        };
        return Some(Kept { trouble, helps: Helps::Server });
    }
    let trouble = of(server.health.trouble.as_ref()?);
    Some(Kept { trouble, helps: Helps::Retry })
}

/// Said of mail, which belongs to no link.
const ADMINISTRATOR: &str = "An administrator must act.";

fn of(trouble: &Trouble) -> TroubleView {
    let view = TroubleView::from(trouble);
    match trouble.actor {
        Actor::LinkAdministrator => TroubleView { who: ADMINISTRATOR, ..view },
        _ => view,
    }
}

#[cfg(test)]
pub(super) use tests::delivery;

#[cfg(test)]
mod tests {
    use outlink_model::delivery::DeliveryKind;
    use outlink_model::mail_server::ServerHealth;
    use outlink_model::{Secret, Timestamp};

    use super::*;
    use crate::console::mail_servers::state::a_server;

    fn trouble(reason: &str, actor: Actor) -> Trouble {
        Trouble { actor, reason: reason.into(), hint: String::new(), provider_error: None }
    }

    pub(in super::super) fn delivery(state: DeliveryState, reason: Option<&str>) -> Delivery {
        let id = "019a0000-0000-7000-8000-000000000000";
        Delivery {
            id: id.parse().unwrap(),
            mail_server_id: id.parse().unwrap(),
            handler_id: None,
            kind: DeliveryKind::Notice,
            message_id: None,
            issue_id: None,
            to: "ann@example.org".into(),
            subject: String::new(),
            text: String::new(),
            mail_id: "1@example.org".into(),
            in_reply_to: None,
            state,
            attempts: 0,
            unanswered: 0,
            next_at: Timestamp::UNIX_EPOCH,
            trouble: reason.map(|reason| trouble(reason, Actor::Nobody)),
            created_at: Timestamp::UNIX_EPOCH,
            done_at: None,
        }
    }

    #[test]
    fn what_keeps_the_server_is_said_before_what_was_wrong_with_the_mail() {
        let fine = MailServer { sign_in: SignIn::Password(Secret::new("x")), ..a_server() };
        let health = ServerHealth {
            trouble: Some(trouble("It does not answer.", Actor::Operator)),
            ..ServerHealth::default()
        };
        let failing = MailServer { health, ..fine.clone() };
        let paused = MailServer { paused: true, ..failing.clone() };
        let missing = MailServer { sign_in: SignIn::Missing, ..paused.clone() };
        let waits = delivery(DeliveryState::Waiting, Some("Greylisted."));
        for (server, reason, helps) in [
            (None, "Greylisted.", Helps::Nothing),
            (Some(&fine), "Greylisted.", Helps::Retry),
            (Some(&failing), "It does not answer.", Helps::Retry),
            (Some(&paused), "The mail server Support is paused.", Helps::Server),
            (Some(&missing), "The mail server Support has nothing to sign in with.", Helps::Server),
        ] {
            let kept = kept_by(&waits, server).unwrap();
            assert_eq!((kept.trouble.reason.as_str(), kept.helps), (reason, helps));
        }
        let new = delivery(DeliveryState::Waiting, None);
        assert!(kept_by(&new, Some(&fine)).is_none());
        let failed =
            kept_by(&delivery(DeliveryState::Failed, Some("No such user.")), Some(&paused));
        let failed = failed.unwrap();
        assert_eq!(failed.helps, Helps::Retry);
        assert_eq!((failed.trouble.reason.as_str(), failed.trouble.tone), ("No such user.", "bad"));
        let sent = delivery(DeliveryState::Sent, Some("Greylisted."));
        assert!(kept_by(&sent, Some(&failing)).is_none());
    }
}
