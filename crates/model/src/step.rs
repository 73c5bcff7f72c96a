//! Reports of named steps: what a test found, one line each.

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepStatus {
    /// It works.
    Ok,
    /// It does not.
    Failed,
    /// It was not tried, since an earlier one failed or it does not apply.
    Skipped,
}

crate::names!(StepStatus, "status", { Ok => "ok", Failed => "failed", Skipped => "skipped" });

/// One step of a test report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Stable, for programs: `resolve`, `connect`, `tls`.
    pub id: &'static str,
    /// How it went.
    pub status: StepStatus,
    /// One sentence: what was found, with the remote side's own words.
    pub message: String,
    /// One sentence: what to do; empty where nothing is to be done.
    pub hint: String,
    /// Milliseconds that it took.
    pub ms: u64,
}
