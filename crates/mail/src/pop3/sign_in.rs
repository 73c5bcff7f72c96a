//! Signing in: AUTH with a token (RFC 5034), AUTH PLAIN or USER and PASS with a password.
//!
//! AUTH always goes in two steps, the mechanism's name and then its response: Exchange Online breaks off at both in one
//! line, and a line of 512 octets holds no token (RFC 2449 §4). APOP is left out: MD5 protects no password, and TLS does.

use outlink_model::Secret;
use tokio::io::{AsyncRead, AsyncWrite};

use super::capabilities::Capabilities;
use super::refusal::{self, Asked};
use super::reply::Reply;
use super::session::Session;
use crate::error::Error;
use crate::redact;
use crate::sasl::{self, Challenge, Mechanism};

/// Challenges that are answered in one exchange. The mechanisms we know need one.
const CHALLENGES: usize = 3;

/// One exchange (RFC 5034 §4).
struct Exchange {
    mechanism: &'static str,
    /// What is said first, in base64.
    first: Secret,
    /// What is answered to an error challenge, in base64; `None` for a mechanism that has none.
    error_answer: Option<Secret>,
    /// Characters of the token.
    token: Option<usize>,
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
            token: Some(token.expose().len()),
        };
        self.shown = vec![token.clone(), exchange.first.clone()];
        let done = self.exchange(&exchange).await;
        done.map_err(|error| redact::error(error, &[token, &exchange.first]))
    }

    /// Signs in with a password: by AUTH PLAIN (RFC 4616) where it is offered, otherwise by USER and PASS.
    pub async fn login(&mut self, user: &str, password: &Secret) -> Result<(), Error> {
        sendable("user name", user)?;
        sendable("password", password.expose())?;
        if self.capabilities().await?.mechanisms().any(|offered| offered == "PLAIN") {
            let plain = Secret::new(format!("\0{user}\0{}", password.expose()));
            let exchange = Exchange {
                mechanism: "PLAIN",
                first: sasl::encode(plain.expose().as_bytes()),
                error_answer: None,
                token: None,
            };
            self.shown = vec![password.clone(), exchange.first.clone()];
            let done = self.exchange(&exchange).await;
            return done.map_err(|error| redact::error(error, &[password, &exchange.first]));
        }
        let done = self.login_plainly(user, password).await;
        self.shown = vec![password.clone()];
        done.map_err(|error| redact::error(error, &[password]))
    }

    async fn login_plainly(&mut self, user: &str, password: &Secret) -> Result<(), Error> {
        self.wire.doing = "signing in";
        let user = format!("USER {user}");
        for line in [&user, Secret::new(format!("PASS {}", password.expose())).expose()] {
            self.say(line).await?;
            if let Reply::Err(text) = self.answer().await? {
                let asked = Asked::SignIn { mechanism: "USER", challenge: None, token: None };
                return Err(self.refused(asked, text));
            }
        }
        self.signed_in();
        Ok(())
    }

    async fn exchange(&mut self, exchange: &Exchange) -> Result<(), Error> {
        let mechanism = exchange.mechanism;
        self.wire.doing = "signing in";
        self.send(&format!("AUTH {mechanism}")).await?;
        match self.reply().await? {
            Reply::Continue(_) => {}
            Reply::Err(text) => {
                let told = self.capabilities.iter().flat_map(Capabilities::mechanisms);
                let offered = told.map(str::to_owned).collect();
                return Err(self.refused(Asked::Mechanism { mechanism, offered }, text));
            }
            Reply::Ok(_) => {
                return Err(self.wire.protocol("It lets us in before anything was shown."));
            }
            Reply::Unreadable => return Err(self.odd()),
        }
        let shown = async {
            self.say(exchange.first.expose()).await?;
            self.reply().await
        };
        let mut reply = shown.await.map_err(|error| refusal::cut_off(error, exchange.token))?;
        let mut challenge: Option<Challenge> = None;
        let mut asked = 0;
        loop {
            match reply {
                Reply::Ok(_) => {
                    self.signed_in();
                    return Ok(());
                }
                Reply::Err(text) => {
                    let token = exchange.token;
                    return Err(self.refused(Asked::SignIn { mechanism, challenge, token }, text));
                }
                Reply::Continue(_) if asked == CHALLENGES => {
                    return Err(self.wire.protocol("It asks on and on instead of deciding."));
                }
                Reply::Continue(text) => {
                    asked += 1;
                    challenge.get_or_insert_with(|| sasl::parse_challenge(&text));
                    // RFC 5034 §4: a single `*` gives up.
                    let answer = exchange.error_answer.as_ref().map_or("*", Secret::expose);
                    self.say(answer).await?;
                }
                Reply::Unreadable => return Err(self.odd()),
            }
            reply = self.reply().await?;
        }
    }

    /// Sends a line that may be secret.
    async fn say(&mut self, line: &str) -> Result<(), Error> {
        self.wire.write(Secret::new(format!("{line}\r\n")).expose().as_bytes()).await
    }

    /// What was told before the sign-in may not hold after it (RFC 2449 §5).
    fn signed_in(&mut self) {
        self.capabilities = None;
    }
}

/// Line breaks and NUL are refused: no name and no password has them, and they would begin a command of their own.
fn sendable(what: &'static str, text: &str) -> Result<(), Error> {
    let is_sendable = !text.is_empty() && !text.contains(['\r', '\n', '\0']);
    if is_sendable { Ok(()) } else { Err(Error::Argument { what }) }
}
