//! **No lost grant**: the server is killed around the moment at which a provider's answer comes, and the answer is what
//! a new refresh token lies in.
//!
//! A provider that repeats its answer for a while loses nobody's grant, whenever the kill falls. With one that does not,
//! a grant is lost where the kill falls between the provider's acting and the commit; then the grant says so.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use outlink_model::Secret;
use outlink_practice::{Options, Practice, TokenFault, TokenState};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::postgresql::database;
use super::rig::outlink::Outlink;
use super::rig::process::Process;
use super::rig::{eventually, scratch};

const ALICE: &str = "alice@example.org";
const SCOPES: [&str; 4] = ["openid", "email", "offline_access", "mail.imap"];

/// For how long a good provider repeats its answer.
const GRACE: Duration = Duration::from_secs(30);
/// A kill falls so much before the answer, or after it, at most.
const AROUND: Duration = Duration::from_millis(20);
/// Longer than `outlink serve` waits for a token endpoint.
const TOO_LATE: Duration = Duration::from_secs(9);

/// A server and a provider, each in a process of its own, and one grant between them.
struct Pair {
    outlink: Outlink,
    /// Where its rows lie, if not in SQLite.
    database_url: Option<String>,
    practice: Practice,
    _runtime: Runtime,
    _dir: TempDir,
    grant: String,
}

/// What became of so many kills.
#[derive(Debug, Default)]
struct Figures {
    kills: u32,
    /// Before the answer left the provider, by the clock.
    before_answer: u32,
    /// Before the answer was kept, by what the provider was asked afterwards.
    before_commit: u32,
    /// Grants that need a new consent.
    lost: u32,
}

/// A number below `end`.
fn random(end: u64) -> u64 {
    RandomState::new().build_hasher().finish() % end
}

impl Pair {
    fn start(grace: Duration) -> Self {
        Self::start_on(None, grace)
    }

    fn start_on(database_url: Option<String>, grace: Duration) -> Self {
        let dir = scratch();
        let runtime = Runtime::new().expect("a runtime");
        let practice = runtime.block_on(outlink_practice::start(Options::new(dir.path())));
        let practice = practice.expect("a provider");
        practice.set(|settings| settings.refresh_grace = grace);
        let ca = practice.ca_pem_path.clone();
        let settings = settings(database_url.as_deref());
        let outlink = Outlink::start(&dir.path().join("outlink"), &ca, &settings);
        let link = json!({
            "name": "Work",
            "provider": "custom",
            "client_id": practice.client_id,
            "client_secret": practice.client_secret.expose(),
            "authorization_endpoint": practice.authorization_endpoint,
            "token_endpoint": practice.token_endpoint,
            "scope": SCOPES.join(" "),
        });
        let made = outlink.post("links", &link);
        assert_eq!(made.status, 201, "{made:?}");
        let mut pair = Self {
            outlink,
            database_url,
            practice,
            _runtime: runtime,
            _dir: dir,
            grant: String::new(),
        };
        pair.grant = pair.import();
        pair
    }

    /// A new grant of Alice's, from a refresh token of hers.
    fn import(&self) -> String {
        let (_, refresh) = self.practice.issue(ALICE, &SCOPES).expect("Alice is known");
        let refresh = refresh.expect("a refresh token");
        let made = self
            .outlink
            .post("grants", &json!({ "link": "Work", "refresh_token": refresh.expose() }));
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["id"].as_str().expect("an id").to_owned()
    }

    fn shown(&self) -> Value {
        self.outlink.get(&format!("grants/{}", self.grant)).json()
    }

    /// Refreshes the grant; whether fresh tokens were committed.
    fn refresh(&self) -> bool {
        let answer = self.outlink.post(&format!("grants/{}/refresh", self.grant), &json!({}));
        answer.status == 200
    }

    /// Begins a refresh whose answer goes wrong like this, and waits until `happened` by what the provider has counted.
    fn begin(&self, fault: TokenFault, happened: impl Fn(&Practice) -> bool) -> Process {
        self.practice.faults().next_token_answers(usize::MAX, fault);
        let command = self.outlink.begin(&["grant", "refresh", &self.grant]);
        let limit = Instant::now() + Duration::from_secs(30);
        while !happened(&self.practice) {
            assert!(Instant::now() < limit, "nobody asked: {}", self.outlink.log());
            std::thread::sleep(Duration::from_micros(200));
        }
        command
    }

