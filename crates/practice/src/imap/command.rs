//! Commands as text: tag, name and arguments (RFC 3501 §9). Pure.

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Arg {
    /// Bare text; `BODY[HEADER.FIELDS (X)]` is one too.
    Atom(String),
    /// A quoted string or a literal.
    Text(Vec<u8>),
    /// What stood in parentheses.
    List(Vec<Arg>),
}

impl Arg {
    /// An atom, in upper case.
    pub(super) fn word(&self) -> Option<String> {
        match self {
            Self::Atom(text) => Some(text.to_ascii_uppercase()),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    /// An `astring`: an atom or a string, as text.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Atom(text) => Some(text.clone()),
            Self::Text(bytes) => String::from_utf8(bytes.clone()).ok(),
            Self::List(_) => None,
        }
    }
}

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) tag: String,
    /// In upper case; `UID FETCH` and its like are one name.
    pub(super) name: String,
    pub(super) args: Vec<Arg>,
}

/// A piece of what the client sent: text of a line, or the bytes of a literal.
#[derive(Debug)]
pub(super) enum Piece {
    Line(Vec<u8>),
    Literal(Vec<u8>),
}

/// How deep lists may nest; a client that reads mail needs two.
const DEPTH: usize = 8;

/// The literal that a line announces at its end: its size, and whether the client waits for our word (RFC 7888).
pub(super) fn announced_literal(line: &[u8]) -> Option<(usize, bool)> {
    let text = line.strip_suffix(b"}")?;
    let open = text.iter().rposition(|byte| *byte == b'{')?;
    let number = std::str::from_utf8(text.get(open + 1..)?).ok()?;
    let (number, waits) = match number.strip_suffix('+') {
        Some(number) => (number, false),
        None => (number, true),
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| (number.parse().unwrap_or(usize::MAX), waits))
}

/// Reads a command. The error is the tag to answer `BAD` to, as far as there is one.
pub(super) fn parse(pieces: &[Piece]) -> Result<Command, Option<String>> {
    let mut args = Vec::new();
    let mut tag = None;
    let mut reader = Reader { pieces, at: 0 };
    while let Some(arg) = reader.next(0).map_err(|()| tag.clone())? {
        if tag.is_none() {
            // Whatever the tag is, it must not be able to look like something else in our answer.
            let text = arg.text().filter(|_| matches!(arg, Arg::Atom(_))).ok_or(None)?;
            let odd = |byte: u8| b"+*(){%\"\\".contains(&byte) || !byte.is_ascii_graphic();
            if text.bytes().any(odd) {
                return Err(None);
            }
            tag = Some(text);
            continue;
        }
        args.push(arg);
    }
    let tag = tag.ok_or(None)?;
    let mut args = args.into_iter();
    let mut name = args.next().and_then(|arg| arg.word()).ok_or_else(|| Some(tag.clone()))?;
    if name == "UID" {
        let rest = args.next().and_then(|arg| arg.word()).ok_or_else(|| Some(tag.clone()))?;
        name = format!("UID {rest}");
    }
    Ok(Command { tag, name, args: args.collect() })
}

struct Reader<'a> {
    pieces: &'a [Piece],
    at: usize,
}

impl Reader<'_> {
    /// The next argument; nothing at the end of the command or of the list.
    fn next(&mut self, depth: usize) -> Result<Option<Arg>, ()> {
        loop {
            let Some((piece, rest)) = self.pieces.split_first() else {
                return if depth == 0 { Ok(None) } else { Err(()) };
            };
            let line = match piece {
                Piece::Literal(bytes) => {
                    (self.pieces, self.at) = (rest, 0);
                    return Ok(Some(Arg::Text(bytes.clone())));
                }
                Piece::Line(line) => line,
            };
            match line.get(self.at) {
                None => (self.pieces, self.at) = (rest, 0),
                Some(b' ') => self.at += 1,
                Some(b'"') => return self.quoted(line).map(Some),
                Some(b'(') if depth < DEPTH => {
                    self.at += 1;
                    let mut list = Vec::new();
                    while let Some(arg) = self.next(depth + 1)? {
                        list.push(arg);
                    }
                    return Ok(Some(Arg::List(list)));
                }
                Some(b')') if depth > 0 => {
                    self.at += 1;
                    return Ok(None);
                }
                Some(b'(' | b')') => return Err(()),
                Some(_) => return self.atom(line).map(Some),
            }
        }
    }

    fn quoted(&mut self, line: &[u8]) -> Result<Arg, ()> {
        let mut text = Vec::new();
        let mut bytes = line.iter().enumerate().skip(self.at + 1);
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.at = at + 1;
                    return Ok(Arg::Text(text));
                }
                b'\\' => match bytes.next() {
                    Some((_, byte @ (b'"' | b'\\'))) => text.push(*byte),
                    _ => return Err(()),
                },
                byte => text.push(*byte),
            }
        }
        Err(())
    }

    /// Up to a space or a parenthesis, except inside brackets.
    fn atom(&mut self, line: &[u8]) -> Result<Arg, ()> {
        let start = self.at;
        let mut inside = false;
        while let Some(byte) = line.get(self.at) {
            match byte {
                b'[' => inside = true,
                b']' => inside = false,
                b' ' | b'(' | b')' if !inside => break,
                _ => {}
            }
            self.at += 1;
        }
        let bytes = line.get(start..self.at).ok_or(())?;
        String::from_utf8(bytes.to_vec()).map(Arg::Atom).map_err(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<Command, Option<String>> {
        parse(&[Piece::Line(text.as_bytes().to_vec())])
    }

    #[test]
    fn commands_are_read() {
        let command = line("a1 uid fetch 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (TO)])").unwrap();
        let atom = |text: &str| Arg::Atom(text.to_owned());
        assert_eq!((command.tag.as_str(), command.name.as_str()), ("a1", "UID FETCH"));
        let items = vec![atom("FLAGS"), atom("BODY.PEEK[HEADER.FIELDS (TO)]")];
        assert_eq!(command.args, [atom("1:*"), Arg::List(items)]);
        let command = line(r#"a2 SELECT "In \"b\\x""#).unwrap();
        assert_eq!(command.args, [Arg::Text(br#"In "b\x"#.to_vec())]);
    }

    #[test]
    fn literals_are_arguments() {
        let pieces = [
            Piece::Line(b"a LOGIN ".to_vec()),
            Piece::Literal(b"x y".to_vec()),
            Piece::Line(b" {".to_vec()),
        ];
        let args = parse(&pieces).unwrap().args;
        assert_eq!(args, [Arg::Text(b"x y".to_vec()), Arg::Atom("{".to_owned())]);
        assert_eq!(announced_literal(b"a LOGIN {3}"), Some((3, true)));
        assert_eq!(announced_literal(b"a LOGIN {3+}"), Some((3, false)));
        assert_eq!(announced_literal(b"a LOGIN {}"), None);
        assert_eq!(
            announced_literal(b"a LOGIN {99999999999999999999999}"),
            Some((usize::MAX, true))
        );
    }

    #[test]
    fn what_is_no_command_is_refused_with_its_tag() {
        for (text, tag) in [
            ("", None),
            ("a1", Some("a1")),
            ("a1 FETCH (", Some("a1")),
            ("a1 X )", Some("a1")),
            ("a1 X \"open", Some("a1")),
            ("* OK", None),
            ("(a) NOOP", None),
            ("a1 UID", Some("a1")),
            ("a1 X ((((((((((((", Some("a1")),
        ] {
            assert_eq!(line(text), Err(tag.map(str::to_owned)), "{text:?}");
        }
    }
}
