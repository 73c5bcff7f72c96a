//! What the form for a mail server offers.

use outlink_model::mail_server::{Protocol, Security, SignIn, Take};
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
    pub(crate) async fn new(app: &App, form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            presets: preset::choices(),
            protocols: vec![
                choice(Protocol::Imap.as_str(), "IMAP: folders, and new mail is told of at once"),
                choice(Protocol::Pop3.as_str(), "POP3: the inbox alone"),
            ],
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
