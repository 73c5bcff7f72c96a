//! What becomes of issues: their fields, their keys, and who has a part in them.

use outlink_model::tracker::{IssueStatus, NewComment, NewIssue, Person, Priority};
use outlink_store::{Error, IssueFilter, Page, Store};

use crate::bench::{Bench, on_both};
use crate::samples::{alice, at, channel, comment, created, ended, id, new_issue, page, project};

on_both!(
    an_issue_keeps_what_its_mail_said,
    issues_are_found_by_status_and_label,
    a_resolved_issue_is_opened_again,
    an_issue_that_was_moved_is_found_by_every_key_it_had,
    those_who_have_a_part_are_known,
    people_and_projects_are_found_within_an_intake,
);

async fn an_issue_keeps_what_its_mail_said(Bench { store, .. }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    let reporter = alice(&mut intake).await;
    let bob = intake.person("bob@example.org", "Bob", id(2)).await.unwrap();
    let new = NewIssue {
        issue_type: "Incident".into(),
        priority: Some(Priority::Highest),
        labels: vec!["urgent".into(), "büro".into()],
        assignee: Some(bob.id),
        ..new_issue(1, reporter)
    };
    assert_eq!(intake.create_issue(&new, at(2)).await.unwrap(), "SUP-1");
    let known = intake.issue_to_follow(id(1), "bob@example.org").await.unwrap();
    assert_eq!(known, Some(("SUP-1".into(), false)));
    assert_eq!(intake.issue_to_follow(id(2), "bob@example.org").await.unwrap(), None);
    intake.savepoint().await.unwrap();
    let nobody = NewIssue { assignee: Some(id(99)), ..new_issue(2, reporter) };
    let made = intake.create_issue(&nobody, at(2)).await;
    assert!(matches!(ended(&mut intake, made).await, Err(Error::Missing)));
    intake.rollback_to_savepoint().await.unwrap();
    intake.commit().await.unwrap();
    let read = store.issue(id(1)).await.unwrap().unwrap();
    assert_eq!((read.issue_type.as_str(), read.priority), ("Incident", Some(Priority::Highest)));
    assert_eq!(read.labels, ["urgent", "büro"]);
    assert_eq!(read.assignee, Some(bob));
    assert_eq!((read.status, read.reporter.id), (IssueStatus::Open, reporter));
}

async fn keys(store: &Store, filter: IssueFilter) -> Vec<String> {
    let listed = store.issues(&filter, &Page::default()).await.unwrap();
    listed.items.into_iter().map(|issue| issue.key).collect()
}

async fn issues_are_found_by_status_and_label(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_project(&project(2, "OPS")).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    let reporter = alice(&mut intake).await;
    let odd = "x\",\"printer";
    for (n, project, labels) in [
        (1, 1, &["printer", "büro"][..]),
        (2, 1, &["printers"]),
        (3, 2, &["fast", "printer"]),
        (4, 1, &[odd]),
        (5, 1, &["x[\"printer"]),
        (6, 1, &[]),
    ] {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let issue = NewIssue { project_id: id(project), labels, ..new_issue(n, reporter) };
        intake.create_issue(&issue, at(2)).await.unwrap();
    }
    intake.commit().await.unwrap();
    store.set_issue_status(id(1), IssueStatus::Resolved, at(9)).await.unwrap();
    let any = IssueFilter::default;
    let label = |label: &str| IssueFilter { label: Some(label.into()), ..any() };
    let resolved = IssueFilter { status: Some(IssueStatus::Resolved), ..any() };
    assert_eq!(keys(&store, label("printer")).await, ["OPS-1", "SUP-1"]);
    assert_eq!(keys(&store, label("büro")).await, ["SUP-1"]);
    assert_eq!(keys(&store, label(odd)).await, ["SUP-3"]);
    assert_eq!(keys(&store, label("print")).await, [""; 0]);
    assert_eq!(keys(&store, label("")).await, [""; 0]);
    assert_eq!(keys(&store, resolved.clone()).await, ["SUP-1"]);
    let both = IssueFilter { project: Some(id(1)), ..label("printer") };
    assert_eq!(keys(&store, both).await, ["SUP-1"]);
    let open = IssueFilter { status: Some(IssueStatus::Open), ..any() };
    let first = store.issues(&open, &page(4, None)).await.unwrap();
    let second = store.issues(&open, &page(4, first.next.as_deref())).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next), (4, 1, None));
}

