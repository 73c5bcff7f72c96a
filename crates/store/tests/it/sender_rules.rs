//! The lists of senders that hold for all handlers.

use outlink_model::handler::{ListedRule, SenderList, SenderLists};
use outlink_store::{Error, Page};

use crate::bench::{Bench, on_both};
use crate::samples::{at, id, page};

on_both!(rules_are_kept_in_two_lists, a_rule_stands_once_on_a_list);

fn rule(n: u128, list: SenderList, text: &str) -> ListedRule {
    ListedRule { id: id(n), list, rule: text.parse().unwrap(), created_at: at(3) }
}

async fn rules_are_kept_in_two_lists(Bench { store, .. }: Bench) {
    let rules = [
        rule(1, SenderList::Deny, "no-reply*@*"),
        rule(2, SenderList::Allow, "@Example.org"),
        rule(3, SenderList::Deny, "ann@example.net"),
    ];
    assert_eq!(store.sender_lists().await.unwrap(), SenderLists::default());
    for rule in &rules {
        store.create_sender_rule(rule).await.unwrap();
    }
    let listed = store.sender_rules(None, &page(2, None)).await.unwrap();
    assert_eq!(listed.items, rules[..2]);
    let rest = store.sender_rules(None, &page(2, listed.next.as_deref())).await.unwrap();
    assert_eq!((&rest.items[..], rest.next), (&rules[2..], None));
    let denied = store.sender_rules(Some(SenderList::Deny), &Page::default()).await.unwrap();
    assert_eq!(denied.items, [rules[0].clone(), rules[2].clone()]);
    let [first, second, third] = rules.map(|rule| rule.rule);
    let lists = SenderLists { allow: vec![second], deny: vec![first, third] };
    assert_eq!(store.sender_lists().await.unwrap(), lists);
}

async fn a_rule_stands_once_on_a_list(Bench { store, .. }: Bench) {
    store.create_sender_rule(&rule(1, SenderList::Deny, "example.org")).await.unwrap();
    let again = store.create_sender_rule(&rule(2, SenderList::Deny, "@EXAMPLE.org")).await;
    assert!(matches!(again, Err(Error::Taken("rule"))));
    store.create_sender_rule(&rule(2, SenderList::Allow, "example.org")).await.unwrap();
    store.delete_sender_rule(id(1)).await.unwrap();
    assert!(matches!(store.delete_sender_rule(id(1)).await, Err(Error::Missing)));
    store.create_sender_rule(&rule(3, SenderList::Deny, "example.org")).await.unwrap();
}
