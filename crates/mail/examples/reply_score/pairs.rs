//! Scores collections that nothing here was written for: mails beside what their owners call the reply.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use outlink_mail::message::parse;

use super::contradictions;

/// How one mail went.
struct Outcome {
    /// `PROJECT/NAME`.
    name: String,
    /// The reply is what the owner says.
    as_owner: bool,
    /// Why it should be something else here, if it should.
    reason: Option<&'static str>,
    /// Lines that the writer wrote and that are gone.
    lost: Vec<String>,
    /// Lines of the history that are still there.
    left: Vec<String>,
}

/// Prints the scores of every `DIR/PROJECT` that has `emails` and `replies`, and tells whether there was any.
///
/// `emails/NAME.txt` is a body, `.html` one of HTML, `.eml` a whole mail; `replies/NAME.txt` is what the owner says.
pub(crate) fn score_all(folder: &Path) -> Result<bool, String> {
    let mut all = Vec::new();
    for project in sorted(folder)? {
        if !project.join("replies").is_dir() {
            continue;
        }
        let mut outcomes = Vec::new();
        for mail in sorted(&project.join("emails"))? {
            outcomes.push(outcome(&project, &mail)?);
        }
        score(&stem(&project), &outcomes);
        all.extend(outcomes);
    }
    all.iter().for_each(report);
    score("all", &all.iter().collect::<Vec<_>>());
    Ok(!all.is_empty())
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("{} cannot be read: {error}.", folder.display());
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>())
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn outcome(project: &Path, path: &Path) -> Result<Outcome, String> {
    let read = |path: &Path| {
        fs::read(path).map_err(|error| format!("{} cannot be read: {error}.", path.display()))
    };
    let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
    let subtype = if kind == "html" { "html" } else { "plain" };
    let head = format!("Content-Type: text/{subtype}; charset=utf-8\nSubject: Re: x\n\n");
    let body = read(path)?;
    let raw = if kind == "eml" { body } else { [head.as_bytes(), &body].concat() };
    let reply = parse(&raw).map_err(|error| format!("{}: {error}", path.display()))?.reply;

    let file = format!("{}.txt", stem(path));
    let owner = String::from_utf8_lossy(&read(&project.join("replies").join(&file))?).into_owned();
    let missing = |from: &str, inside: &str| {
        let inside: HashSet<String> = inside.lines().map(letters).collect();
        let lines = from.lines().filter(|line| !inside.contains(&letters(line)));
        lines.map(str::to_owned).collect()
    };
    let name = format!("{}/{}", stem(project), stem(path));
    Ok(Outcome {
        as_owner: letters(&reply) == letters(&owner),
        reason: contradictions::reason(&name),
        lost: missing(&owner, &reply),
        left: missing(&reply, &owner),
        name,
    })
}

/// A text without its white space and without `>`, which a quote in HTML has none of.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '>').collect()
}

fn report(outcome: &Outcome) {
    if let Some(reason) = outcome.reason {
        println!("{}: not compared: {reason}", outcome.name);
    } else if !outcome.as_owner {
        println!("{}: ANOTHER REPLY WAS FOUND", outcome.name);
        outcome.lost.iter().for_each(|line| println!("  - {line}"));
        outcome.left.iter().for_each(|line| println!("  + {line}"));
    }
}

fn score<T: std::borrow::Borrow<Outcome>>(name: &str, outcomes: &[T]) {
    let count = |wanted: &dyn Fn(&Outcome) -> bool| {
        outcomes.iter().filter(|outcome| wanted((*outcome).borrow())).count()
    };
    let of = outcomes.len();
    let agreed = count(&|outcome| outcome.reason.is_none());
    let found = count(&|outcome| outcome.reason.is_none() && outcome.as_owner);
    let print = |what: &str, part: usize, of: usize| {
        let tenths = part * 1000 / of.max(1);
        println!("  {what}: {part} of {of}, {}.{} %", tenths / 10, tenths % 10);
    };
    println!("{name}");
    print("as the owner says, every mail", count(&|outcome| outcome.as_owner), of);
    print("as the owner says, without contradictions", found, agreed);
    let loses = |outcome: &Outcome| {
        !outcome.as_owner && outcome.lost.iter().any(|line| !letters(line).is_empty())
    };
    print(
        "that lose words, without contradictions",
        count(&|outcome| outcome.reason.is_none() && loses(outcome)),
        agreed,
    );
}
