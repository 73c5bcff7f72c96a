//! Choices by name: the words of the API and of forms, read into the model's enums.

use std::str::FromStr;

use outlink_model::name::Unknown;
use outlink_model::problem::Problem;

/// Reads a choice that must be made.
pub(crate) fn choice<T: FromStr<Err = Unknown>>(
    field: &'static str,
    text: &str,
) -> Result<T, Problem> {
    text.trim().parse().map_err(|unknown: Unknown| {
        Problem::invalid(
            field,
            "unknown_choice",
            format!("There is no {} called {:?}.", unknown.what, unknown.given),
            format!("Choose one of {}.", unknown.choices),
        )
    })
}

/// Reads a choice that may be left out.
pub(crate) fn optional_choice<T: FromStr<Err = Unknown>>(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    text.filter(|text| !text.trim().is_empty()).map(|text| choice(field, text)).transpose()
}

#[cfg(test)]
mod tests {
    use outlink_model::mail_server::Take;

    use super::*;

    #[test]
    fn an_unknown_word_lists_the_known_ones() {
        assert_eq!(optional_choice::<Take>("take", Some(" ")), Ok(None));
        assert_eq!(optional_choice("take", Some("all")), Ok(Some(Take::All)));
        let problem = choice::<Take>("take", "some").unwrap_err();
        assert_eq!((problem.field, problem.code), (Some("take"), "unknown_choice"));
        assert!(problem.hint.contains("new, all"), "{}", problem.hint);
    }
}
