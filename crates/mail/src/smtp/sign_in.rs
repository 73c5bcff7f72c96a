//! Signing in: AUTH with a token, AUTH PLAIN or LOGIN with a password (RFC 4954).

use outlink_model::Secret;
use tokio::io::{AsyncRead, AsyncWrite};

use super::capabilities::Capabilities;
use super::refusal::{self, SignIn};
use super::session::Session;
use crate::error::Error;
use crate::redact;
use crate::sasl::{self, Challenge, Mechanism};

/// Challenges that are answered in one exchange. The mechanisms we know need one.
const CHALLENGES: usize = 3;
/// Octets of a command, its end included (RFC 5321 §4.5.3.1.4). A first response that does not fit goes on a line of its
/// own (RFC 4954 §4), which servers take to be longer.
const COMMAND: usize = 512;

/// One exchange (RFC 4954 §4).
struct Exchange {
    mechanism: &'static str,
    /// What is said first, in base64.
    first: Secret,
    /// What is answered to the challenges after it, in base64; the last one again and again. Empty for a mechanism that
    /// has none.
    answers: Vec<Secret>,
    /// Whether a challenge behind the first response is what the server has against the token.
    is_for_token: bool,
    /// Characters of the token.
    token: Option<usize>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Signs in with an access token. `host` and `port` are those that were dialled; OAUTHBEARER names them.
    ///
    /// A refusal is [`Error::Refused`], with what the server said about the token; what passes is
    /// [`Error::Unavailable`]; [`Error::Sending`] where the account is not let in whatever it shows. Success proves
    /// little at Exchange Online: only MAIL shows whether the account may send.
    pub async fn authenticate(
        &mut self,
        user: &str,
        host: &str,
        port: u16,
        token: &Secret,
        mechanism: Mechanism,
    ) -> Result<(), Error> {
        let first = sasl::initial_response(mechanism, user, host, port, token)?;
        self.capabilities().await?;
        let exchange = Exchange {
            mechanism: mechanism.as_str(),
            first: sasl::encode(first.expose().as_bytes()),
            answers: vec![sasl::encode(sasl::error_answer(mechanism))],
            is_for_token: true,
            token: Some(token.expose().len()),
        };
        self.shown = vec![token.clone(), exchange.first.clone()];
        let done = self.exchange(&exchange).await;
        done.map_err(|error| redact::error(error, &[token, &exchange.first]))
    }

    /// Signs in with a password: by AUTH PLAIN (RFC 4616) where it is offered, otherwise by AUTH LOGIN.
    /// [`Error::NoMechanism`] where neither is.
    pub async fn login(&mut self, user: &str, password: &Secret) -> Result<(), Error> {
        sendable("user name", user)?;
        sendable("password", password.expose())?;
        let capabilities = self.capabilities().await?;
        let has = |name| capabilities.mechanisms().any(|offered| offered == name);
        let encoded = |text: &str| sasl::encode(text.as_bytes());
        let (mechanism, first, answers) = if has("PLAIN") {
            let plain = Secret::new(format!("\0{user}\0{}", password.expose()));
            ("PLAIN", encoded(plain.expose()), Vec::new())
        } else if has("LOGIN") {
            ("LOGIN", encoded(user), vec![encoded(password.expose())])
        } else {
            let offered = capabilities.mechanisms().map(str::to_owned).collect();
            return Err(Error::NoMechanism { offered });
        };
        let exchange = Exchange { mechanism, first, answers, is_for_token: false, token: None };
        self.shown = vec![password.clone()];
        // A user name by itself is no secret, and may be a part of any word.
        let last = exchange.answers.last().unwrap_or(&exchange.first).clone();
        self.shown.push(last.clone());
        let done = self.exchange(&exchange).await;
        done.map_err(|error| redact::error(error, &[password, &last]))
    }

    async fn exchange(&mut self, exchange: &Exchange) -> Result<(), Error> {
        let mechanism = exchange.mechanism;
        self.wire.doing = "signing in";
        let octets = "AUTH  \r\n".len() + mechanism.len() + exchange.first.expose().len();
        // AUTH LOGIN has no first response where nobody asked for it: not every server takes one.
        let mut has_said = octets <= COMMAND && mechanism != "LOGIN";
        let mut reply = if has_said {
            let command = format!("AUTH {mechanism} {}", exchange.first.expose());
            self.say(Secret::new(command).expose()).await?;
            self.reply().await
        } else {
            self.ask(&format!("AUTH {mechanism}")).await
        };
        let mut challenge: Option<Challenge> = None;
        let mut asked = 0;
        loop {
            // Not before something was shown: a server that leaves at the mere name has nothing against a length.
            let token = exchange.token.filter(|_| has_said);
            let told = reply.map_err(|error| refusal::cut_off(error, token))?;
            match told.code {
                235 if has_said => return Ok(()),
                334 => {
                    let text = told.lines.first().map(|text| text.trim()).unwrap_or_default();
                    // An empty challenge asks for the first response, even of whoever has given it already.
                    let is_first =
                        !has_said || asked == 0 && exchange.is_for_token && text.is_empty();
                    let answer = if is_first {
                        asked += usize::from(has_said);
                        has_said = true;
                        exchange.first.expose()
                    } else if asked == CHALLENGES {
                        return Err(self.wire.protocol("It asks on and on instead of deciding."));
                    } else {
                        asked += 1;
                        if exchange.is_for_token {
                            challenge.get_or_insert_with(|| sasl::parse_challenge(text));
                        }
                        // RFC 4954 §4: a single `*` gives up.
                        exchange.answers.last().map_or("*", Secret::expose)
                    };
                    self.say(answer).await?;
                }
                code if code >= 400 => {
                    let offered = self.capabilities.iter().flat_map(Capabilities::mechanisms);
                    let offered = offered.map(str::to_owned).collect();
                    let asked = SignIn { mechanism, challenge, token, has_said, offered };
                    return Err(self.note_wait(refusal::sign_in(asked, &told)));
                }
                _ => return Err(self.odd()),
            }
            reply = self.reply().await;
        }
    }

    /// Sends a line that may be secret.
    async fn say(&mut self, line: &str) -> Result<(), Error> {
        self.wire.write(Secret::new(format!("{line}\r\n")).expose().as_bytes()).await
    }
}

/// Line breaks and NUL are refused: no name and no password has them, and NUL separates the two.
fn sendable(what: &'static str, text: &str) -> Result<(), Error> {
    let is_sendable = !text.is_empty() && !text.contains(['\r', '\n', '\0']);
    if is_sendable { Ok(()) } else { Err(Error::Argument { what }) }
}
