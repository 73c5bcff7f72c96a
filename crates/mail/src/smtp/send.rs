//! Handing in mail: MAIL, RCPT and DATA (RFC 5321 §3.3), one recipient at a time.

use std::time::Duration;

use outlink_model::grant::Trouble;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::address::{Carried, carried};
use super::capabilities::Capabilities;
use super::data::Stuffing;
use super::refusal;
use super::reply::Reply;
use super::session::Session;
use super::verdict::{MailFault, Part, verdict};
use crate::error::{Error, SendingFault};

/// Octets of a mail that are made ready for the wire at once.
const PIECE: usize = 64 * 1024;
/// How many times the limit of an answer the server may take over its word on a whole mail: while it looks for viruses
/// nothing is lost, and whoever left too early would send the mail again though it was taken (RFC 5321 §4.5.3.2.6).
const LAST_ANSWER: u32 = 10;
/// How many times that limit a mail may take altogether, from the consent to its text to the server's last word.
const WHOLE: u32 = 30;

/// What the server said of one mail. The session goes on in either case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is the server's now.
    Taken {
        /// The server's words, fit to be shown.
        words: String,
    },
    /// It is not.
    Refused {
        /// What is wrong, and what to do.
        trouble: Trouble,
        /// Whether the same mail would be refused again.
        is_for_good: bool,
        /// Whether the same mail may be taken later, or once something was mended. `false` where its address or its size is
        /// what is wrong with it.
        may_help: bool,
    },
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Hands in a mail as it is, but for the ends of its lines: from this address to this one.
    ///
    /// What an envelope cannot carry, and what is larger than the server says that it takes, is refused before anything is
    /// said. After an error nobody knows whether the server has the mail, where [`Session::was_given`] says so.
    pub async fn send(&mut self, from: &str, to: &str, mail: &[u8]) -> Result<Sent, Error> {
        self.was_given = false;
        let capabilities = self.capabilities().await?.clone();
        // The sender is the account's own address, so that this is not about one mail.
        let sender = carried(from).ok_or(Error::Argument { what: "mail server's mailbox" })?;
        if sender.needs_utf8 && !capabilities.utf8 {
            let fault = SendingFault::NeedsUtf8;
            return Err(Error::Sending { fault, text: String::new() });
        }
        let Some(recipient) = carried(to) else { return Ok(MailFault::BadAddress.refused(None)) };
        if recipient.needs_utf8 && !capabilities.utf8 {
            return Ok(MailFault::NeedsUtf8.refused(None));
        }
        if let Some(most) = capabilities.size
            && mail.len() as u64 > most
        {
            let words = format!("SIZE {most}, and the mail has {} octets.", mail.len());
            return Ok(MailFault::TooLarge.refused(Some(words)));
        }
        let done = self.hand_in(&capabilities, &sender, &recipient, mail).await;
        done.map_err(|error| self.note_wait(error))
    }

    async fn hand_in(
        &mut self,
        capabilities: &Capabilities,
        sender: &Carried,
        recipient: &Carried,
        mail: &[u8],
    ) -> Result<Sent, Error> {
        if self.has_envelope {
            self.wire.doing = "taking a mail back";
            let reply = self.ask("RSET").await?;
            if !reply.is_done() {
                return Err(self.refused("RSET", &reply));
            }
            self.has_envelope = false;
        }
        self.wire.doing = "handing in a mail";
        let from = mail_from(capabilities, sender, recipient, mail);
        let to = format!("RCPT TO:<{}>\r\n", recipient.address);
        let (of_sender, of_recipient) = if capabilities.pipelining {
            self.wire.write(format!("{from}{to}").as_bytes()).await?;
            (self.reply().await?, Some(self.reply().await))
        } else {
            self.wire.write(from.as_bytes()).await?;
            (self.reply().await?, None)
        };
        if !of_sender.is_done() {
            // The other answer belongs to it: no mail was begun.
            let has_size = offers_size(capabilities);
            return self.judged(Part::Sender { has_size }, recipient, &of_sender);
        }
        self.has_envelope = true;
        let of_recipient = match of_recipient {
            Some(reply) => reply?,
            None => {
                self.wire.write(to.as_bytes()).await?;
                self.reply().await?
            }
        };
        if !of_recipient.is_done() {
            return self.judged(Part::Recipient, recipient, &of_recipient);
        }
        let go_ahead = self.ask("DATA").await?;
        if go_ahead.code != 354 {
            return self.judged(Part::Text, recipient, &go_ahead);
        }
        let time = self.wire.limits.time * WHOLE;
        let done = timeout(time, self.text(mail)).await;
        let reply = done.map_err(|_| Error::TimedOut { doing: self.wire.doing, time })??;
        // RFC 5321 §4.1.1.4: whatever the answer, this mail is over.
        self.has_envelope = false;
        self.was_given = !reply.is_done() && !reply.is_refusal();
        match reply.is_done() {
            true => Ok(Sent::Taken { words: reply.shown }),
            false => self.judged(Part::Text, recipient, &reply),
        }
    }

    /// Sends the text, and takes the server's word on it.
    async fn text(&mut self, mail: &[u8]) -> Result<Reply, Error> {
        let time = self.wire.limits.time;
        match self.pieces(mail).await {
            Ok(()) => self.reply_within(time * LAST_ANSWER).await,
            // A server that has seen enough says so and leaves, without reading on.
            Err(error) => match self.reply_within(LAST_WORDS.min(time)).await {
                Ok(reply) if reply.is_refusal() => Ok(reply),
                _ => Err(error),
            },
        }
    }

    async fn pieces(&mut self, mail: &[u8]) -> Result<(), Error> {
        let mut stuffing = Stuffing::default();
        let mut out = Vec::new();
        for piece in mail.chunks(PIECE) {
            stuffing.push(piece, &mut out);
            if out.len() >= PIECE {
                self.wire.write(&out).await?;
                out.clear();
            }
        }
        stuffing.finish(&mut out);
        // Before it is written: whoever breaks off meanwhile does not know how much of it went out.
        self.was_given = true;
        self.wire.write(&out).await
    }

    /// What follows from an answer that is no consent.
    fn judged(&self, part: Part, recipient: &Carried, reply: &Reply) -> Result<Sent, Error> {
        match reply.is_refusal() {
            true => verdict(part, &recipient.address, reply),
            false => Err(self.odd()),
        }
    }

    fn refused(&self, command: &'static str, reply: &Reply) -> Error {
        if reply.is_refusal() { refusal::command(command, reply) } else { self.odd() }
    }
}

