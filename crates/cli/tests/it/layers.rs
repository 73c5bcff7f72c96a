//! The layers, as a test: arrows point down only.
//!
//! ```text
//! cli -> web -> engine -> { store | oauth | mail } -> model        practice -> model
//! ```

use std::process::Command;

use serde_json::Value;

/// Which of our own crates each crate may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("outlink-model", &[]),
    ("outlink-store", &["outlink-model"]),
    ("outlink-oauth", &["outlink-model"]),
    ("outlink-mail", &["outlink-model"]),
    ("outlink-practice", &["outlink-model"]),
    ("outlink-engine", &["outlink-model", "outlink-store", "outlink-oauth", "outlink-mail"]),
    (
        "outlink-web",
        &["outlink-model", "outlink-store", "outlink-oauth", "outlink-mail", "outlink-engine"],
    ),
    (
        "outlink",
        &[
            "outlink-model",
            "outlink-store",
            "outlink-oauth",
            "outlink-mail",
            "outlink-engine",
            "outlink-web",
            "outlink-practice",
        ],
    ),
];

/// Libraries that only some crates may use, and why.
const KEPT_IN: &[(&str, &[&str], &str)] = &[
    ("sqlx", &["outlink-store"], "SQL stands in one place"),
    ("axum", &["outlink-web", "outlink", "outlink-practice"], "HTTP shapes stay at the edge"),
    ("reqwest", &["outlink-engine", "outlink"], "what is dialled passes the engine's egress check"),
    ("anyhow", &["outlink"], "below the binary, errors say what the caller can do"),
];

/// Our crates, each with the crates that it needs outside of its tests.
fn crates() -> Vec<(String, Vec<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let needs = package["dependencies"].as_array().expect("dependencies").iter();
            // A test may reach for the practice servers, or for a library that the product does without.
            let needs = needs.filter(|needed| needed["kind"] != "dev");
            (text(&package["name"]), needs.map(|needed| text(&needed["name"])).collect())
        })
        .collect()
}

#[test]
fn arrows_point_down_only() {
    let crates = crates();
    for (name, needs) in &crates {
        let (_, allowed) = ARROWS.iter().find(|(known, _)| known == name).unwrap_or_else(|| {
            panic!("{name} has no layer yet: give it one in this test and in the architecture")
        });
        for needed in needs.iter().filter(|needed| crates.iter().any(|(ours, _)| ours == *needed)) {
            assert!(allowed.contains(&needed.as_str()), "{name} must not use {needed}");
        }
    }
    assert_eq!(crates.len(), ARROWS.len(), "every layer has its crate");
}

#[test]
fn libraries_stay_where_they_belong() {
    for (name, needs) in crates() {
        for (library, keepers, why) in KEPT_IN {
            let used = needs.iter().any(|needed| needed == library);
            assert!(
                !used || keepers.contains(&name.as_str()),
                "{name} must not use {library}: {why}"
            );
        }
    }
}