    /// Kills the server and starts it again.
    fn kill(&mut self) {
        self.outlink.kill();
        self.practice.faults().clear();
        self.start_again(None);
    }

    /// Starts the server again, perhaps to crash at this point.
    fn start_again(&mut self, failpoint: Option<&str>) {
        let failpoint = failpoint.map(|name| ("OUTLINK_TEST_FAILPOINT", name));
        let settings = settings(self.database_url.as_deref());
        let settings: Vec<_> = settings.into_iter().chain(failpoint).collect();
        self.outlink.start_again(&settings);
    }

    /// Crashes the server at the commit itself of an answer. What it leaves behind is made good without anybody's asking,
    /// while the provider repeats its answer.
    fn crash_at_the_commit(&mut self) {
        self.outlink.kill();
        self.start_again(Some("before_refresh_commit"));
        let before = self.practice.counters();
        self.outlink.run(&["grant", "refresh", &self.grant]); // it gets no answer
        let ended = self.outlink.wait(Duration::from_secs(30));
        assert!(!ended.success(), "it was to crash: {ended}");
        let acted = self.practice.counters().refreshes;
        assert_eq!(acted, before.refreshes + 1, "the provider has acted");

        // Nobody asks for it: the server itself sees that an answer is missing, while the provider still has it.
        self.start_again(None);
        eventually("the answer anew", GRACE - Duration::from_secs(5), || {
            let repeated = self.practice.counters().repeated_refreshes;
            (repeated > before.repeated_refreshes).then_some(())
        });
        assert!(self.refresh(), "{}", self.shown());
        self.is_handed_out();
    }

    /// Kills the server at a random moment around the answer to a refresh, and looks what became of the grant.
    fn kill_around_an_answer(&mut self, figures: &mut Figures) {
        let before = self.practice.counters();
        let late = AROUND + Duration::from_millis(random(20));
        let asked = self.begin(TokenFault::Delay(late), |practice| {
            practice.counters().refreshes > before.refreshes
        });
        let moment = late - AROUND + Duration::from_micros(random(2 * 20_000));
        std::thread::sleep(moment);
        self.kill();
        drop(asked);

        let works = self.refresh();
        let after = self.practice.counters();
        let asked_again =
            after.repeated_refreshes + after.reuses > before.repeated_refreshes + before.reuses;
        figures.kills += 1;
        figures.before_answer += u32::from(moment < late);
        figures.before_commit += u32::from(asked_again);
        let shown = self.shown();
        if works {
            assert_eq!(shown["state"], "active", "{shown}");
            assert_eq!(after.reuses, before.reuses, "no spent token was shown too late");
        } else {
            says_why_it_ended(&shown);
            assert!(asked_again, "kept answers are not lost: {shown}");
            figures.lost += 1;
            self.grant = self.import();
        }
    }

    /// The same while the provider has not acted yet.
    fn kill_before_the_provider_acts(&mut self) {
        let before = self.practice.counters().token_requests;
        let stall = TokenFault::Stall(Duration::from_secs(5));
        let asked = self.begin(stall, |practice| practice.counters().token_requests > before);
        std::thread::sleep(Duration::from_millis(random(40)));
        self.kill();
        drop(asked);
        assert!(self.refresh(), "nothing was spent: {}", self.shown());
    }

    /// The access token at hand is one that the provider accepts.
    fn is_handed_out(&self) {
        let token = json!({ "name": "program", "scopes": ["grant_token"], "grants": [self.grant] });
        let made = self.outlink.post("tokens", &token);
        assert_eq!(made.status, 201, "{made:?}");
        let token = made.json()["token"].as_str().expect("a token").to_owned();
        let url = format!("{}/api/v1/grants/{}/token", self.outlink.base_url, self.grant);
        let handed = self.outlink.browser.get_with_token(&url, &token);
        assert_eq!(handed.status, 200, "{handed:?}");
        let access = Secret::new(handed.json()["access_token"].as_str().expect("a text"));
        assert_eq!(self.practice.token_state(&access), TokenState::Live);
    }
}

