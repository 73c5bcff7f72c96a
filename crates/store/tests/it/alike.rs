//! Whether it is the link's fault that a grant is refused.

use outlink_model::GrantId;
use outlink_model::grant::{Grant, GrantState, Trouble};
use outlink_store::Store;

use crate::bench::{Bench, on_both};
use crate::samples::{at, grant, id, link, link_id, tokens, trouble};

on_both!(a_link_is_blamed_when_two_grants_agree_and_none_was_served_since);

const REASON: &str = r#"The provider says "no" to C:\ — naïvely."#;

fn blocked(reason: &str) -> GrantState {
    GrantState::Blocked { trouble: trouble(reason), failures: 1 }
}

async fn alike(store: &Store, link: u128, grant: GrantId) -> bool {
    store.another_is_refused_alike(link_id(link), grant, REASON).await.unwrap()
}

async fn a_link_is_blamed_when_two_grants_agree_and_none_was_served_since(
    Bench { store, .. }: Bench,
) {
    let quoted = Trouble {
        provider_error: Some(format!("\"reason\":\"{REASON}\"")),
        ..trouble("It repeats what another was told.")
    };
    let quotes = GrantState::Blocked { trouble: quoted, failures: 1 };
    let trouble = trouble(REASON);
    let degraded = GrantState::Degraded { trouble, failures: 1 };
    let active = GrantState::Active;
    // The link's other grants: state, since when, when they were last served; and whether the link is blamed.
    let cases = [
        ("one alone", vec![], false),
        ("another agrees", vec![(active.clone(), 0, 50), (blocked(REASON), 100, 0)], true),
        (
            "the link serves others",
            vec![(active.clone(), 0, 150), (blocked(REASON), 100, 0)],
            false,
        ),
        (
            "one agrees since others were served",
            vec![(active, 0, 150), (blocked(REASON), 100, 0), (blocked(REASON), 200, 0)],
            true,
        ),
        ("another reason", vec![(blocked("The provider says no."), 100, 0)], false),
        ("the beginning of the reason", vec![(blocked("The provider says "), 100, 0)], false),
        ("its words within others", vec![(quotes, 100, 0)], false),
        ("another state", vec![(degraded, 100, 0)], false),
    ];
    let mut grants = 100;
    for (number, (case, others, blamed)) in (1..).zip(cases) {
        store.create_link(&link(number)).await.unwrap();
        let mut add = async |state, since, issued_at| {
            grants += 1;
            let (link_id, since, issued_at) = (link_id(number), at(since), at(issued_at));
            let made = Grant { link_id, state, since, issued_at, ..grant(grants) };
            store.create_grant(&made, &tokens(grants)).await.unwrap();
        };
        // The grant itself is refused, and was so before.
        add(blocked(REASON), 90, 300).await;
        for (state, since, issued_at) in others.clone() {
            add(state, since, issued_at).await;
        }
        let itself = id(grants - others.len() as u128);
        assert_eq!(alike(&store, number, itself).await, blamed, "{case}");
    }
}
