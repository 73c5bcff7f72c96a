//! What the form for a mail server offers.

use outlink_model::mail_server::{Direction, Protocol, Security, SignIn, Take};
use serde::Serialize;

use super::preset;
use crate::app::App;
use crate::console::pickers::{self, Picker};
use crate::error::ApiError;
use crate::form::{Choice, Form, choice};
use crate::words::take_words;

/// The choices of the form, and what of it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct ServerFields {
    pub(crate) presets: Vec<Choice>,
    pub(crate) protocols: Vec<Choice>,
    pub(crate) securities: Vec<Choice>,
    pub(crate) links: Picker,
    pub(crate) grants: Picker,
    pub(crate) afters: Vec<Choice>,
    pub(crate) takes: Vec<Choice>,
    /// Whether mail goes out by it: what is about fetching is then not asked.
    pub(crate) outgoing: bool,
    /// Whether the page may become one for the other way that mail goes.
    pub(crate) either_way: bool,
    /// How a server that stands signs in now; empty for a new one.
    pub(crate) standing: String,
    /// Whether what is seldom needed is shown at once: something of it is wrong.
    pub(crate) more_open: bool,
}

/// The fields behind "More settings".
const MORE: &[&str] = &[
    "description",
    "folders",
    "after",
    "move_to",
    "take",
    "since",
    "poll_seconds",
    "idle",
    "time_limit_seconds",
    "authserv_id",
];

impl ServerFields {
    /// For a server that mail comes from.
    pub(crate) async fn new(app: &App, form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            presets: preset::choices(),
            protocols: protocols(Direction::Incoming),
            outgoing: false,
            either_way: false,
            securities: vec![
                choice(Security::Tls.as_str(), "TLS from the first byte"),
                choice(Security::StartTls.as_str(), "TLS after a command (STARTTLS)"),
                choice(Security::None.as_str(), "None: only where the configuration allows it"),
            ],
            links: pickers::links(app, form.value("link")).await?.or("none"),
            grants: pickers::grants(app, form.value("grant")).await?.or("none"),
            afters: vec![
                choice("keep", "It stays, marked as read"),
                choice("move", "It is moved to another folder"),
                choice("delete", "It is deleted"),
            ],
            takes: vec![
                choice(Take::New.as_str(), take_words(Take::New)),
                choice(Take::All.as_str(), take_words(Take::All)),
                choice("since", "what arrived since a day"),
            ],
            standing: String::new(),
            more_open: form.wrong_field().is_some_and(|field| MORE.contains(&field)),
        })
    }

    /// For a new server of either direction, as the form says it.
    pub(super) fn of_either(self, form: &Form) -> Self {
        let mut protocols = self.protocols;
        protocols.extend(self::protocols(Direction::Outgoing));
        Self { protocols, outgoing: is_outgoing(form), either_way: true, ..self }
    }

    /// For a server that stands: mail goes the same way by it as before.
    pub(super) fn of_direction(self, direction: Direction) -> Self {
        let outgoing = direction == Direction::Outgoing;
        Self { protocols: protocols(direction), outgoing, ..self }
    }

    /// For a server that stands and may keep its sign-in.
    pub(super) fn over(self, sign_in: &SignIn, identity: Option<&str>) -> Self {
        let standing = match (sign_in, identity) {
            (SignIn::Grant(_), Some(identity)) => format!("the grant of {identity}"),
            (SignIn::Grant(_), None) => "a grant".to_owned(),
            (SignIn::Password(_), _) => "a password".to_owned(),
            (SignIn::Missing, _) => "nothing yet".to_owned(),
        };
        Self { standing, ..self }
    }
}

fn protocols(direction: Direction) -> Vec<Choice> {
    let words = |protocol| match protocol {
        Protocol::Imap => "IMAP: folders, and new mail is told of at once",
        Protocol::Pop3 => "POP3: the inbox alone",
        Protocol::Smtp => "SMTP: mail is sent by it",
    };
    let spoken = Protocol::ALL.into_iter().filter(|protocol| protocol.direction() == direction);
    spoken.map(|protocol| choice(protocol.as_str(), words(protocol))).collect()
}

/// Whether a form is about a server that mail goes out by.
fn is_outgoing(form: &Form) -> bool {
    form.value("protocol") == Protocol::Smtp.as_str()
}
