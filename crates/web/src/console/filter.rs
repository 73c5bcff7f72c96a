//! The ways to look at a list, above it.

use outlink_model::grant::GrantStateName;
use serde::Serialize;

use crate::page::with_query;
use crate::words::grant_badge;

/// One of the ways to look at a list.
#[derive(Debug, Serialize)]
pub(crate) struct FilterLink {
    pub(crate) href: String,
    pub(crate) label: &'static str,
    /// Whether the list is looked at in this way.
    pub(crate) current: bool,
}

/// A filter of an address, where it is set. Browsers send every field of a form, empty ones too.
pub(crate) fn set(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// All grants, and those of each state. `link` is a filter that stays beside it; `anchor` is where on the page the list begins.
pub(crate) fn by_state(
    path: &str,
    link: Option<&str>,
    state: Option<GrantStateName>,
    anchor: &str,
) -> Vec<FilterLink> {
    let ways = std::iter::once(None).chain(GrantStateName::ALL.into_iter().map(Some));
    let way = |way: Option<GrantStateName>| {
        let state_part = way.map(GrantStateName::as_str);
        FilterLink {
            href: with_query(path, &[("link", link), ("state", state_part)]) + anchor,
            label: way.map_or("All", |state| grant_badge(state).text),
            current: way == state,
        }
    };
    ways.map(way).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_keeps_the_other_filter() {
        let ways = by_state("/grants", Some("A&B"), Some(GrantStateName::Blocked), "");
        assert_eq!(ways[0].href, "/grants?link=A%26B");
        assert_eq!(ways[3].href, "/grants?link=A%26B&state=needs_consent");
        let current: Vec<_> = ways.iter().filter(|way| way.current).map(|way| way.label).collect();
        assert_eq!(current, ["Blocked"]);
        let ways = by_state("/links/1", None, None, "#grants");
        assert_eq!(ways[0].href, "/links/1#grants");
        assert!(ways[0].current);
        assert_eq!(ways[5].href, "/links/1?state=revoked#grants");
    }
}
