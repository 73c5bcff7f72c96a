//! Tables: rows under headings, aligned as a terminal shows them.

use serde_json::Value;

use super::{Column, cell};

/// Free text, which is cut where it is too wide. Ids and addresses are not: they are there to be copied.
const FREE: [&str; 8] =
    ["subject", "summary", "reason", "message", "hint", "from", "health", "text"];
/// How wide free text may be.
const WIDEST: usize = 60;

/// The items as rows under the headings, aligned.
pub(crate) fn table(items: &[Value], columns: &[Column]) -> String {
    let headings = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    let mut rows: Vec<Vec<String>> = vec![headings];
    for item in items {
        rows.push(columns.iter().map(|(_, field)| shown(field, &item[*field])).collect());
    }
    let widest =
        |column: usize| rows.iter().map(|row: &Vec<String>| width(&row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    let aligned = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(text, to)| {
            let missing = to.saturating_sub(width(text));
            format!("{text}{:missing$}", "")
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    aligned.collect::<Vec<_>>().join("\n")
}

fn shown(field: &str, value: &Value) -> String {
    let text = cell(value);
    if field.ends_with("_at") || matches!(field, "at" | "minute") {
        return to_the_second(&text);
    }
    if FREE.contains(&field) { cut(&text) } else { text }
}

/// `2026-01-01T10:00:00.123456Z` without the part that nobody reads.
fn to_the_second(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time.to_owned(),
    }
}

fn cut(text: &str) -> String {
    let mut left = WIDEST;
    let mut kept = String::new();
    for c in text.chars() {
        let wide = columns_of(c);
        if wide > left {
            kept.push('…');
            break;
        }
        left -= wide;
        kept.push(c);
    }
    kept
}

fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// How many columns a terminal gives to a character: none to what joins or combines, two to East Asian wide ones and
/// pictures (Unicode UAX #11, in rough strokes: a table that is a column off is no harm).
fn columns_of(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f
        | 0x200b..=0x200f
        | 0x20d0..=0x20ff
        | 0xfe00..=0xfe0f
        | 0x1f3fb..=0x1f3ff => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_aligned_and_obeys_nobody() {
        let items = [
            json!({ "key": "SUP-1", "summary": "Grüße\u{1b}[2J", "reporter_name": "a@b.example" }),
            json!({ "key": "SUP-10", "summary": "x".repeat(80), "reporter_name": "佐藤" }),
        ];
        let shown =
            table(&items, &[("KEY", "key"), ("FROM", "reporter_name"), ("SUMMARY", "summary")]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "KEY     FROM         SUMMARY");
        assert_eq!(lines[1], "SUP-1   a@b.example  Grüße [2J");
        assert!(lines[2].starts_with("SUP-10  佐藤         xxxx"), "{}", lines[2]);
        assert!(lines[2].ends_with("x…"));
    }

    #[test]
    fn what_is_copied_is_not_cut_and_times_are_short() {
        let url = format!("https://example.org/{}", "x".repeat(80));
        let items = [json!({ "redirect_url": url, "created_at": "2026-01-01T10:00:00.123456Z" })];
        let shown = table(&items, &[("URL", "redirect_url"), ("CREATED", "created_at")]);
        assert!(shown.contains(&url) && shown.ends_with("2026-01-01T10:00:00Z"), "{shown}");
    }
}