/// How long the last words of a server that broke off are waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// MAIL with what the server offers and this mail needs.
fn mail_from(
    capabilities: &Capabilities,
    sender: &Carried,
    recipient: &Carried,
    mail: &[u8],
) -> String {
    let mut command = format!("MAIL FROM:<{}>", sender.address);
    if offers_size(capabilities) {
        command.push_str(&format!(" SIZE={}", mail.len()));
    }
    // Where it is not offered it is sent all the same: such servers are old, and do not touch what they carry.
    if capabilities.eight_bit && !mail.is_ascii() {
        command.push_str(" BODY=8BITMIME");
    }
    if sender.needs_utf8 || recipient.needs_utf8 {
        command.push_str(" SMTPUTF8");
    }
    command.push_str("\r\n");
    command
}

/// RFC 1870 §4: some servers offer SIZE without a number, and take it all the same.
fn offers_size(capabilities: &Capabilities) -> bool {
    capabilities.iter().any(|told| told.split(' ').next() == Some("SIZE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str]) -> Capabilities {
        Capabilities::parse(std::iter::once("name").chain(lines.iter().copied()))
    }

    fn command(lines: &[&str], to: &str, mail: &str) -> String {
        let (from, to) = (carried("a@example.org").unwrap(), carried(to).unwrap());
        mail_from(&told(lines), &from, &to, mail.as_bytes())
    }

    #[test]
    fn a_mail_is_described_only_as_far_as_the_server_asked_and_it_needs() {
        let all = ["SIZE 1000", "8BITMIME", "SMTPUTF8"];
        let plain = "MAIL FROM:<a@example.org>\r\n";
        assert_eq!(command(&[], "b@example.org", "é"), plain);
        assert_eq!(command(&all, "b@example.org", "text"), "MAIL FROM:<a@example.org> SIZE=4\r\n");
        assert_eq!(
            command(&["SIZE"], "b@example.org", "é"),
            "MAIL FROM:<a@example.org> SIZE=2\r\n"
        );
        assert_eq!(
            command(&all, "jörg@example.org", "é"),
            "MAIL FROM:<a@example.org> SIZE=2 BODY=8BITMIME SMTPUTF8\r\n"
        );
    }
}
