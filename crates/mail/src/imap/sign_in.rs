//! Signing in: AUTHENTICATE with a token, AUTHENTICATE PLAIN or LOGIN with a password (RFC 9051 §6.2).

use outlink_model::Secret;
use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{self, Argument};
use super::refusal::{self, Asked};
use super::reply::{Reply, Status, Text};
use super::session::Session;
use crate::error::Error;
use crate::redact;
use crate::sasl::{self, Challenge, Mechanism};

/// Challenges that are answered in one exchange. The mechanisms we know need one.
const CHALLENGES: usize = 3;

/// One exchange (RFC 9051 §6.2.2).
struct Exchange {
    mechanism: &'static str,
    /// What is said first, in base64.
    first: Secret,
    /// What is answered to an error challenge, in base64; `None` for a mechanism that has none.
    error_answer: Option<Secret>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Signs in with an access token. `host` and `port` are those that were dialled; OAUTHBEARER names them.
    ///
    /// A refusal is [`Error::Refused`], with what the server said about the token; what passes is
    /// [`Error::Unavailable`]. Success proves little at Exchange Online: only the next command shows whether there is
    /// access to the mailbox ([`Error::NotConnected`]).
    pub async fn authenticate(
        &mut self,
        user: &str,
        host: &str,
        port: u16,
        token: &Secret,
        mechanism: Mechanism,
    ) -> Result<(), Error> {
        let first = sasl::initial_response(mechanism, user, host, port, token)?;
        let exchange = Exchange {
            mechanism: mechanism.as_str(),
            first: sasl::encode(first.expose().as_bytes()),
            error_answer: Some(sasl::encode(sasl::error_answer(mechanism))),
        };
        self.shown = vec![token.clone(), exchange.first.clone()];
        let done = self.exchange(&exchange).await;
        done.map_err(|error| redact::error(error, &[token, &exchange.first]))
    }

    /// Signs in with a password: by AUTHENTICATE PLAIN (RFC 4616) where it is offered, otherwise by LOGIN.
    pub async fn login(&mut self, user: &str, password: &Secret) -> Result<(), Error> {
        // Checked for both ways, so that what is refused does not hang on what the server offers.
        let name = command::argument("user name", user)?;
        let word = command::argument("password", password.expose())?;
        let capabilities = self.capabilities().await?;
        if capabilities.mechanisms().any(|offered| offered == "PLAIN") {
            let plain = Secret::new(format!("\0{user}\0{}", password.expose()));
            let exchange = Exchange {
                mechanism: "PLAIN",
                first: sasl::encode(plain.expose().as_bytes()),
                error_answer: None,
            };
            self.shown = vec![password.clone(), exchange.first.clone()];
            let done = self.exchange(&exchange).await;
            return done.map_err(|error| redact::error(error, &[password, &exchange.first]));
        }
        if capabilities.has("LOGINDISABLED") {
            let offered = capabilities.mechanisms().map(str::to_owned).collect();
            return Err(Error::NoMechanism { offered });
        }
        let done = self.login_plainly(name, word).await;
        self.shown = vec![password.clone()];
        done.map_err(|error| redact::error(error, &[password]))
    }

    async fn login_plainly(&mut self, name: Argument, word: Argument) -> Result<(), Error> {
        self.begin();
        let tag = self.next_tag();
        let mut line = Secret::new(format!("{tag} LOGIN"));
        for argument in [name, word] {
            match argument {
                Argument::Quoted(text) => {
                    line = Secret::new(format!("{} {}", line.expose(), text.expose()));
                }
                Argument::Literal(text) => {
                    let announced = format!("{} {{{}}}\r\n", line.expose(), text.expose().len());
                    self.write(Secret::new(announced).expose().as_bytes()).await?;
                    if let Some((status, text)) = self.go_ahead(&tag).await? {
                        return self.signed_in("LOGIN", None, status, text);
                    }
                    line = text;
                }
            }
        }
        self.write(Secret::new(format!("{}\r\n", line.expose())).expose().as_bytes()).await?;
        loop {
            if let Some((status, text)) = self.go_ahead(&tag).await? {
                return self.signed_in("LOGIN", None, status, text);
            }
        }
    }

    /// Waits for a continuation. The command's answer where that comes instead.
    pub(super) async fn go_ahead(&mut self, tag: &str) -> Result<Option<(Status, Text)>, Error> {
        loop {
            match self.reply().await? {
                Reply::Continue(_) => return Ok(None),
                Reply::Tagged(told, status, text) if told == tag => {
                    return Ok(Some((status, text)));
                }
                _ => {}
            }
        }
    }

    async fn exchange(&mut self, exchange: &Exchange) -> Result<(), Error> {
        let at_once = self.capabilities().await?.has("SASL-IR");
        self.begin();
        let tag = self.next_tag();
        let mut command = Secret::new(format!("{tag} AUTHENTICATE {}\r\n", exchange.mechanism));
        if at_once {
            command = Secret::new(format!(
                "{tag} AUTHENTICATE {} {}\r\n",
                exchange.mechanism,
                exchange.first.expose()
            ));
        }
        self.write(command.expose().as_bytes()).await?;

        let mut challenge: Option<Challenge> = None;
        let mut said = at_once;
        let mut asked = 0;
        loop {
            match self.reply().await? {
                // An empty challenge asks for the first response. Some servers offer SASL-IR and still ask.
                Reply::Continue(text) if !said || (asked == 0 && is_empty(&text)) => {
                    said = true;
                    asked += 1;
                    self.answer(&exchange.first).await?;
                }
                Reply::Continue(text) => {
                    asked += 1;
                    if asked > CHALLENGES {
                        return Err(self.protocol("It asks on and on instead of deciding."));
                    }
                    challenge.get_or_insert_with(|| sasl::parse_challenge(&text));
                    // RFC 9051 §6.2.2: a single `*` gives up.
                    let answer = exchange.error_answer.clone().unwrap_or_else(|| Secret::new("*"));
                    self.answer(&answer).await?;
                }
                Reply::Tagged(told, status, text) if told == tag => {
                    return self.signed_in(exchange.mechanism, challenge, status, text);
                }
                _ => {}
            }
        }
    }

    async fn answer(&mut self, base64: &Secret) -> Result<(), Error> {
        self.write(Secret::new(format!("{}\r\n", base64.expose())).expose().as_bytes()).await
    }

    /// What was told before the sign-in does not hold after it (RFC 9051 §6.2).
    fn begin(&mut self) {
        self.doing = "signing in";
        self.capabilities = None;
    }

    fn signed_in(
        &mut self,
        mechanism: &'static str,
        challenge: Option<Challenge>,
        status: Status,
        text: Text,
    ) -> Result<(), Error> {
        if status == Status::Ok {
            self.note_capabilities(&text);
            self.signed_in = true;
            return Ok(());
        }
        let asked = Asked::SignIn { mechanism, challenge };
        Err(self.note_wait(refusal::refusal(asked, status, text)))
    }
}

/// `+`, `+ ` and `+ =` all ask for the first response.
fn is_empty(challenge: &str) -> bool {
    matches!(challenge, "" | "=")
}
