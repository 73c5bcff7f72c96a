//! What a row of the refusal tables is, and which row an answer finds.

use outlink_model::grant::{Actor, FailureClass};
use outlink_model::provider::ProviderKind;

use super::said::Said;
use super::{common, microsoft};

/// One kind of refusal: how it is known, what follows, who must act, and the words.
///
/// In the words, `{Provider}` and `{provider}` stand for the provider's name, at the beginning and within a sentence.
#[derive(Debug)]
pub(super) struct Row {
    /// Only answers of this provider.
    pub provider: Option<ProviderKind>,
    /// Only answers with this `error`.
    pub error: Option<&'static str>,
    /// What more the answer must say.
    pub detail: Detail,
    /// What follows.
    pub class: FailureClass,
    /// Who must act.
    pub actor: Actor,
    /// One sentence: what is wrong.
    pub reason: &'static str,
    /// One or two sentences: what to do.
    pub hint: &'static str,
    /// Seconds to wait at least before asking again.
    pub wait: i64,
    /// Whether it is what proves the client that is refused, so that another secret or key of the client may do.
    pub refuses_client: bool,
}

/// What an answer must say beyond its `error`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Detail {
    /// Nothing.
    Any,
    /// One of these numbers in `error_codes` (Entra alone sends them).
    Codes(&'static [u32]),
    /// This `suberror` (Entra) or `error_subtype` (Google).
    Sub(&'static str),
    /// These words in `error_description`, in any letter case.
    Says(&'static str),
}

impl Row {
    /// A row that is known by its `error` alone.
    pub(super) const fn error(
        error: &'static str,
        class: FailureClass,
        actor: Actor,
        reason: &'static str,
        hint: &'static str,
    ) -> Self {
        let detail = Detail::Any;
        Self {
            provider: None,
            error: Some(error),
            detail,
            class,
            actor,
            reason,
            hint,
            wait: 0,
            refuses_client: false,
        }
    }

    /// A row that is known by a number of Entra, whatever its `error`. Not bound to the Microsoft preset, since links to
    /// Microsoft's national clouds are custom ones.
    pub(super) const fn codes(
        codes: &'static [u32],
        class: FailureClass,
        actor: Actor,
        reason: &'static str,
        hint: &'static str,
    ) -> Self {
        let detail = Detail::Codes(codes);
        Self {
            provider: None,
            error: None,
            detail,
            class,
            actor,
            reason,
            hint,
            wait: 0,
            refuses_client: false,
        }
    }

    /// The same, for answers that say more.
    pub(super) const fn with(self, detail: Detail) -> Self {
        Self { detail, ..self }
    }

    /// The same, for answers of one provider.
    pub(super) const fn of(self, provider: ProviderKind) -> Self {
        Self { provider: Some(provider), ..self }
    }

    /// The same, with a least time to wait.
    pub(super) const fn waiting(self, seconds: i64) -> Self {
        Self { wait: seconds, ..self }
    }

    /// The same, where the client's secret or key is refused.
    pub(super) const fn refusing_client(self) -> Self {
        Self { refuses_client: true, ..self }
    }

    fn fits(&self, provider: ProviderKind, said: &Said) -> bool {
        let text =
            |given: &Option<String>| given.as_deref().unwrap_or_default().to_ascii_lowercase();
        self.provider.is_none_or(|only| only == provider)
            && self.error.is_none_or(|error| text(&said.error) == error)
            && match self.detail {
                Detail::Any => true,
                Detail::Codes(codes) => said.codes.iter().any(|code| codes.contains(code)),
                Detail::Sub(sub) => text(&said.sub) == sub,
                Detail::Says(words) => text(&said.description).contains(words),
            }
    }
}

/// Every row, the more exact ones first.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    microsoft::ROWS.iter().chain(common::ROWS)
}

/// The row that an answer finds, and its class.
///
/// Keeps **Only the provider's word ends a grant**: the word is `error`. Numbers and descriptions may change, so they
/// choose the words and may soften the class, but a consent is never held for ended on their account alone.
pub(super) fn find(provider: ProviderKind, said: &Said) -> Option<(&'static Row, FailureClass)> {
    let row = rows().find(|row| row.fits(provider, said))?;
    let by_error = rows().find(|row| matches!(row.detail, Detail::Any) && row.fits(provider, said));
    let by_error = by_error.map_or(FailureClass::Passing, |row| row.class);
    let softened = row.class == FailureClass::Ended && by_error != FailureClass::Ended;
    Some((row, if softened { by_error } else { row.class }))
}
