use std::sync::Arc;

use outlink_model::tracker::{
    Attachment, Comment, Issue, IssueStatus, NewComment, NewIssue, PartRange, Person,
    TransferEncoding,
};
use outlink_store::{Error, IssueFilter, Listed, Page};

use crate::bench::{Bench, on_both, together};
use crate::samples::{
    alice, at, channel, comment, created, id, message, new_issue, packed, page, project, sha,
};

on_both!(
    an_issue_comes_back_with_its_comments_and_attachments,
    numbers_are_given_once_however_many_ask,
    issues_are_listed_newest_first,
    people_are_known_by_their_address,
    an_attachment_without_its_message_is_not_committed,
);

fn pdf() -> Attachment {
    Attachment {
        id: id(1),
        issue_id: id(1),
        comment_id: Some(id(1)),
        message_id: id(2),
        name: "report.pdf".into(),
        media_type: "application/pdf".into(),
        size: 12_345,
        part: PartRange { offset: 678, length: 16_900, encoding: TransferEncoding::Base64 },
    }
}

async fn an_issue_comes_back_with_its_comments_and_attachments(Bench { store, .. }: Bench) {
    let (_, project) = channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    let key = created(&mut intake, 1).await;
    let bob = intake.person("bob@example.org", "Bob", id(2)).await.unwrap();
    intake
        .add_comment(
            &NewComment { message_id: Some(id(2)), ..comment(1, 1, bob.id, "Me too") },
            at(9),
        )
        .await
        .unwrap();
    intake.add_attachment(pdf());
    intake.put_raws(&[(&sha(2), &packed(2))]).await.unwrap();
    intake.put_message(&message(2)).await.unwrap();
    intake.add_comment(&comment(2, 1, bob.id, "Written earlier"), at(5)).await.unwrap();
    intake.commit().await.unwrap();

    let alice = Person { id: id(1), address: "alice@example.org".into(), name: "Alice".into() };
    let issue = Issue {
        id: id(1),
        project_id: project,
        key: key.clone(),
        summary: "Subject 1".into(),
        description: "Hello".into(),
        issue_type: "Task".into(),
        priority: None,
        labels: Vec::new(),
        status: IssueStatus::Open,
        reporter: alice,
        assignee: None,
        created_at: at(2),
        updated_at: at(9),
        comments: 2,
    };
    assert_eq!(store.issue_by_key(&key).await.unwrap().as_ref(), Some(&issue));
    assert_eq!(store.issue(id(1)).await.unwrap(), Some(issue));
    let [first, second] = &store.comments(id(1)).await.unwrap()[..] else { panic!("two") };
    let me_too = Comment {
        id: id(1),
        author: bob,
        body: "Me too".into(),
        created_at: at(9),
        message_id: Some(id(2)),
    };
    assert_eq!(first, &me_too);
    assert_eq!(second.message_id, None);
    assert_eq!(store.attachments(id(1)).await.unwrap(), [pdf()]);
    assert_eq!(store.attachment(id(1)).await.unwrap(), Some(pdf()));
    assert_eq!(store.attachment(id(2)).await.unwrap(), None);
}

async fn numbers_are_given_once_however_many_ask(Bench { store, .. }: Bench) {
    channel(&store).await;
    // Alice is known before: the tasks offer one and the same id for her, which no two intakes ever do.
    let mut intake = store.intake().await.unwrap();
    alice(&mut intake).await;
    intake.commit().await.unwrap();
    let store = Arc::new(store);
    let tasks = (0..8_u128).map(|task| {
        let store = store.clone();
        async move {
            for n in 0..5 {
                let mut intake = store.intake().await.unwrap();
                created(&mut intake, 1 + task * 5 + n).await;
                intake.commit().await.unwrap();
            }
        }
    });
    together(tasks).await;
    let issues = store.issues(&IssueFilter::default(), &Page::default()).await.unwrap().items;
    let number = |issue: &Issue| issue.key.strip_prefix("SUP-").unwrap().parse::<u32>().unwrap();
    let mut numbers: Vec<u32> = issues.iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
}

async fn issues_are_listed_newest_first(Bench { store, .. }: Bench) {
    let (_, sup) = channel(&store).await;
    store.create_project(&project(2, "OPS")).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    for n in 1..=3 {
        created(&mut intake, n).await;
    }
    let reporter = alice(&mut intake).await;
    let other = NewIssue { project_id: id(2), ..new_issue(4, reporter) };
    intake.create_issue(&other, at(3)).await.unwrap();
    let found = intake.issue_by_key("OPS-1").await.unwrap();
    assert_eq!(found, Some((id(4), "OPS-1".to_owned())));
    intake.commit().await.unwrap();

    let keys = |listed: &Listed<Issue>| {
        listed.items.iter().map(|issue| issue.key.clone()).collect::<Vec<_>>()
    };
    let all = IssueFilter::default();
    let first = store.issues(&all, &page(3, None)).await.unwrap();
    assert_eq!(keys(&first), ["OPS-1", "SUP-3", "SUP-2"]);
    let second = store.issues(&all, &page(3, first.next.as_deref())).await.unwrap();
    assert_eq!((keys(&second), second.next), (vec!["SUP-1".to_owned()], None));
    let of_sup = IssueFilter { project: Some(sup), ..IssueFilter::default() };
    let first = store.issues(&of_sup, &page(2, None)).await.unwrap();
    assert_eq!(keys(&first), ["SUP-3", "SUP-2"]);
    let second = store.issues(&of_sup, &page(2, first.next.as_deref())).await.unwrap();
    assert_eq!(keys(&second), ["SUP-1"]);
}

async fn people_are_known_by_their_address(Bench { store, place }: Bench) {
    let mut intake = store.intake().await.unwrap();
    let first = intake.person("a@example.org", "", id(1)).await.unwrap();
    assert_eq!((first.id, first.name.as_str()), (id(1), ""));
    let named = intake.person("a@example.org", "Ann", id(2)).await.unwrap();
    assert_eq!((named.id, named.name.as_str()), (id(1), "Ann"));
    let unnamed = intake.person("a@example.org", "", id(3)).await.unwrap();
    assert_eq!(unnamed, named, "a name is not forgotten");
    intake.commit().await.unwrap();
    assert_eq!(place.count("people WHERE name = 'Ann'").await, 1);
}

async fn an_attachment_without_its_message_is_not_committed(Bench { store, place }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    let lost = Attachment { comment_id: None, message_id: id(77), ..pdf() };
    intake.add_attachment(lost);
    assert!(matches!(intake.commit().await, Err(Error::Missing)));
    assert_eq!(place.count("issues").await, 0);
}
