//! Framing: what arrives is cut into lines, and into messages that end with a lone dot (RFC 1939 §3).
//!
//! Pure: bytes go in, lines and messages come out, and no more is ever held than the caps allow.

use crate::body::Body;

/// What cannot be held or waited for. The stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooLarge {
    /// A line longer than this.
    Line(usize),
    /// A message that has had so many octets and does not end: not even drained any longer.
    Message(u64),
}

/// Octets of a message beyond which it is not even drained.
const DRAINED: u64 = u32::MAX as u64;

/// A line that is being read.
#[derive(Debug)]
pub(super) struct Line {
    most: usize,
    held: Vec<u8>,
}

impl Line {
    /// A line of at most `most` octets, without its end.
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: Vec::new() }
    }

    /// Takes from the front of `input` until the line is complete or nothing is left. A bare line feed ends it too.
    pub(super) fn push(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, TooLarge> {
        let end = input.iter().position(|&byte| byte == b'\n');
        let (part, rest) = match end {
            Some(at) => (&input[..at], &input[at + 1..]),
            None => (*input, &input[input.len()..]),
        };
        // The carriage return is part of the line's end.
        if self.held.len() + part.len() > self.most + 1 {
            return Err(TooLarge::Line(self.most));
        }
        self.held.extend_from_slice(part);
        *input = rest;
        if end.is_none() {
            return Ok(None);
        }
        self.held.pop_if(|byte| *byte == b'\r');
        if self.held.len() > self.most {
            return Err(TooLarge::Line(self.most));
        }
        Ok(Some(std::mem::take(&mut self.held)))
    }
}

/// Where in a message the reading stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// At the beginning of a line.
    Start,
    /// Behind a dot that began a line.
    Dot,
    /// Behind such a dot and a carriage return.
    DotReturn,
    /// Within a line.
    Inside,
    /// Behind a carriage return.
    Return,
}

/// A message that is being read, with its stuffed dots taken out.
///
/// Only CR LF ends a line, and only CR LF `.` CR LF the message: whoever took less for an end could be made to read a
/// stranger's mail as the server's next answer.
#[derive(Debug)]
pub(super) struct Message {
    most: usize,
    at: At,
    kept: Vec<u8>,
    octets: u64,
}

impl Message {
    /// A message of which at most `most` octets are kept. Of a larger one only the size is.
    pub(super) fn new(most: usize) -> Self {
        Self { most, at: At::Start, kept: Vec::new(), octets: 0 }
    }

    /// Takes from the front of `input` until the message is complete or nothing is left.
    pub(super) fn push(&mut self, input: &mut &[u8]) -> Result<Option<Body>, TooLarge> {
        while let Some((&byte, rest)) = input.split_first() {
            let at = self.at;
            match (at, byte) {
                (At::Start, b'.') => self.at = At::Dot,
                (At::Dot, b'\r') => self.at = At::DotReturn,
                (At::DotReturn, b'\n') => {
                    *input = rest;
                    return Ok(Some(self.finished()));
                }
                (At::Return, b'\n') => {
                    self.keep(b"\n")?;
                    self.at = At::Start;
                }
                (At::Return, b'\r') => self.keep(b"\r")?,
                (At::Start | At::Dot | At::DotReturn | At::Return | At::Inside, _) => {
                    if at == At::DotReturn {
                        self.keep(b"\r")?;
                    }
                    let end = input.iter().position(|&byte| byte == b'\r');
                    let (run, rest) = input.split_at(end.map_or(input.len(), |end| end + 1));
                    self.keep(run)?;
                    self.at = if end.is_some() { At::Return } else { At::Inside };
                    *input = rest;
                    continue;
                }
            }
            *input = rest;
        }
        Ok(None)
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), TooLarge> {
        self.octets += part.len() as u64;
        if self.octets > DRAINED {
            return Err(TooLarge::Message(self.octets));
        }
        if self.octets > self.most as u64 {
            self.kept = Vec::new();
            return Ok(());
        }
        if self.kept.capacity() - self.kept.len() < part.len() {
            // Doubled, but never past the cap.
            let more = self.kept.len().max(part.len()).min(self.most - self.kept.len());
            self.kept.reserve_exact(more);
        }
        self.kept.extend_from_slice(part);
        Ok(())
    }

    fn finished(&mut self) -> Body {
        if self.octets > self.most as u64 {
            return Body::TooLarge(self.octets);
        }
        Body::Raw(std::mem::take(&mut self.kept))
    }
}

#[cfg(test)]
mod tests;
