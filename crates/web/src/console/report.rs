//! Reports of named steps, as pages show them.

use outlink_model::step::{Step, StepStatus};
use serde::Serialize;

use crate::words::{Badge, step_badge};

/// What a test found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) ok: bool,
    pub(crate) steps: Vec<StepRow>,
}

/// One step of a test.
#[derive(Debug, Serialize)]
pub(crate) struct StepRow {
    pub(crate) badge: Badge,
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) ms: u64,
}

impl Report {
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        let row = |step: Step| StepRow {
            badge: step_badge(step.status),
            name: step.id.replace('_', " "),
            message: step.message,
            hint: step.hint,
            ms: step.ms,
        };
        Self {
            ok: steps.iter().all(|step| step.status != StepStatus::Failed),
            steps: steps.into_iter().map(row).collect(),
        }
    }
}

/// What did not work just now.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl From<crate::error::ApiError> for Failure {
    fn from(error: crate::error::ApiError) -> Self {
        Self { message: error.detail, hint: error.hint }
    }
}
