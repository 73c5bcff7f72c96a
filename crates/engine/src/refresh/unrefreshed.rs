//! Why a refresh gave no fresh tokens: as the caller is told of it, and with who must act.

use outlink_model::Timestamp;
use outlink_model::grant::{Actor, Trouble};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_store::Error as StoreError;

use crate::Error;

/// One failure, in the two shapes in which it is passed on.
#[derive(Debug)]
pub(crate) struct Unrefreshed {
    /// For the caller.
    pub(crate) error: Error,
    /// For the health of what needed the tokens.
    pub(crate) trouble: Box<Trouble>,
    /// The provider was not asked, and is not to be asked before this time.
    pub(crate) not_before: Option<Timestamp>,
}

impl Unrefreshed {
    /// The same trouble, under another kind and code for programs.
    pub(crate) fn coded(trouble: Trouble, kind: ProblemKind, code: &'static str) -> Self {
        let problem = Problem::new(kind, code, trouble.told("The provider"), trouble.hint.clone());
        Self { error: problem.into(), trouble: Box::new(trouble), not_before: None }
    }

    /// Nobody has asked the provider, since it wants to rest.
    pub(super) fn not_before(at: Timestamp, trouble: Trouble) -> Self {
        Self {
            not_before: Some(at),
            ..Self::coded(trouble, ProblemKind::Later, "provider_resting")
        }
    }
}

impl From<Trouble> for Unrefreshed {
    fn from(trouble: Trouble) -> Self {
        Self::coded(trouble, ProblemKind::Remote, "refresh_failed")
    }
}

impl From<Error> for Unrefreshed {
    /// Something on our side: nobody at the provider or at the mailbox can help.
    fn from(error: Error) -> Self {
        let Problem { message, hint, .. } = error.problem();
        let actor = match &error {
            Error::Away(_) => Actor::Nobody,
            Error::Problem(_) | Error::Broken(_) => Actor::Operator,
        };
        let trouble = Trouble { actor, reason: message, hint, provider_error: None };
        Self { error, trouble: Box::new(trouble), not_before: None }
    }
}

impl From<StoreError> for Unrefreshed {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}
