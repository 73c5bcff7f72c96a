//! `application/x-www-form-urlencoded`, read strictly: what is not well-formed is refused, not guessed at.

/// The pairs of a form, in order. `None` if an escape is broken or the text is no UTF-8.
pub(crate) fn pairs(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let parts = bytes.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let cut = part.iter().position(|byte| *byte == b'=');
            let (name, value) = match cut {
                Some(cut) => (part.get(..cut)?, part.get(cut + 1..)?),
                None => (part, [].as_slice()),
            };
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Undoes the encoding of one name or value: `+` is a space, `%41` is an `A`.
pub(crate) fn decode(bytes: &[u8]) -> Option<String> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => (digit(*rest.next()?)? << 4) | digit(*rest.next()?)?,
            byte => *byte,
        });
    }
    String::from_utf8(plain).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A form whose parameters may each come once (RFC 6749 §3.1, §3.2). An empty one counts as left out.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form. The error says what is wrong with it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let pairs = pairs(bytes).ok_or("The form is not well-formed.")?;
        let repeated = |(place, (name, _)): (usize, &(String, String))| {
            pairs.iter().skip(place + 1).any(|(other, _)| other == name)
        };
        if pairs.iter().enumerate().any(repeated) {
            return Err("A parameter comes more than once.");
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter, unless it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let form = Form::read(b"a=1+2&b=%c3%A4%26&c=&d").unwrap();
        assert_eq!((form.get("a"), form.get("b")), (Some("1 2"), Some("ä&")));
        assert_eq!((form.get("c"), form.get("d"), form.get("e")), (None, None, None));
    }

    #[test]
    fn what_is_broken_is_refused() {
        for broken in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%ff", b"a=1&a=2", b"a=1&%61=2"] {
            assert!(Form::read(broken).is_err(), "{broken:?}");
        }
    }
}
