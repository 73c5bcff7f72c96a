//! What mail servers on the way found out about the sender (Authentication-Results, RFC 8601).
//!
//! Anybody can write such a field, so each one is kept with the name of the server that it claims to be from, and only
//! one counts: the topmost of the server that an administrator trusts. ARC-Authentication-Results are not read; they
//! say what others told others.

mod syntax;

use outlink_model::message::Authentication;

use super::Parsed;
use super::address::{domain, fold};
use super::header::Headers;
use super::text::one_line;
use syntax::Found;

/// Fields that are kept.
const MAX_FIELDS: usize = 20;
/// Characters of a server's name.
const MAX_SERVER: usize = 255;
/// Characters of a summary.
const MAX_SUMMARY: usize = 300;
/// The methods that say something about the domain in From.
const METHODS: [&str; 3] = ["dmarc", "dkim", "spf"];

/// What one mail server found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthenticationResults {
    /// The server that says so (authserv-id), in lower case; empty where the field names none, as Exchange Online writes
    /// it.
    pub server: String,
    /// Whether the domain in From stands behind the mail.
    pub verdict: Authentication,
    /// For people: `dmarc=fail, spf=pass (example.org)`.
    pub summary: String,
}

/// What the server that is called `authserv_id` says about the mail, with its words; without a word of it nothing is
/// known.
///
/// Its topmost field alone counts: whoever wrote the mail may have written others below. `*` takes the topmost field
/// whoever it is from, which is right only where every mail passes a server that writes one; an empty name trusts
/// nobody.
pub fn authentication_by<'a>(
    parsed: &'a Parsed,
    authserv_id: &str,
) -> (Authentication, Option<&'a str>) {
    let name = fold(authserv_id);
    let is_trusted = |server: &str| name == "*" || !name.is_empty() && name == server;
    match parsed.authentication.iter().find(|found| is_trusted(&found.server)) {
        Some(found) => (found.verdict, Some(&found.summary)),
        None => (Authentication::None, None),
    }
}

/// What all servers say, topmost first. `authors` are the addresses in From.
pub(super) fn results(headers: &Headers<'_>, authors: &[String]) -> Vec<AuthenticationResults> {
    let fields = headers.all("Authentication-Results").take(MAX_FIELDS);
    fields.map(|value| result(&value, authors)).collect()
}

fn result(value: &str, authors: &[String]) -> AuthenticationResults {
    let (server, found) = syntax::read(value);
    AuthenticationResults {
        server: one_line(&server, MAX_SERVER),
        verdict: verdict(&found, authors),
        summary: summary(&found),
    }
}

/// Whether the domain in From stands behind the mail.
///
/// DMARC is made for that question. Where it has no answer, a signature or an envelope of the same domain will do, and
/// without any a failed one tells against it. A mail with several authors passes for the first one's domain only, and
/// fails by DMARC only.
fn verdict(found: &[Found], authors: &[String]) -> Authentication {
    let says = |method: &str, results: &[&str]| {
        let mut of_method = found.iter().filter(|one| one.method == method);
        of_method.any(|one| results.contains(&one.result.as_str()))
    };
    if says("dmarc", &["fail"]) {
        return Authentication::Fail;
    }
    let Some(author) = authors.first().and_then(|first| domain(first)) else {
        return Authentication::None;
    };
    let single = authors.len() == 1;
    let stands_behind = |one: &Found| {
        one.result == "pass"
            && match (one.method.as_str(), checked(one)) {
                ("dmarc", None) => single,
                (_, Some(checked)) => aligned(&checked, &author),
                (_, None) => false,
            }
    };
    if found.iter().any(stands_behind) {
        return Authentication::Pass;
    }
    let any_pass = says("dkim", &["pass"]) || says("spf", &["pass"]);
    let any_fail = says("dkim", &["fail"]) || says("spf", &["fail", "hardfail", "softfail"]);
    if single && any_fail && !any_pass { Authentication::Fail } else { Authentication::None }
}

/// The domain that a result is about; absent for methods that say nothing about From.
fn checked(one: &Found) -> Option<String> {
    let value = match one.method.as_str() {
        "dmarc" => one.property("header.from"),
        // Gmail names only the identity, which lies within the signing domain (RFC 6376 §3.5).
        "dkim" => one.property("header.d").or_else(|| one.property("header.i")),
        "spf" => one.property("smtp.mailfrom"),
        _ => None,
    }?;
    domain(value).or_else(|| domain(&format!("@{value}")))
}

/// Whether one is the other or lies within it. That is DMARC's relaxed alignment (RFC 7489 §3.1) without a list of the
/// domains under which strangers register theirs; a bare top-level domain covers nobody.
fn aligned(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        outer.contains('.') && inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'))
    };
    one == other || within(one, other) || within(other, one)
}

