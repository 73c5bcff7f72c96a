//! Reports of named steps: what a test found.

use outlink_model::step::{Step, StepStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// What a test found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub(super) struct ReportBody {
    /// Whether no step failed.
    ok: bool,
    steps: Vec<StepBody>,
}

/// One step of a test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Step)]
struct StepBody {
    /// Stable, for programs.
    id: &'static str,
    /// `ok`, `failed` or `skipped`.
    status: &'static str,
    message: String,
    hint: String,
    /// Milliseconds.
    ms: u64,
}

impl From<Vec<Step>> for ReportBody {
    fn from(steps: Vec<Step>) -> Self {
        Self {
            ok: steps.iter().all(|step| step.status != StepStatus::Failed),
            steps: steps.into_iter().map(StepBody::from).collect(),
        }
    }
}

impl From<Step> for StepBody {
    fn from(step: Step) -> Self {
        Self {
            id: step.id,
            status: step.status.as_str(),
            message: step.message,
            hint: step.hint,
            ms: step.ms,
        }
    }
}
