//! How urgent the sender says it is.

use outlink_model::tracker::Priority;

use super::header::Headers;

/// RFC 2156 knows Importance and Priority; the others come from the programs that people use.
const FIELDS: [&str; 4] = ["X-Priority", "Importance", "Priority", "X-MSMail-Priority"];

/// The priority that the headers say. Many programs write "normal" into every mail in one of these fields, so the first
/// field that says anything else counts; a word that is not known says nothing.
pub(super) fn priority(headers: &Headers<'_>) -> Option<Priority> {
    let said: Vec<Priority> = FIELDS
        .iter()
        .filter_map(|name| headers.get(name))
        .filter_map(|value| read(&value))
        .collect();
    said.iter().copied().find(|priority| *priority != Priority::Medium).or(said.first().copied())
}

fn read(value: &str) -> Option<Priority> {
    let word =
        value.split(|c: char| !(c.is_alphanumeric() || c == '-')).find(|word| !word.is_empty())?;
    Some(match word.to_ascii_lowercase().as_str() {
        "1" | "highest" => Priority::Highest,
        "2" | "high" | "urgent" => Priority::High,
        "3" | "normal" | "medium" => Priority::Medium,
        "4" | "low" | "non-urgent" => Priority::Low,
        "5" | "lowest" => Priority::Lowest,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_normal_counts() {
        for (header, expected) in [
            ("X-Priority: 1", Some(Priority::Highest)),
            ("X-Priority: 1 (Highest)", Some(Priority::Highest)),
            ("X-Priority: 2", Some(Priority::High)),
            ("X-Priority: 3 (Normal)", Some(Priority::Medium)),
            ("X-Priority: 4", Some(Priority::Low)),
            ("X-Priority: 5", Some(Priority::Lowest)),
            ("X-Priority: High", Some(Priority::High)),
            ("X-Priority: 0", None),
            ("X-Priority: 10", None),
            ("X-Priority:", None),
            ("Importance: High", Some(Priority::High)),
            ("Importance: low", Some(Priority::Low)),
            ("Priority: urgent", Some(Priority::High)),
            ("Priority: non-urgent", Some(Priority::Low)),
            ("X-MSMail-Priority: High", Some(Priority::High)),
            ("X-Priority: 3\nImportance: high", Some(Priority::High)),
            ("X-Priority: 1\nImportance: low", Some(Priority::Highest)),
            ("X-Priority: what?\nImportance: normal", Some(Priority::Medium)),
            ("Priority: very", None),
            ("", None),
        ] {
            let (headers, _) = Headers::read(header.as_bytes());
            assert_eq!(priority(&headers), expected, "{header}");
        }
    }
}
