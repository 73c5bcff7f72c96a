//! A mail as it goes over the wire: lines that end in CR LF, a dot before every dot that begins one, and a lone dot behind
//! (RFC 5321 §4.5.2). Pure.

/// Where in a mail the writing stands. A mail is written in parts, and comes out the same however it is cut.
#[derive(Debug, Default)]
pub(super) struct Stuffing {
    at: At,
}

/// What was written last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// The end of a line, or nothing yet.
    #[default]
    Start,
    /// Something within a line.
    Inside,
    /// Something within a line, and then a carriage return was read that is not written yet.
    Return,
}

impl Stuffing {
    /// Adds this part of the mail to `out`.
    ///
    /// A lone CR or LF goes out as CR LF: a server that takes one for the end of a line would read what stands behind it
    /// as commands of ours, once a dot stands between two of them.
    pub(super) fn push(&mut self, part: &[u8], out: &mut Vec<u8>) {
        out.reserve(part.len() + part.len() / 32);
        for &byte in part {
            if self.at == At::Return {
                self.end_line(out);
                if byte == b'\n' {
                    continue;
                }
            }
            match byte {
                b'\r' => self.at = At::Return,
                b'\n' => self.end_line(out),
                _ => {
                    if self.at == At::Start && byte == b'.' {
                        out.push(b'.');
                    }
                    out.push(byte);
                    self.at = At::Inside;
                }
            }
        }
    }

    /// Ends the mail.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        if self.at != At::Start {
            self.end_line(out);
        }
        out.extend_from_slice(b".\r\n");
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.at = At::Start;
    }
}

#[cfg(test)]
mod tests;
