//! Reports of tests, step by step.

use serde_json::Value;

use super::cell;

/// The columns in front of what was found.
const HEADINGS: [&str; 3] = ["STATUS", "STEP", "MS"];

/// The steps of a report, a line for each; what to do about one stands below it.
pub(crate) fn steps(report: &Value) -> String {
    let steps = report["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let widest = |field: &str, heading: &str| {
        let texts = steps.iter().map(|step| cell(&step[field]).chars().count());
        texts.chain([heading.len()]).max().unwrap_or(0)
    };
    let [status, step, ms] = HEADINGS;
    let widths = [widest("status", status), widest("id", step), widest("ms", ms)];
    let line = |texts: [&str; 3], message: &str| {
        let [a, b, c] = widths;
        let [status, step, ms] = texts;
        format!("{status:a$}  {step:b$}  {ms:>c$}  {message}").trim_end().to_owned()
    };
    let mut lines = vec![line(HEADINGS, "MESSAGE")];
    for step in steps {
        let text = |field: &str| cell(&step[field]);
        lines.push(line([&text("status"), &text("id"), &text("ms")], &text("message")));
        if !text("hint").is_empty() {
            lines.push(line([""; 3], &text("hint")));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_aligned_and_hints_stand_below() {
        let report = json!({ "ok": false, "steps": [
            { "id": "clock", "status": "ok", "message": "It is right.", "hint": "", "ms": 3 },
            { "id": "token_endpoint", "status": "failed", "message": "It\u{1b} says no.", "hint": "Ask.", "ms": 1200 },
            { "id": "client", "status": "skipped", "message": "Not tried.", "hint": "", "ms": 0 },
        ]});
        let lines = [
            "STATUS   STEP              MS  MESSAGE",
            "ok       clock              3  It is right.",
            "failed   token_endpoint  1200  It  says no.",
            "                               Ask.",
            "skipped  client             0  Not tried.",
        ];
        assert_eq!(steps(&report), lines.join("\n"));
    }
}
