//! The filter by state above a list of grants.

use outlink_model::grant::GrantStateName;
use serde::Serialize;

use crate::page::encode;
use crate::words::grant_badge;

/// One of the ways to look at a list.
#[derive(Debug, Serialize)]
pub(crate) struct FilterLink {
    pub(crate) href: String,
    pub(crate) label: &'static str,
    /// Whether the list is looked at in this way.
    pub(crate) current: bool,
}

/// All, and each state. `link` is a filter that stays beside it; `anchor` is where on the page the list begins.
pub(crate) fn by_state(
    path: &str,
    link: Option<&str>,
    state: Option<GrantStateName>,
    anchor: &str,
) -> Vec<FilterLink> {
    let ways = std::iter::once(None).chain(GrantStateName::ALL.into_iter().map(Some));
    let way = |way: Option<GrantStateName>| {
        let state_part = way.map(|state| format!("state={state}"));
        let link_part = link.map(|link| format!("link={}", encode(link)));
        let parts: Vec<_> = link_part.into_iter().chain(state_part).collect();
        let mark = if parts.is_empty() { "" } else { "?" };
        FilterLink {
            href: format!("{path}{mark}{}{anchor}", parts.join("&")),
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