fn summary(found: &[Found]) -> String {
    let of = |method| found.iter().filter(move |one: &&Found| one.method == method);
    let words: Vec<String> = METHODS
        .iter()
        .flat_map(|method| of(*method))
        .map(|one| match checked(one).filter(|_| one.method != "dmarc") {
            Some(domain) => format!("{}={} ({domain})", one.method, one.result),
            None => format!("{}={}", one.method, one.result),
        })
        .collect();
    if words.is_empty() { "none".to_owned() } else { one_line(&words.join(", "), MAX_SUMMARY) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict_of(from: &str, value: &str) -> (Authentication, String) {
        let raw = format!("Authentication-Results: mx.x.example; {value}\nFrom: {from}\n\n");
        let parsed = crate::message::parse(raw.as_bytes()).unwrap();
        let found = &parsed.authentication[0];
        assert_eq!(found.server, "mx.x.example");
        (found.verdict, found.summary.clone())
    }

    #[test]
    fn the_domain_in_from_must_stand_behind_the_mail() {
        use Authentication::{Fail, None, Pass};
        for (value, verdict, summary) in [
            ("none", None, "none"),
            ("dmarc=pass header.from=a.example", Pass, "dmarc=pass"),
            ("dmarc=pass (p=none)", Pass, "dmarc=pass"),
            ("dmarc=pass header.from=b.example", None, "dmarc=pass"),
            (
                "spf=pass smtp.mailfrom=m@b.example; dmarc=fail header.from=a.example",
                Fail,
                "dmarc=fail, spf=pass (b.example)",
            ),
            ("dkim=pass header.d=a.example; dmarc=fail", Fail, "dmarc=fail, dkim=pass (a.example)"),
            ("dmarc=none; dkim=pass header.d=A.Example", Pass, "dmarc=none, dkim=pass (a.example)"),
            ("dmarc=bestguesspass; spf=fail", Fail, "dmarc=bestguesspass, spf=fail"),
            ("dkim=pass header.d=mail.a.example", Pass, "dkim=pass (mail.a.example)"),
            ("dkim=pass header.i=@a.example", Pass, "dkim=pass (a.example)"),
            ("dkim=pass header.d=b.example header.i=@a.example", None, "dkim=pass (b.example)"),
            ("dkim=pass header.d=xa.example", None, "dkim=pass (xa.example)"),
            ("dkim=pass header.d=example", None, "dkim=pass (example)"),
            ("dkim=pass", None, "dkim=pass"),
            ("spf=pass smtp.mailfrom=bounce@a.example", Pass, "spf=pass (a.example)"),
            ("spf=pass smtp.mailfrom=a.example", Pass, "spf=pass (a.example)"),
            ("spf=pass smtp.mailfrom=b.example", None, "spf=pass (b.example)"),
            ("spf=pass smtp.helo=a.example", None, "spf=pass"),
            ("dkim=fail header.d=a.example", Fail, "dkim=fail (a.example)"),
            ("spf=softfail smtp.mailfrom=a.example", Fail, "spf=softfail (a.example)"),
            (
                "dkim=fail header.d=a.example; spf=pass smtp.mailfrom=b.example",
                None,
                "dkim=fail (a.example), spf=pass (b.example)",
            ),
            (
                "dkim=fail header.d=b.example; dkim=pass header.d=a.example",
                Pass,
                "dkim=fail (b.example), dkim=pass (a.example)",
            ),
            ("spf=neutral; dkim=temperror", None, "dkim=temperror, spf=neutral"),
            ("arc=pass header.d=a.example; iprev=fail", None, "none"),
        ] {
            let expected = (verdict, summary.to_owned());
            assert_eq!(verdict_of("Ann <ann@a.example>", value), expected, "{value}");
        }
    }

    #[test]
    fn several_authors_pass_for_the_first_and_fail_by_dmarc_only() {
        use Authentication::{Fail, None, Pass};
        for (value, verdict) in [
            ("dmarc=pass header.from=a.example", Pass),
            ("dmarc=pass header.from=b.example", None),
            ("dmarc=pass", None),
            ("dkim=pass header.d=b.example", None),
            ("dkim=pass header.d=a.example", Pass),
            ("dkim=fail header.d=a.example; spf=fail", None),
            ("dmarc=fail header.from=b.example", Fail),
        ] {
            for from in ["a@a.example, b@b.example", "a@a.example\nFrom: b@b.example"] {
                assert_eq!(verdict_of(from, value).0, verdict, "{from}: {value}");
            }
        }
    }

    #[test]
    fn without_an_author_nothing_passes() {
        let (verdict, _) = verdict_of("nobody", "dmarc=pass; dkim=pass header.d=a.example");
        assert_eq!(verdict, Authentication::None);
    }

    #[test]
    fn only_the_topmost_field_of_the_trusted_server_counts() {
        let raw = "Authentication-Results: other.example; dmarc=pass\n\
                   ARC-Authentication-Results: i=1; mx.a.example; dmarc=pass\n\
                   Authentication-Results: MX.A.example; dmarc=fail\n\
                   Authentication-Results: spf=pass smtp.mailfrom=a.example\n\
                   Authentication-Results: mx.a.example; dmarc=pass\n\
                   From: ann@a.example\n\n";
        let parsed = crate::message::parse(raw.as_bytes()).unwrap();
        assert_eq!(parsed.authentication.len(), 4);
        let by = |server| authentication_by(&parsed, server);
        assert_eq!(by("mx.a.example"), (Authentication::Fail, Some("dmarc=fail")));
        assert_eq!(by("Other.Example "), (Authentication::Pass, Some("dmarc=pass")));
        assert_eq!(by("*"), (Authentication::Pass, Some("dmarc=pass")));
        assert_eq!(by("a.example"), (Authentication::None, None));
        // A server that writes no name is not the one that nobody named.
        assert_eq!(by(""), (Authentication::None, None));
    }

    #[test]
    fn fields_are_capped() {
        let many = "Authentication-Results: x; none\n".repeat(100);
        let parsed = crate::message::parse(format!("{many}From: a@x\n\n").as_bytes()).unwrap();
        assert_eq!(parsed.authentication.len(), MAX_FIELDS);
    }
}
