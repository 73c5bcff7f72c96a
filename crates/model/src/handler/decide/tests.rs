//! The table of [`decide`], row by row.

use uuid::Uuid;

use super::*;
use crate::handler::{HandlerSettings, SenderRule};
use crate::{MailServerId, Timestamp};

const PROJECT: ProjectId = ProjectId(Uuid::from_u128(1));
const OTHER_PROJECT: ProjectId = ProjectId(Uuid::from_u128(2));
const ISSUE: IssueId = IssueId(Uuid::from_u128(12));
const OTHER_ISSUE: IssueId = IssueId(Uuid::from_u128(13));

const TYPES: [HandlerType; 5] = [
    HandlerType::CreateOrComment,
    HandlerType::CommentNewText,
    HandlerType::CommentWhole,
    HandlerType::Create,
    HandlerType::CommentBeforeMarker,
];

fn id(number: u128) -> HandlerId {
    HandlerId(Uuid::from_u128(number))
}

fn numbered(number: u128, kind: HandlerType, settings: HandlerSettings) -> Handler {
    Handler {
        id: id(number),
        name: format!("H{number}"),
        mail_server_id: MailServerId(Uuid::from_u128(9)),
        project_id: PROJECT,
        kind,
        position: u32::try_from(number).unwrap(),
        enabled: true,
        settings,
        outgoing_id: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn handler(settings: HandlerSettings) -> Handler {
    numbered(1, HandlerType::CreateOrComment, settings)
}

fn usual() -> HandlerSettings {
    HandlerSettings::default()
}

fn rules(texts: &[&str]) -> Vec<SenderRule> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A mail of somebody unknown that belongs to nothing.
fn mail() -> Facts {
    Facts {
        sender: "ann@example.org".into(),
        recipients: vec!["support@example.com".into()],
        ..Facts::default()
    }
}

fn machine(kind: MachineKind) -> Option<Machine> {
    Some(Machine { kind, why: "it says so".into() })
}

fn found(issue_id: IssueId, by: MatchedBy, is_involved: bool) -> Option<Match> {
    Some(Match { issue_id, key: format!("SUP-{}", issue_id.0.as_u128()), by, is_involved })
}

/// What the handlers decide where no list holds for all.
fn by(handlers: &[Handler], facts: &Facts) -> Verdict {
    decide(handlers, &SenderLists::default(), facts)
}

fn one(settings: HandlerSettings, facts: &Facts) -> Decision {
    by(&[handler(settings)], facts).decision
}

const CREATED: Decision = Decision::Create(PROJECT);

#[test]
fn our_own_mail_is_refused_whoever_is_trusted() {
    let facts = Facts { is_own: true, ..mail() };
    let trusting =
        HandlerSettings { allow: rules(&["ann@example.org"]), bulk: Bulk::Accept, ..usual() };
    let lists = SenderLists { allow: rules(&["*"]), deny: Vec::new() };
    let verdict = decide(&[handler(trusting)], &lists, &facts);
    assert_eq!((verdict.decision, verdict.handler), (Decision::Reject, None));
    assert!(verdict.why.contains("outlink itself"), "{}", verdict.why);
}

#[test]
fn a_sender_denied_for_all_is_refused_before_any_handler_is_asked() {
    let lists = SenderLists { allow: rules(&["*"]), deny: rules(&["example.org"]) };
    let allowing = HandlerSettings { allow: rules(&["ann@example.org"]), ..usual() };
    let verdict = decide(&[handler(allowing)], &lists, &mail());
    assert_eq!((verdict.decision, verdict.handler), (Decision::Reject, None));
    assert!(verdict.why.contains("example.org"), "the rule is named: {}", verdict.why);
}

#[test]
fn a_handler_takes_mail_to_its_addresses_with_any_word_behind_a_plus() {
    let catching = |address: &str| HandlerSettings { catch: vec![address.into()], ..usual() };
    for (caught, recipients, taken) in [
        ("support@example.com", &["support@example.com"][..], true),
        ("support@example.com", &["support+web@example.com"], true),
        ("support@example.com", &["support+a+b@example.com"], true),
        ("support+web@example.com", &["support+web@example.com"], true),
        ("support+web@example.com", &["support@example.com"], false),
        ("support@example.com", &["sales@example.com", "support@example.com"], true),
        ("support@example.com", &["sales@example.com"], false),
        ("support@example.com", &["support@example.com.evil.example"], false),
        ("support@example.com", &["xsupport@example.com"], false),
        ("support@example.com", &[], false),
    ] {
        let recipients = recipients.iter().map(|&address| address.to_owned()).collect();
        let facts = Facts { recipients, ..mail() };
        let verdict = by(&[handler(catching(caught))], &facts);
        assert_eq!(verdict.decision == CREATED, taken, "{caught} {facts:?}");
        if !taken {
            assert_eq!(verdict.decision, Decision::Unhandled);
            assert!(verdict.why.contains(caught), "{}", verdict.why);
        }
    }
    let facts = Facts { recipients: Vec::new(), ..mail() };
    assert_eq!(one(usual(), &facts), CREATED, "without addresses all mail is taken");
}

#[test]
fn mail_for_another_address_is_left_even_where_its_sender_is_denied() {
    let settings = HandlerSettings {
        catch: vec!["sales@example.com".into()],
        deny: rules(&["ann@example.org"]),
        ..usual()
    };
    assert_eq!(one(settings, &mail()), Decision::Unhandled);
}

#[test]
fn only_the_handlers_own_list_says_whose_mail_alone_is_taken() {
    let settings =
        |allow: &[&str]| HandlerSettings { allow: rules(allow), only_allowed: true, ..usual() };
    assert_eq!(one(settings(&["ann@example.org"]), &mail()), CREATED);
    assert_eq!(one(settings(&["*@example.org"]), &mail()), CREATED);
    assert_eq!(one(settings(&["bob@example.org"]), &mail()), Decision::Unhandled);
    assert_eq!(one(settings(&[]), &mail()), Decision::Unhandled);
    let lists = SenderLists { allow: rules(&["ann@example.org"]), deny: Vec::new() };
    let verdict = decide(&[handler(settings(&["bob@example.org"]))], &lists, &mail());
    assert_eq!(verdict.decision, Decision::Unhandled, "trusted by all is not allowed here");
}

#[test]
fn a_denied_sender_is_refused_even_where_they_are_trusted_too() {
    let settings = HandlerSettings {
        allow: rules(&["ann@example.org"]),
        deny: rules(&["*@example.org"]),
        ..usual()
    };
    let verdict = by(&[handler(settings)], &mail());
    assert_eq!((verdict.decision, verdict.handler), (Decision::Reject, Some(id(1))));
    assert!(verdict.why.contains("*@example.org"), "{}", verdict.why);
}

#[test]
fn machine_made_mail_goes_by_the_policy_and_reports_are_always_refused() {
    use MachineKind::{Bulk as ToMany, List, Reply, Report};
    let forwarded = || Decision::Forward("ops@example.com".into());
    for (policy, forward, lists, kind, expected) in [
        (Bulk::Ignore, true, false, Reply, Decision::Reject),
        (Bulk::Ignore, true, false, ToMany, Decision::Reject),
        (Bulk::Ignore, true, false, List, CREATED),
        (Bulk::Ignore, true, true, List, Decision::Reject),
        (Bulk::Ignore, true, false, Report, Decision::Reject),
        (Bulk::Forward, true, false, Reply, forwarded()),
        (Bulk::Forward, true, false, ToMany, forwarded()),
        (Bulk::Forward, true, false, List, CREATED),
        (Bulk::Forward, true, true, List, forwarded()),
        (Bulk::Forward, true, false, Report, Decision::Reject),
        (Bulk::Forward, false, false, Reply, Decision::Reject),
        (Bulk::Delete, true, false, Reply, Decision::Delete),
        (Bulk::Delete, true, false, ToMany, Decision::Delete),
        (Bulk::Delete, true, false, List, CREATED),
        (Bulk::Delete, true, true, List, Decision::Delete),
        (Bulk::Delete, true, false, Report, Decision::Reject),
        (Bulk::Accept, true, false, Reply, CREATED),
        (Bulk::Accept, true, false, ToMany, CREATED),
        (Bulk::Accept, true, true, List, CREATED),
        (Bulk::Accept, true, false, Report, Decision::Reject),
    ] {
        let settings = HandlerSettings {
            bulk: policy,
            bulk_lists: lists,
            forward_to: forward.then(|| "ops@example.com".to_owned()),
            ..usual()
        };
        let facts = Facts { machine: machine(kind), ..mail() };
        let verdict = by(&[handler(settings)], &facts);
        let said = format!("{policy} {forward} {lists} {kind:?}");
        assert_eq!(verdict.decision, expected, "{said}");
        assert_eq!(verdict.handler, Some(id(1)), "{said}");
        if expected != CREATED {
            assert_eq!(verdict.why, "A machine wrote it: it says so.", "{said}");
        }
    }
}

#[test]
fn nothing_is_sent_on_to_where_it_comes_from() {
    use MachineKind::{Bulk as ToMany, List, Reply};
    let forwarded = || Decision::Forward("ops+mail@example.com".into());
    let settings = |bulk, bulk_lists, allow: &[&str]| HandlerSettings {
        bulk,
        bulk_lists,
        allow: rules(allow),
        create_persons: false,
        forward_to: Some("ops+mail@example.com".into()),
        ..usual()
    };
    for sender in ["ops+mail@example.com", "ops@example.com", "Ops+x@Example.COM"] {
        for (bulk, lists, kind, allow, expected) in [
            (Bulk::Forward, false, Some(Reply), &[][..], Decision::Reject),
            (Bulk::Forward, false, Some(ToMany), &[], Decision::Reject),
            (Bulk::Forward, true, Some(List), &[], Decision::Reject),
            (Bulk::Forward, false, Some(List), &[], Decision::Quarantine),
            (Bulk::Accept, false, Some(Reply), &[], Decision::Reject),
            (Bulk::Forward, false, Some(Reply), &["example.com"], Decision::Reject),
            (Bulk::Forward, false, None, &[], Decision::Quarantine),
            (Bulk::Forward, false, None, &["example.com"], Decision::Quarantine),
        ] {
            let facts = Facts { sender: sender.into(), machine: kind.and_then(machine), ..mail() };
            let verdict = by(&[handler(settings(bulk, lists, allow))], &facts);
            let said = format!("{sender} {bulk} {lists} {kind:?} {allow:?}");
            assert_eq!(verdict.decision, expected, "{said}");
            assert!(verdict.why.contains("from ops+mail@example.com itself"), "{}", verdict.why);
            let other = Facts { sender: "ops2@example.com".into(), ..facts };
            let verdict = by(&[handler(settings(bulk, lists, allow))], &other);
            assert_eq!(verdict.decision, forwarded(), "{said}");
        }
    }
}

#[test]
fn mail_is_sent_on_only_so_often_whoever_is_trusted() {
    use MachineKind::{Bulk as ToMany, Reply};
    let settings = |bulk, allow: &[&str]| HandlerSettings {
        bulk,
        allow: rules(allow),
        create_persons: false,
        forward_to: Some("ops@example.com".into()),
        sender_per_hour: 3,
        ..usual()
    };
    for (bulk, kind, allow) in [
        (Bulk::Forward, Some(Reply), &[][..]),
        (Bulk::Forward, Some(ToMany), &[]),
        (Bulk::Accept, Some(ToMany), &[]),
        (Bulk::Forward, Some(Reply), &["ann@example.org"]),
        (Bulk::Ignore, None, &[]),
        (Bulk::Ignore, None, &["ann@example.org"]),
    ] {
        for (wrote, expected) in
            [(2, Decision::Forward("ops@example.com".into())), (3, Decision::Quarantine)]
        {
            let facts = Facts { machine: kind.and_then(machine), from_sender: wrote, ..mail() };
            let verdict = by(&[handler(settings(bulk, allow))], &facts);
            assert_eq!(verdict.decision, expected, "{bulk} {kind:?} {allow:?} {wrote}");
            let tells = verdict.why.contains("More than 3 messages of this sender");
            assert_eq!(tells, wrote == 3, "{}", verdict.why);
        }
    }
    let comments = HandlerSettings {
        allow: rules(&["ann@example.org"]),
        create_persons: true,
        ..settings(Bulk::Ignore, &[])
    };
    let facts = Facts { from_sender: 3, ..mail() };
    assert_eq!(one(comments, &facts), CREATED, "who is trusted may write as much as they like");
}

#[test]
fn neither_the_machine_filter_nor_limits_hold_for_who_is_trusted() {
    let hurried = Facts {
        machine: machine(MachineKind::Reply),
        from_sender: 1000,
        from_sender_in_issue: 1000,
        by_headers: found(ISSUE, MatchedBy::InReplyTo, true),
        ..mail()
    };
    let commented = Decision::Comment(ISSUE, Text::New);
    assert_eq!(one(usual(), &hurried), Decision::Reject);
    let trusting = HandlerSettings { allow: rules(&["ann@example.org"]), ..usual() };
    assert_eq!(one(trusting, &hurried), commented);
    let lists = SenderLists { allow: rules(&["example.org"]), deny: Vec::new() };
    assert_eq!(decide(&[handler(usual())], &lists, &hurried).decision, commented);
}

#[test]
fn mail_that_nobody_stands_behind_goes_by_the_policy_whoever_is_trusted() {
    for (policy, told, expected) in [
        (Unauthenticated::Accept, Authentication::Fail, CREATED),
        (Unauthenticated::Mark, Authentication::Fail, CREATED),
        (Unauthenticated::Quarantine, Authentication::Fail, Decision::Quarantine),
        (Unauthenticated::Quarantine, Authentication::None, CREATED),
        (Unauthenticated::Quarantine, Authentication::Pass, CREATED),
    ] {
        // Who is trusted is known by an address, which may be the very lie.
        for allow in [&[][..], &["ann@example.org"]] {
            let settings =
                HandlerSettings { unauthenticated: policy, allow: rules(allow), ..usual() };
            let facts = Facts { authentication: told, ..mail() };
            assert_eq!(one(settings, &facts), expected, "{policy} {told} {allow:?}");
        }
    }
}

#[test]
fn who_writes_too_much_is_quarantined() {
    let limited = |sender, issue| HandlerSettings {
        sender_per_hour: sender,
        issue_per_hour: issue,
        ..usual()
    };
    for (sender, issue, wrote, wrote_there, expected) in [
        (3, 0, 2, 0, CREATED),
        (3, 0, 3, 0, Decision::Quarantine),
        (0, 0, 9999, 9999, CREATED),
        (0, 3, 9999, 2, CREATED),
        (0, 3, 9999, 3, Decision::Quarantine),
        (100, 3, 3, 3, Decision::Quarantine),
    ] {
        let facts = Facts { from_sender: wrote, from_sender_in_issue: wrote_there, ..mail() };
        let verdict = by(&[handler(limited(sender, issue))], &facts);
        assert_eq!(verdict.decision, expected, "{sender} {issue} {facts:?}");
        if expected == Decision::Quarantine {
            assert!(verdict.why.contains("More than 3 messages"), "{}", verdict.why);
        }
    }
}

#[test]
fn an_unknown_sender_needs_a_person_or_somebody_who_stands_in() {
    let settings = |create: bool, stand_in: bool| HandlerSettings {
        create_persons: create,
        default_reporter: stand_in.then(|| "desk@example.com".to_owned()),
        ..usual()
    };
    for (create, stand_in, known, expected) in [
        (true, false, false, CREATED),
        (true, true, false, CREATED),
        (false, true, false, CREATED),
        (false, false, true, CREATED),
        (false, false, false, Decision::Unhandled),
    ] {
        let facts = Facts { is_known: known, ..mail() };
        assert_eq!(
            one(settings(create, stand_in), &facts),
            expected,
            "{create} {stand_in} {known}"
        );
    }
    let forwarding =
        HandlerSettings { forward_to: Some("ops@example.com".into()), ..settings(false, false) };
    let verdict = by(&[handler(forwarding)], &mail());
    assert_eq!(verdict.decision, Decision::Forward("ops@example.com".into()));
    assert!(verdict.why.contains("the sender is unknown"), "{}", verdict.why);
}

#[test]
fn each_type_does_what_its_name_says_with_and_without_an_issue() {
    let issue = Facts { by_headers: found(ISSUE, MatchedBy::InReplyTo, true), ..mail() };
    for kind in TYPES {
        let decided = |facts: &Facts, settings| by(&[numbered(1, kind, settings)], facts).decision;
        let (with, without) = match kind {
            HandlerType::CreateOrComment => (Decision::Comment(ISSUE, Text::New), CREATED),
            HandlerType::CommentNewText => {
                (Decision::Comment(ISSUE, Text::New), Decision::Unhandled)
            }
            HandlerType::CommentWhole => {
                (Decision::Comment(ISSUE, Text::Whole), Decision::Unhandled)
            }
            HandlerType::Create => (CREATED, CREATED),
            HandlerType::CommentBeforeMarker => {
                (Decision::Comment(ISSUE, Text::BeforeMarker), Decision::Unhandled)
            }
        };
        assert_eq!(decided(&issue, usual()), with, "{kind}");
        assert_eq!(decided(&mail(), usual()), without, "{kind}");
        let forwarding = HandlerSettings { forward_to: Some("ops@example.com".into()), ..usual() };
        let sent_on = match without {
            Decision::Unhandled => Decision::Forward("ops@example.com".into()),
            other => other,
        };
        assert_eq!(decided(&mail(), forwarding.clone()), sent_on, "{kind}");
        assert_eq!(decided(&issue, forwarding), with, "{kind}");
        let whole = HandlerSettings { strip_quotes: false, ..usual() };
        let with_whole = match kind {
            HandlerType::CreateOrComment => Decision::Comment(ISSUE, Text::Whole),
            _ => with,
        };
        assert_eq!(decided(&issue, whole), with_whole, "{kind}");
    }
}

#[test]
fn a_key_leads_before_headers_but_only_those_who_have_a_part_in_the_issue() {
    let key = |involved| found(ISSUE, MatchedBy::Key, involved);
    let headers = |by| found(OTHER_ISSUE, by, false);
    let on = |issue| Decision::Comment(issue, Text::New);
    for (only_involved, by_key, by_headers, expected, why) in [
        (true, key(true), None, on(ISSUE), "SUP-12 stands in its subject."),
        (true, key(false), None, CREATED, "the sender has no part in SUP-12"),
        (false, key(false), None, on(ISSUE), "SUP-12 stands in its subject."),
        (true, key(true), headers(MatchedBy::InReplyTo), on(ISSUE), "SUP-12 stands"),
        (
            true,
            key(false),
            headers(MatchedBy::InReplyTo),
            on(OTHER_ISSUE),
            "answers a message of SUP-13",
        ),
        (false, key(false), headers(MatchedBy::InReplyTo), on(ISSUE), "SUP-12 stands"),
        (
            true,
            None,
            headers(MatchedBy::References),
            on(OTHER_ISSUE),
            "refers to a message of SUP-13",
        ),
        (
            true,
            None,
            headers(MatchedBy::OwnId),
            on(OTHER_ISSUE),
            "answers a mail of ours about SUP-13",
        ),
        (true, None, None, CREATED, ""),
    ] {
        let facts = Facts { by_key, by_headers, ..mail() };
        let settings = HandlerSettings { only_involved, ..usual() };
        let verdict = by(&[handler(settings)], &facts);
        assert_eq!(verdict.decision, expected, "{facts:?}");
        assert!(verdict.why.contains(why), "{why}: {}", verdict.why);
    }
    let facts = Facts { by_key: key(false), ..mail() };
    let comments = numbered(1, HandlerType::CommentNewText, usual());
    let verdict = by(&[comments], &facts);
    assert_eq!(verdict.decision, Decision::Unhandled);
    assert!(verdict.why.contains("no part in SUP-12"), "{}", verdict.why);
}

#[test]
fn a_word_behind_a_plus_names_the_project_where_the_handler_wants_it() {
    let facts = Facts { project_by_tag: Some((OTHER_PROJECT, "web".into())), ..mail() };
    assert_eq!(one(usual(), &facts), CREATED);
    let tagged = HandlerSettings { sub_addresses: true, ..usual() };
    assert_eq!(one(tagged.clone(), &facts), Decision::Create(OTHER_PROJECT));
    let creates = numbered(1, HandlerType::Create, tagged);
    assert_eq!(by(&[creates], &facts).decision, Decision::Create(OTHER_PROJECT));
}

#[test]
fn handlers_are_asked_in_their_order_and_those_switched_off_are_not() {
    let sales = HandlerSettings { catch: vec!["sales@example.com".into()], ..usual() };
    let first = numbered(1, HandlerType::Create, sales.clone());
    let second = numbered(2, HandlerType::CommentWhole, usual());
    let third = numbered(3, HandlerType::Create, usual());
    let fourth = numbered(4, HandlerType::Create, usual());
    let all = [first, second, Handler { enabled: false, ..third }, fourth.clone()];
    let verdict = by(&all, &mail());
    assert_eq!((verdict.handler, verdict.decision), (Some(id(4)), CREATED));
    let left: Vec<HandlerId> = verdict.left.iter().map(|left| left.handler).collect();
    assert_eq!(left, [id(1), id(2)], "each that was asked, and none that was not");
    let to_sales = Facts { recipients: vec!["sales@example.com".into()], ..mail() };
    assert_eq!(by(&all, &to_sales).handler, Some(id(1)));
    let turned = [fourth, numbered(1, HandlerType::Create, sales)];
    assert_eq!(by(&turned, &to_sales).handler, Some(id(4)), "the order is that of the list");
}

#[test]
fn what_nobody_takes_carries_every_reason() {
    let sales = HandlerSettings { catch: vec!["sales@example.com".into()], ..usual() };
    let friends = HandlerSettings { only_allowed: true, ..usual() };
    let all = [
        numbered(1, HandlerType::Create, sales),
        numbered(2, HandlerType::Create, friends),
        numbered(3, HandlerType::CommentWhole, usual()),
    ];
    let verdict = by(&all, &mail());
    assert_eq!((verdict.decision, verdict.handler), (Decision::Unhandled, None));
    assert_eq!(verdict.left.len(), 3);
    assert_eq!(
        verdict.why,
        "H1 takes mail to sales@example.com alone. H2 does not take mail of this sender. \
         H3 cannot handle it: it belongs to no issue."
    );
    let nobody = by(&[], &mail());
    assert_eq!((nobody.decision, nobody.why.as_str()), (Decision::Unhandled, ""));
}

#[test]
fn whoever_is_known_to_lie_about_the_sender_gets_nothing_for_it() {
    let key = Match {
        issue_id: IssueId(Uuid::from_u128(7)),
        key: "SUP-7".into(),
        by: MatchedBy::Key,
        is_involved: true,
    };
    let facts = |authentication| Facts {
        sender: "ann@example.org".into(),
        authentication,
        by_key: Some(key.clone()),
        ..Facts::default()
    };
    let taker = |unauthenticated| {
        let mut taker = handler(usual());
        taker.settings.unauthenticated = unauthenticated;
        taker
    };
    for (policy, authentication, comments) in [
        (Unauthenticated::Mark, Authentication::Pass, true),
        (Unauthenticated::Mark, Authentication::None, true),
        (Unauthenticated::Mark, Authentication::Fail, false),
        (Unauthenticated::Accept, Authentication::Fail, true),
    ] {
        let made = decide(&[taker(policy)], &SenderLists::default(), &facts(authentication));
        let is_comment = matches!(made.decision, Decision::Comment(..));
        assert_eq!(is_comment, comments, "{policy} {authentication}: {made:?}");
        let mut only = taker(policy);
        only.settings.allow = vec!["example.org".parse().unwrap()];
        only.settings.only_allowed = true;
        let made = decide(&[only], &SenderLists::default(), &facts(authentication));
        assert_eq!(made.decision != Decision::Unhandled, comments, "{policy} {authentication}");
    }
}
