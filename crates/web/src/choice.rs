//! Choices by name: the words of the API and of forms, read into the model's enums.

use std::str::FromStr;

use outlink_model::link::GrantType;
use outlink_model::name::Unknown;
use outlink_model::problem::Problem;
use outlink_oauth::Choice;

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

/// What is chosen before a link is filled in, in words. What is left out or empty is the usual.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChoiceWords<'a> {
    pub(crate) cloud: Option<&'a str>,
    pub(crate) tenant: Option<&'a str>,
    /// One word each; `None` where nothing was said about them.
    pub(crate) protocols: Option<Vec<&'a str>>,
    pub(crate) grant_type: Option<&'a str>,
    pub(crate) instance: Option<&'a str>,
}

impl ChoiceWords<'_> {
    /// As the provider table takes it.
    pub(crate) fn read(self) -> Result<Choice, Problem> {
        let own = |text: Option<&str>| {
            text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let usual = Choice::default();
        let protocols = match self.protocols {
            Some(words) => {
                let mut read = Vec::with_capacity(words.len());
                for word in words {
                    let protocol = choice("protocols", word)?;
                    if !read.contains(&protocol) {
                        read.push(protocol);
                    }
                }
                read
            }
            None => usual.protocols,
        };
        let grant_type = optional_choice("grant_type", self.grant_type)?;
        Ok(Choice {
            cloud: optional_choice("cloud", self.cloud)?,
            tenant: own(self.tenant),
            protocols,
            grant_type: grant_type.unwrap_or(GrantType::AuthorizationCode),
            instance: own(self.instance),
        })
    }
}

/// The words of a list that is separated by commas; `None` where there is none.
pub(crate) fn words(list: Option<&str>) -> Option<Vec<&str>> {
    let words = list?.split(',').map(str::trim).filter(|word| !word.is_empty());
    Some(words.collect::<Vec<_>>()).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use outlink_model::handler::Bulk;
    use outlink_model::provider::{Cloud, MailService};

    use super::*;

    #[test]
    fn an_unknown_word_lists_the_known_ones() {
        assert_eq!(optional_choice::<Bulk>("bulk", Some(" ")), Ok(None));
        assert_eq!(optional_choice("bulk", Some("accept")), Ok(Some(Bulk::Accept)));
        let problem = choice::<Bulk>("bulk", "some").unwrap_err();
        assert_eq!((problem.field, problem.code), (Some("bulk"), "unknown_choice"));
        assert!(problem.hint.contains("ignore, forward"), "{}", problem.hint);
    }

    #[test]
    fn what_is_chosen_for_a_link_is_read_from_words() {
        assert_eq!(ChoiceWords::default().read(), Ok(Choice::default()));
        let chosen = ChoiceWords {
            cloud: Some("gcc_high"),
            tenant: Some(" contoso.example "),
            protocols: words(Some("smtp, imap,smtp")),
            grant_type: Some("client_credentials"),
            instance: Some(" "),
        };
        let expected = Choice {
            cloud: Some(Cloud::GccHigh),
            tenant: Some("contoso.example".into()),
            protocols: vec![MailService::Smtp, MailService::Imap],
            grant_type: GrantType::ClientCredentials,
            instance: None,
        };
        assert_eq!(chosen.read(), Ok(expected));
        assert_eq!(words(Some(" , ")), None);
        let wrong = ChoiceWords { protocols: words(Some("imap,nntp")), ..ChoiceWords::default() };
        assert_eq!(wrong.read().unwrap_err().field, Some("protocols"));
    }
}
