//! Text made safe to keep and to show: no control characters, one kind of line end, capped.

/// The most text of one mail that is kept for reading, in bytes. The raw message has the rest.
pub(super) const MAX_TEXT: usize = 1024 * 1024;

/// Several lines: line ends become `\n`, other control characters but tab go.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                cleaned.push('\n');
            }
            '\u{2028}' | '\u{2029}' => cleaned.push('\n'),
            '\n' | '\t' => cleaned.push(c),
            c if c.is_control() || is_noncharacter(c) || c == '\u{FEFF}' => {}
            c => cleaned.push(c),
        }
    }
    cleaned
}

/// One line of at most `max` characters: any run of white space becomes one space, control characters go.
pub(crate) fn one_line(text: &str, max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max));
    let mut gap = false;
    let mut len = 0;
    for c in text.chars() {
        if c.is_whitespace() {
            gap = !line.is_empty();
            continue;
        }
        if c.is_control() || is_noncharacter(c) || c == '\u{FEFF}' {
            continue;
        }
        if len + usize::from(gap) >= max {
            break;
        }
        if std::mem::take(&mut gap) {
            line.push(' ');
            len += 1;
        }
        line.push(c);
        len += 1;
    }
    line
}

/// The beginning of `text`, at most `max` bytes, cut between characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Without blank lines at both ends; an indented first line keeps its indent.
pub(super) fn trim_lines(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    let start = text[..blank].rfind('\n').map_or(0, |newline| newline + 1);
    &text[start..]
}

fn is_noncharacter(c: char) -> bool {
    matches!(u32::from(c), 0xFDD0..=0xFDEF) || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Takes the line breaks out that the sender's program put in (RFC 3676 format=flowed), and the stuffing.
///
/// A line that ends with a space goes on in the next one, as long as both are quoted equally deep. `-- ` does not.
pub(super) fn unflow(text: &str, delete_space: bool) -> String {
    let mut unflowed = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let content = &line[depth..];
        let content = content.strip_prefix(' ').unwrap_or(content);
        let signature = content == "-- ";
        if open != Some(depth) || signature {
            if open.is_some() {
                unflowed.push('\n');
            }
            unflowed.push_str(&line[..depth]);
            if depth > 0 {
                unflowed.push(' ');
            }
        }
        let flows = content.ends_with(' ') && !signature;
        let kept = if flows && delete_space { &content[..content.len() - 1] } else { content };
        unflowed.push_str(kept);
        if flows {
            open = Some(depth);
        } else {
            unflowed.push('\n');
            open = None;
        }
    }
    unflowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_go_and_line_ends_agree() {
        assert_eq!(clean("a\r\nb\rc\nd\0\u{1b}[1m\te\u{85}\u{feff}"), "a\nb\nc\nd[1m\te");
        assert_eq!(one_line(" a\r\n\tb \0 c ", 100), "a b c");
        assert_eq!(one_line("日本語テキスト", 3), "日本語");
        assert_eq!(one_line("ab cd", 3), "ab");
        assert_eq!(cut("日本", 4), "日");
        assert_eq!(trim_lines("\n \n  a\nb \n\n"), "  a\nb");
    }

    #[test]
    fn flowed_lines_are_joined() {
        assert_eq!(unflow("one \ntwo\nthree\n", false), "one two\nthree\n");
        assert_eq!(unflow("one \ntwo\n", true), "onetwo\n");
        assert_eq!(unflow("> a \n> b\n>> c \nd\n", false), "> a b\n>> c \nd\n");
        assert_eq!(unflow("bye \n-- \nme\n", false), "bye \n-- \nme\n");
        assert_eq!(unflow(" >stuffed\n From here\n", false), ">stuffed\nFrom here\n");
    }
}
