//! How often the reply that is found in a mail is the one that the owners of public collections see in it.
//!
//! `cargo run -p outlink-mail --example reply_score -- DIR`, where `DIR` holds `PROJECT/emails/*.txt`: the collections of
//! email_reply_parser and mail-parser-reply, which are not part of this product. White space is not compared.
//!
//! `-- --pairs DIR` scores any other collection: `DIR/PROJECT/emails/NAME.{txt,html,eml}` beside
//! `DIR/PROJECT/replies/NAME.txt`.

#![forbid(unsafe_code)]

mod contradictions;
mod owners;
mod pairs;

use std::path::Path;
use std::process::ExitCode;

use outlink_mail::message::parse;
use owners::{COLLECTIONS, Case, Lines};

/// How a mail went.
struct Outcome {
    case: &'static Case,
    /// The reply is what the owner says.
    as_owner: bool,
    /// The reply is what it should be here: what the owner says, unless there is a reason against it.
    as_wanted: bool,
    reply: String,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    let paired = arguments.next_if(|argument| argument == "--pairs").is_some();
    let Some(folder) = arguments.next() else {
        eprintln!("Which folder? It holds PROJECT/emails/*.txt.");
        return ExitCode::from(2);
    };
    let folder = Path::new(&folder);
    match if paired { pairs::score_all(folder) } else { score_all(folder) } {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Prints the scores, and tells whether every collection reaches 95 of 100.
fn score_all(folder: &Path) -> Result<bool, String> {
    let mut enough = true;
    let mut all = Vec::new();
    for (project, cases) in COLLECTIONS {
        let mut outcomes = Vec::new();
        for case in *cases {
            let path = folder.join(project).join("emails").join(case.name).with_extension("txt");
            let body = std::fs::read(&path)
                .map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
            outcomes.push(outcome(case, &body)?);
        }
        outcomes.iter().for_each(|outcome| report(project, outcome));
        enough &= score(project, &outcomes);
        all.extend(outcomes);
    }
    enough &= score("all", &all);
    Ok(enough)
}

fn outcome(case: &'static Case, body: &[u8]) -> Result<Outcome, String> {
    let mut mail = b"Content-Type: text/plain; charset=utf-8\nSubject: Re: x\n\n".to_vec();
    mail.extend_from_slice(body);
    let reply = parse(&mail).map_err(|error| format!("{}: {error}", case.name))?.reply;
    let body = String::from_utf8_lossy(body);
    let is = |lines: Lines| {
        let wanted = pick(&body, lines);
        reply.split_whitespace().eq(wanted.split_whitespace())
    };
    let as_owner = is(case.owner);
    let as_wanted = case.ours.map_or(as_owner, |(_, lines)| is(lines));
    Ok(Outcome { case, as_owner, as_wanted, reply })
}

fn pick(body: &str, lines: Lines) -> String {
    let picked = body
        .lines()
        .zip(1..)
        .filter(|(_, at)| lines.iter().any(|(first, last)| (first..=last).contains(&at)));
    picked.map(|(line, _)| line).collect::<Vec<_>>().join("\n")
}

fn report(project: &str, outcome: &Outcome) {
    let name = outcome.case.name;
    if let Some((reason, _)) = outcome.case.ours {
        println!("{project}/{name}: not compared, since {}", reason.words());
    }
    if !outcome.as_wanted {
        let head: String = outcome.reply.chars().take(400).collect();
        println!("{project}/{name}: ANOTHER REPLY WAS FOUND:\n{head}\n");
    }
}

fn score(name: &str, outcomes: &[Outcome]) -> bool {
    let percent = |part: usize, of: usize| part * 1000 / of.max(1);
    let print = |what: &str, part: usize, of: usize| {
        let tenths = percent(part, of);
        println!("  {what}: {part} of {of}, {}.{} %", tenths / 10, tenths % 10);
    };
    let count = |wanted: &dyn Fn(&&Outcome) -> bool| outcomes.iter().filter(wanted).count();
    let agreed = count(&|outcome| outcome.case.ours.is_none());
    let found = count(&|outcome| outcome.case.ours.is_none() && outcome.as_owner);
    println!("{name}");
    print("as the owner says, every mail", count(&|outcome| outcome.as_owner), outcomes.len());
    print("as the owner says, without contradictions", found, agreed);
    print("as wanted here, every mail", count(&|outcome| outcome.as_wanted), outcomes.len());
    percent(found, agreed) >= 950
}