fn settings(database_url: Option<&str>) -> Vec<(&'static str, &str)> {
    database_url.map(|url| ("OUTLINK_DATABASE_URL", url)).into_iter().collect()
}

fn says_why_it_ended(grant: &Value) {
    assert_eq!(grant["state"], "needs_consent", "{grant}");
    assert_eq!(grant["actor"], "mailbox_owner", "{grant}");
    for text in ["reason", "hint"] {
        assert!(grant[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {grant}");
    }
    assert!(grant.to_string().contains("invalid_grant"), "in the provider's words: {grant}");
}

fn kills(grace: Duration, count: u32) -> Figures {
    let mut pair = Pair::start(grace);
    let mut figures = Figures::default();
    for _ in 0..count {
        pair.kill_around_an_answer(&mut figures);
    }
    pair.is_handed_out();
    figures
}

#[test]
fn kills_around_an_answer_lose_no_grant_where_the_provider_repeats_it() {
    let figures = kills(GRACE, 20);
    assert_eq!((figures.kills, figures.lost), (20, 0), "{figures:?}");
    assert!(figures.before_commit > 0, "no kill fell where it hurts: {figures:?}");
}

#[test]
fn without_a_grace_a_killed_refresh_works_or_says_that_consent_is_needed() {
    let figures = kills(Duration::ZERO, 20);
    assert_eq!(figures.kills, 20, "{figures:?}");
    assert!(figures.lost <= figures.before_commit, "{figures:?}");
    let mut pair = Pair::start(Duration::ZERO);
    for _ in 0..4 {
        pair.kill_before_the_provider_acts();
    }
    assert_eq!(pair.practice.counters().reuses, 0, "what was not spent is not lost");
}

#[test]
fn a_crash_at_the_commit_itself_is_made_good_at_the_next_start() {
    Pair::start(GRACE).crash_at_the_commit();
}

/// There a lease outlives its server, since other nodes may live: whoever comes next waits until it has lapsed.
#[test]
fn on_postgresql_too_kills_around_an_answer_lose_no_grant() {
    let Some(url) = database("killed") else {
        eprintln!("not tried: TEST_DATABASE_URL names no PostgreSQL");
        return;
    };
    let mut pair = Pair::start_on(Some(url), GRACE);
    let mut figures = Figures::default();
    while figures.before_commit < 2 && figures.kills < 20 {
        pair.kill_around_an_answer(&mut figures);
    }
    assert_eq!(figures.lost, 0, "{figures:?}");
    assert_eq!(figures.before_commit, 2, "so many fell where it hurts: {figures:?}");
    pair.crash_at_the_commit();
}

#[test]
fn an_answer_after_our_time_limit_is_asked_for_again() {
    let pair = Pair::start(GRACE);
    pair.practice.faults().next_token_answers(1, TokenFault::Delay(TOO_LATE));
    assert!(pair.refresh(), "{}", pair.shown());
    assert_eq!(pair.practice.counters().repeated_refreshes, 1, "the same answer, in time");
    assert_eq!(pair.shown()["state"], "active");
    pair.is_handed_out();
}

#[test]
fn an_answer_after_our_time_limit_that_is_not_repeated_ends_the_grant_in_words() {
    let pair = Pair::start(Duration::ZERO);
    pair.practice.faults().next_token_answers(1, TokenFault::Delay(TOO_LATE));
    assert!(!pair.refresh(), "the provider has no other answer");
    says_why_it_ended(&pair.shown());
}

/// By hand: `scripts/soak refresh [N]`.
#[test]
#[ignore = "takes a quarter of an hour: scripts/soak"]
fn soak() {
    #[expect(clippy::disallowed_methods, reason = "it is for the tests, and no setting of ours")]
    let count = std::env::var("SOAK_KILLS").ok().and_then(|count| count.parse().ok());
    let count: u32 = count.unwrap_or(1000);
    for (name, grace) in [("30 s", GRACE), ("none", Duration::ZERO)] {
        let began = Instant::now();
        let Figures { kills, before_answer, before_commit, lost } = kills(grace, count);
        println!(
            "grace {name:>5}: {kills} kills, {before_answer} before the answer, {before_commit} before the commit, \
             {lost} grants lost, {} s",
            began.elapsed().as_secs()
        );
        assert!(grace.is_zero() || lost == 0, "grants were lost");
    }
}
