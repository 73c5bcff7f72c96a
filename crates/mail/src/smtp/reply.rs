//! Framing: what arrives is put together into replies of one or several lines (RFC 5321 §4.2).
//!
//! Pure: bytes go in, replies come out, and no more is ever held than the caps allow.

use crate::words::plain;

/// Lines of one reply. An answer to EHLO has about fifteen.
const LINES: usize = 128;
/// Octets of a server's words that are shown to people.
const SHOWN: usize = 500;

/// One reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Its code, from 200 to 599.
    pub(super) code: u16,
    /// Its enhanced status code (RFC 3463): class, subject and detail; zeroes where it has none.
    pub(super) status: (u16, u16, u16),
    /// The code and the words of all its lines, fit to be shown.
    pub(super) shown: String,
    /// What stands in each line behind its code.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Done: 2yz.
    pub(super) fn is_done(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The code and the words of all its lines, which may be more than people are shown.
    pub(super) fn words(&self) -> String {
        let mut words = self.code.to_string();
        for (at, line) in self.lines.iter().enumerate() {
            let line = if at > 0 { without_status(line.as_bytes()) } else { line.as_bytes() };
            words.push(' ');
            words.push_str(String::from_utf8_lossy(line).trim());
        }
        words
    }

    /// Refused for now: 4yz.
    pub(super) fn is_for_now(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// Refused: 4yz or 5yz.
    pub(super) fn is_refusal(&self) -> bool {
        self.code >= 400
    }
}

/// What cannot be held, or is no reply. The stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// A reply longer than this many octets.
    Octets(usize),
    /// A reply of more lines than this.
    Lines(usize),
    /// A line that does not begin as those of a reply do, or with another code than the line before.
    Unreadable,
}

/// A reply that is being read.
#[derive(Debug)]
pub(super) struct Reader {
    most: usize,
    octets: usize,
    line: Vec<u8>,
    code: Option<u16>,
    lines: Vec<Vec<u8>>,
}

impl Reader {
    /// A reply of at most `most` octets, line ends apart.
    pub(super) fn new(most: usize) -> Self {
        Self { most, octets: 0, line: Vec::new(), code: None, lines: Vec::new() }
    }

    /// Takes from the front of `input` until the reply is complete or nothing is left. A bare line feed ends a line too.
    pub(super) fn push(&mut self, input: &mut &[u8]) -> Result<Option<Reply>, Odd> {
        while let Some(&byte) = input.first() {
            if byte == b'\n' {
                *input = &input[1..];
                if self.line_ends()? {
                    return Ok(Some(self.finished()));
                }
                continue;
            }
            let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
            let (part, rest) = input.split_at(end);
            self.octets += part.len();
            if self.octets > self.most {
                return Err(Odd::Octets(self.most));
            }
            self.line.extend_from_slice(part);
            *input = rest;
        }
        Ok(None)
    }

    /// Whether this line was the last.
    fn line_ends(&mut self) -> Result<bool, Odd> {
        let mut line = std::mem::take(&mut self.line);
        line.pop_if(|byte| *byte == b'\r');
        let (code, is_last, text) = split(&line).ok_or(Odd::Unreadable)?;
        // Whoever took the lines of two replies for one would be a reply behind from then on.
        if self.code.is_some_and(|known| known != code) {
            return Err(Odd::Unreadable);
        }
        if self.lines.len() == LINES {
            return Err(Odd::Lines(LINES));
        }
        self.code = Some(code);
        self.lines.push(text.to_vec());
        Ok(is_last)
    }

    fn finished(&mut self) -> Reply {
        let code = self.code.take().unwrap_or_default();
        let raw = std::mem::take(&mut self.lines);
        self.octets = 0;
        let first = raw.first().map(Vec::as_slice).unwrap_or_default();
        let status = status(first).filter(|status| status.0 == code / 100).unwrap_or_default();
        let mut shown = code.to_string().into_bytes();
        for (at, line) in raw.iter().enumerate() {
            // Each line repeats the enhanced code; once is enough to be read.
            let words = if at > 0 && status.0 > 0 { without_status(line) } else { line };
            if !words.trim_ascii().is_empty() && shown.len() <= SHOWN {
                shown.push(b' ');
                shown.extend_from_slice(words.trim_ascii());
            }
        }
        let lines = raw.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        Reply { code, status, shown: plain(&shown, SHOWN), lines }
    }
}

/// A line's code, whether it is the last of its reply, and what stands behind.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (code, rest) = line.split_at_checked(3)?;
    let is_code = matches!(code, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']);
    let digit = |at: usize| u16::from(code[at] - b'0');
    let code = is_code.then(|| digit(0) * 100 + digit(1) * 10 + digit(2))?;
    match rest.split_first() {
        None => Some((code, true, rest)),
        Some((b' ', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

/// The enhanced status code at the front of a line (RFC 2034 §4).
fn status(line: &[u8]) -> Option<(u16, u16, u16)> {
    let word = line.trim_ascii_start().split(u8::is_ascii_whitespace).next()?;
    let mut numbers = std::str::from_utf8(word).ok()?.split('.').map(|number| {
        let is_number =
            (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| number.parse::<u16>().ok()).flatten()
    });
    let status = (numbers.next()??, numbers.next()??, numbers.next()??);
    (numbers.next().is_none() && matches!(status.0, 2 | 4 | 5)).then_some(status)
}

fn without_status(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii_start();
    match status(line) {
        Some(_) => {
            let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
            &line[end..]
        }
        None => line,
    }
}

#[cfg(test)]
mod tests;
