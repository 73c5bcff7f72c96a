//! What is in the mailbox: how much, how large, and under which names (RFC 1939 §5 and §7).

use tokio::io::{AsyncRead, AsyncWrite};

use super::refusal::Asked;
use super::session::Session;
use crate::error::Error;

/// Messages that a listing may have. A server that goes on is left, so that it cannot fill the memory.
pub const LISTED: usize = 500_000;

/// How much is in the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Messages, less those that are marked for deletion.
    pub messages: u32,
    /// All their octets.
    pub octets: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// How much is in the mailbox. It is the least that shows whether a sign-in has opened anything.
    pub async fn stat(&mut self) -> Result<Stat, Error> {
        self.wire.doing = "looking into the mailbox";
        let told = self.ask("STAT", Asked::Command("STAT")).await?;
        let mut words = told.shown.split_ascii_whitespace();
        let messages = words.next().and_then(|word| word.parse().ok());
        let octets = words.next().and_then(|word| word.parse().ok());
        match (messages, octets) {
            (Some(messages), Some(octets)) => Ok(Stat { messages, octets }),
            _ => Err(self.wire.protocol("It does not say how much there is.")),
        }
    }

    /// The lasting name of every message, by its number (RFC 1939 §7, UIDL), as the server lists them. [`Error::NoUidl`]
    /// where it has none. A line that cannot be read is passed over, so messages may be missing.
    pub async fn uidl(&mut self) -> Result<Vec<(u32, String)>, Error> {
        self.wire.doing = "listing messages";
        match self.ask("UIDL", Asked::Command("UIDL")).await {
            Ok(_) => {}
            Err(Error::Command { text, .. }) => return Err(Error::NoUidl { text }),
            Err(error) => return Err(error),
        }
        let mut names = Vec::new();
        let mut odd = 0;
        self.lines(LISTED, |line| match named(line) {
            Some(named) => names.push(named),
            None => odd += 1,
        })
        .await?;
        tell_odd(odd);
        if names.is_empty() && odd > 0 {
            return Err(Error::NoUidl { text: "No line of its list can be read.".to_owned() });
        }
        Ok(names)
    }

    /// The octets of every message, by its number (RFC 1939 §5, LIST), as the server counts them. A line that cannot be
    /// read is passed over.
    pub async fn list(&mut self) -> Result<Vec<(u32, u64)>, Error> {
        self.wire.doing = "listing messages";
        self.ask("LIST", Asked::Command("LIST")).await?;
        let mut sizes = Vec::new();
        let mut odd = 0;
        self.lines(LISTED, |line| match sized(line) {
            Some(sized) => sizes.push(sized),
            None => odd += 1,
        })
        .await?;
        tell_odd(odd);
        Ok(sizes)
    }
}

fn tell_odd(odd: u32) {
    if odd > 0 {
        tracing::debug!(odd, "passed over lines of a list that cannot be read");
    }
}

/// A number and a name of printable ASCII. RFC 1939 wants at most 70 characters; servers have longer ones.
fn named(line: &[u8]) -> Option<(u32, String)> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let (number, name) = (words.next()?.parse().ok()?, words.next()?);
    let is_name = words.next().is_none() && name.bytes().all(|byte| byte.is_ascii_graphic());
    (is_name && number > 0).then(|| (number, name.to_owned()))
}

/// A number and a size, and whatever a server adds (RFC 1939 §5).
fn sized(line: &[u8]) -> Option<(u32, u64)> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let (number, octets) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (number > 0).then_some((number, octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_lists_are_read_or_passed_over() {
        assert_eq!(
            named(b"1 whqtswO00WBw418f9t5JxYwZ"),
            Some((1, "whqtswO00WBw418f9t5JxYwZ".into()))
        );
        assert_eq!(named(b"2  0000.5\t"), Some((2, "0000.5".into())));
        let long = "x".repeat(200);
        assert_eq!(named(format!("3 {long}").as_bytes()), Some((3, long)));
        for odd in ["", "1", "0 a", "-1 a", "x a", "1 a b", "1 \u{e9}", "4294967296 a"] {
            assert_eq!(named(odd.as_bytes()), None, "{odd:?}");
        }
        assert_eq!(named(b"1 \xff"), None);
        assert_eq!(sized(b"1 120"), Some((1, 120)));
        assert_eq!(sized(b"2 5000000000 and more"), Some((2, 5_000_000_000)));
        for odd in ["", "1", "0 1", "1 x", "1 -5"] {
            assert_eq!(sized(odd.as_bytes()), None, "{odd:?}");
        }
    }
}
