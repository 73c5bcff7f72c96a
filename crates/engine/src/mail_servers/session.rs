//! A session with a mail server, signed in, whichever of the three protocols it speaks.

use std::time::Duration;

use outlink_mail::sasl::{self, Mechanism};
use outlink_mail::{Body, Error, Spoken, imap, pop3, smtp};
use outlink_model::Secret;
use outlink_model::mail_server::MailServer;

use super::wire::Wire;

/// A session that is signed in.
pub(crate) enum MailSession {
    /// IMAP.
    Imap(Box<imap::Session<Wire>>),
    /// POP3.
    Pop3(Box<pop3::Session<Wire>>),
    /// SMTP.
    Smtp(Box<smtp::Session<Wire>>),
}

impl MailSession {
    /// Fetches messages and hands each to `each` as it arrives; by UID, or for POP3 by the session's number.
    pub(crate) async fn bodies(
        &mut self,
        numbers: &[u32],
        each: impl FnMut(u32, Body),
    ) -> Result<(), Error> {
        match self {
            Self::Imap(session) => session.bodies(numbers, each).await,
            Self::Pop3(session) => session.bodies(numbers, each).await,
            Self::Smtp(_) => Err(Error::Protocol {
                spoken: Spoken::Smtp,
                doing: "fetching messages",
                text: "By this protocol mail is sent, and none is fetched.".to_owned(),
            }),
        }
    }

    /// The SASL mechanisms that the server says it offers.
    pub(super) async fn mechanisms(&mut self) -> Result<Vec<String>, Error> {
        Ok(match self {
            Self::Imap(session) => {
                session.capabilities().await?.mechanisms().map(str::to_owned).collect()
            }
            Self::Pop3(session) => {
                session.capabilities().await?.mechanisms().map(str::to_owned).collect()
            }
            Self::Smtp(session) => {
                session.capabilities().await?.mechanisms().map(str::to_owned).collect()
            }
        })
    }

    /// The mechanism that a token is shown with. A POP3 server need not have said that it has it.
    pub(super) async fn mechanism(&mut self) -> Result<Mechanism, Error> {
        match self {
            Self::Imap(session) => {
                let offered = session.capabilities().await?;
                sasl::choose(offered).ok_or_else(|| Error::NoMechanism {
                    offered: offered.mechanisms().map(str::to_owned).collect(),
                })
            }
            Self::Pop3(session) => Ok(session.capabilities().await?.mechanism()),
            Self::Smtp(session) => {
                let offered = session.capabilities().await?;
                offered.mechanism().ok_or_else(|| Error::NoMechanism {
                    offered: offered.mechanisms().map(str::to_owned).collect(),
                })
            }
        }
    }

    /// Signs in with an access token.
    pub(super) async fn authenticate(
        &mut self,
        server: &MailServer,
        token: &Secret,
        mechanism: Mechanism,
    ) -> Result<(), Error> {
        let (user, host, port) = (server.mailbox.as_str(), server.host.as_str(), server.port);
        match self {
            Self::Imap(session) => session.authenticate(user, host, port, token, mechanism).await,
            Self::Pop3(session) => session.authenticate(user, host, port, token, mechanism).await,
            Self::Smtp(session) => session.authenticate(user, host, port, token, mechanism).await,
        }
    }

    /// Signs in with a password.
    pub(super) async fn login(&mut self, user: &str, password: &Secret) -> Result<(), Error> {
        match self {
            Self::Imap(session) => session.login(user, password).await,
            Self::Pop3(session) => session.login(user, password).await,
            Self::Smtp(session) => session.login(user, password).await,
        }
    }

    /// How long the server asked us to stay away, where it did so in anything that it refused.
    pub(crate) fn stay_away(&self) -> Option<Duration> {
        match self {
            Self::Imap(session) => session.stay_away(),
            Self::Pop3(session) => session.stay_away(),
            Self::Smtp(session) => session.stay_away(),
        }
    }

    /// Says goodbye. Nothing depends on it.
    pub(crate) async fn leave(self) {
        match self {
            Self::Imap(session) => session.logout().await,
            Self::Pop3(session) => {
                if let Err(error) = session.quit().await {
                    tracing::debug!(%error, "the server did not take our farewell");
                }
            }
            Self::Smtp(session) => session.quit().await,
        }
    }
}