async fn a_resolved_issue_is_opened_again(Bench { store, .. }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    let alice = alice(&mut intake).await;
    let reopening = |n| NewComment { reopens: true, ..comment(n, 1, alice, "And") };
    intake.add_comment(&reopening(1), at(5)).await.unwrap();
    intake.commit().await.unwrap();
    store.set_issue_status(id(1), IssueStatus::Resolved, at(9)).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    intake.add_comment(&comment(2, 1, alice, "Thanks"), at(7)).await.unwrap();
    intake.commit().await.unwrap();
    let read = store.issue(id(1)).await.unwrap().unwrap();
    assert_eq!((read.status, read.updated_at), (IssueStatus::Resolved, at(9)));
    let mut intake = store.intake().await.unwrap();
    intake.add_comment(&reopening(3), at(7)).await.unwrap();
    intake.commit().await.unwrap();
    let read = store.issue(id(1)).await.unwrap().unwrap();
    assert_eq!((read.status, read.updated_at), (IssueStatus::Open, at(9)), "never back in time");
    let missing = store.set_issue_status(id(2), IssueStatus::Open, at(9)).await;
    assert!(matches!(missing, Err(Error::Missing)));
}

async fn an_issue_that_was_moved_is_found_by_every_key_it_had(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_project(&project(2, "OPS")).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    created(&mut intake, 2).await;
    intake.commit().await.unwrap();
    assert_eq!(store.move_issue(id(1), id(2), at(9)).await.unwrap(), "OPS-1");
    assert_eq!(store.move_issue(id(1), id(1), at(10)).await.unwrap(), "SUP-3", "a new number");
    let stays = store.move_issue(id(1), id(1), at(11)).await;
    assert!(matches!(stays, Err(Error::Taken("project"))));
    assert!(matches!(store.move_issue(id(1), id(7), at(11)).await, Err(Error::Missing)));
    assert!(matches!(store.move_issue(id(9), id(1), at(11)).await, Err(Error::Missing)));

    let mut intake = store.intake().await.unwrap();
    for key in ["SUP-1", "OPS-1", "SUP-3"] {
        let read = store.issue_by_key(key).await.unwrap().unwrap();
        assert_eq!((read.id, read.key.as_str(), read.project_id), (id(1), "SUP-3", id(1)), "{key}");
        assert_eq!(read.updated_at, at(10));
        let found = intake.issue_by_key(key).await.unwrap();
        assert_eq!(found, Some((id(1), "SUP-3".to_owned())), "{key}");
    }
    assert_eq!(store.former_keys(id(1)).await.unwrap(), ["OPS-1", "SUP-1"]);
    assert!(store.former_keys(id(2)).await.unwrap().is_empty());
    assert_eq!(intake.issue_by_key("SUP-2").await.unwrap(), Some((id(2), "SUP-2".to_owned())));
    assert_eq!(intake.issue_by_key("OPS-2").await.unwrap(), None);
    assert!(store.issue_by_key("OPS-2").await.unwrap().is_none());
    assert_eq!(created(&mut intake, 3).await, "SUP-4", "no number is used up in vain");
}

async fn those_who_have_a_part_are_known(Bench { store, .. }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    created(&mut intake, 2).await;
    let addresses = ["b@example.org", "", "a@example.org", "b@example.org"].map(str::to_owned);
    let mut addresses = addresses.to_vec();
    addresses.push(format!("{}@example.org", "x".repeat(4000)));
    intake.involve(id(1), &addresses);
    intake.involve(id(1), &["c@example.org".to_owned(), "a@example.org".to_owned()]);
    intake.involve(id(1), &[]);
    assert!(intake.is_involved(id(1), "a@example.org").await.unwrap());
    for (issue, address) in [(2, "a@example.org"), (1, "alice@example.org"), (1, "")] {
        assert!(!intake.is_involved(id(issue), address).await.unwrap(), "{issue} {address}");
    }
    let bob = intake.person("bob@example.org", "Bob", id(2)).await.unwrap();
    let alice = intake.person("alice@example.org", "Alice", id(3)).await.unwrap();
    for person in [bob.id, alice.id, bob.id] {
        intake.watch(id(1), person).await.unwrap();
    }
    intake.commit().await.unwrap();
    let involved = store.involved(id(1)).await.unwrap();
    assert_eq!(involved, ["a@example.org", "b@example.org", "c@example.org"]);
    assert_eq!(store.watchers(id(1)).await.unwrap(), [alice, bob]);
    assert_eq!(store.watchers(id(2)).await.unwrap(), []);
    assert_eq!(store.involved(id(2)).await.unwrap(), [""; 0]);
}

async fn people_and_projects_are_found_within_an_intake(Bench { store, .. }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    assert_eq!(intake.known_person("ann@example.org").await.unwrap(), None);
    let ann = intake.person("ann@example.org", "Ann", id(7)).await.unwrap();
    assert_eq!(intake.known_person("ann@example.org").await.unwrap().as_ref(), Some(&ann));
    assert_eq!(intake.project_by_key("SUP").await.unwrap(), Some(id(1)));
    assert_eq!(intake.project_by_key("sup").await.unwrap(), None);
    intake.commit().await.unwrap();
    let known = Person { id: id(7), address: "ann@example.org".into(), name: "Ann".into() };
    assert_eq!(store.person_by_address("ann@example.org").await.unwrap(), Some(known));
    assert_eq!(store.person_by_address("bob@example.org").await.unwrap(), None);
}
