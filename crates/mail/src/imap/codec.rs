//! Framing: what arrives is cut into complete responses, each a text with its literals (RFC 9051 §4.3).
//!
//! Pure: bytes go in, frames come out, and no more is ever held than the caps allow, whatever the server announces.

/// A complete response.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// Its lines joined, without their line ends. A literal shows as its `{n}`.
    pub(super) text: Vec<u8>,
    /// The literals, in the order in which they stand in `text`.
    pub(super) literals: Vec<Literal>,
}

/// Octets that a server sent with their number announced.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// All of them.
    Kept(Vec<u8>),
    /// So many that they were thrown away as they came.
    Drained(u64),
}

/// A response that cannot be held or waited for. The stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooLarge {
    /// A text longer than this.
    Text(usize),
    /// A literal of so many octets: not even drained.
    Literal(u64),
    /// More literals than this in one response.
    Literals(usize),
}

/// Octets of a literal beyond which it is not even drained: IMAP4rev1 counts in 32 bits.
const DRAINED: u64 = u32::MAX as u64;
/// Literals in one response. No response that we ask for has more than one.
const LITERALS: usize = 64;
/// What is set aside for a literal at once; more only as it arrives, so that an announcement alone costs nothing.
const SET_ASIDE: usize = 64 * 1024;

/// Cuts the stream.
#[derive(Debug)]
pub(super) struct Framer {
    /// Octets of text in one response.
    line: usize,
    /// Octets of literals kept in one response.
    literal: usize,
    frame: Frame,
    /// Octets of literals kept in `frame`.
    kept: usize,
    /// Where the line that is being read begins in `frame.text`.
    line_start: usize,
    /// Octets of the last literal that are still to come.
    left: u64,
}

impl Framer {
    /// A framer that holds at most `line` octets of text and `literal` octets of literals.
    pub(super) fn new(line: usize, literal: usize) -> Self {
        Self { line, literal, frame: Frame::default(), kept: 0, line_start: 0, left: 0 }
    }

    /// Takes from the front of `input` until a response is complete or nothing is left.
    pub(super) fn push(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, TooLarge> {
        loop {
            if self.left > 0 {
                self.take_literal(input);
                if self.left > 0 {
                    return Ok(None);
                }
            }
            if !self.take_line(input)? {
                return Ok(None);
            }
            let Some(announced) = self.announced() else {
                (self.kept, self.line_start) = (0, 0);
                return Ok(Some(std::mem::take(&mut self.frame)));
            };
            self.begin_literal(announced)?;
        }
    }

    /// Octets that are held at the moment.
    #[cfg(test)]
    fn held(&self) -> usize {
        let literals = self.frame.literals.iter().map(|literal| match literal {
            Literal::Kept(bytes) => bytes.capacity(),
            Literal::Drained(_) => 0,
        });
        self.frame.text.len() + literals.sum::<usize>()
    }

    /// Moves the rest of the line over, without its end. False while the end has not come.
    fn take_line(&mut self, input: &mut &[u8]) -> Result<bool, TooLarge> {
        let end = input.iter().position(|&byte| byte == b'\n');
        let (part, rest) = match end {
            Some(at) => (&input[..at], &input[at + 1..]),
            None => (*input, &input[input.len()..]),
        };
        if self.frame.text.len() + part.len() > self.line {
            return Err(TooLarge::Text(self.line));
        }
        self.frame.text.extend_from_slice(part);
        *input = rest;
        if end.is_some() && self.frame.text.len() > self.line_start {
            self.frame.text.pop_if(|byte| *byte == b'\r');
        }
        Ok(end.is_some())
    }

    /// The size of the literal that the line just read announces at its end.
    fn announced(&self) -> Option<u64> {
        // Words for people may end in anything, so only data are looked at.
        if !may_have_literals(&self.frame.text) {
            return None;
        }
        let line = self.frame.text[self.line_start..].strip_suffix(b"}")?;
        let brace = line.iter().rposition(|&byte| byte == b'{')?;
        let digits = &line[brace + 1..];
        let digits = digits.strip_suffix(b"+").unwrap_or(digits);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        // A number too large to be one is still an announcement: of something too large.
        Some(digits.iter().fold(0u64, |sum, digit| {
            sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        }))
    }

    fn begin_literal(&mut self, announced: u64) -> Result<(), TooLarge> {
        if announced > DRAINED {
            return Err(TooLarge::Literal(announced));
        }
        if self.frame.literals.len() >= LITERALS {
            return Err(TooLarge::Literals(LITERALS));
        }
        self.line_start = self.frame.text.len();
        self.left = announced;
        let fits = usize::try_from(announced).ok().filter(|&size| size <= self.literal - self.kept);
        self.frame.literals.push(match fits {
            Some(size) => {
                self.kept += size;
                Literal::Kept(Vec::with_capacity(size.min(SET_ASIDE)))
            }
            None => Literal::Drained(announced),
        });
        Ok(())
    }

    /// Moves what has arrived of a literal over, or throws it away.
    fn take_literal(&mut self, input: &mut &[u8]) {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let (part, rest) = input.split_at(left.min(input.len()));
        if let Some(Literal::Kept(bytes)) = self.frame.literals.last_mut() {
            if bytes.capacity() - bytes.len() < part.len() {
                // Doubled, but never past its end: what is held stays within the cap.
                bytes.reserve_exact(left.min(bytes.len().max(part.len())));
            }
            bytes.extend_from_slice(part);
        }
        self.left -= part.len() as u64;
        *input = rest;
    }
}

/// Untagged data may carry literals; status responses, tagged responses and continuations never do.
fn may_have_literals(text: &[u8]) -> bool {
    let Some(data) = text.strip_prefix(b"* ") else { return false };
    let word = data.split(|&byte| byte == b' ').next().unwrap_or_default();
    ![&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"]
        .iter()
        .any(|status| word.eq_ignore_ascii_case(status))
}

#[cfg(test)]
mod tests;
