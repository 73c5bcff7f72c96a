//! Pages of lists, by keyset: the cursor is the id of the last item seen, so rows that come and go between two pages
//! neither repeat nor hide another.

use std::fmt::Display;

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many items at most; held between 1 and 1000.
    pub limit: u32,
    /// The cursor that the page before gave as [`Listed::next`]; `None` for the first page.
    pub after: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 100, after: None }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor for the page after this one; `None` on the last.
    pub next: Option<String>,
}

impl Page {
    /// How many rows are asked for: one more than wanted, to see whether there is another page.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit.clamp(1, 1000)) + 1
    }

    /// The id that every wanted id is greater than.
    pub(crate) fn above(&self) -> &str {
        match &self.after {
            Some(after) if !after.contains('\0') => after,
            _ => "",
        }
    }

    /// The id that every wanted id is smaller than, where the newest come first. `g` follows every hexadecimal digit.
    pub(crate) fn below(&self) -> &str {
        match &self.after {
            Some(after) if !after.contains('\0') => after,
            _ => "g",
        }
    }

    /// Makes the page from the rows that were found, cutting off the one too many.
    pub(crate) fn listed<R, T, E, I: Display>(
        &self,
        rows: Vec<R>,
        model: impl Fn(R) -> Result<T, E>,
        id: impl Fn(&T) -> I,
    ) -> Result<Listed<T>, E> {
        let wanted = self.limit.clamp(1, 1000) as usize;
        let more = rows.len() > wanted;
        let items = rows.into_iter().take(wanted).map(model).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| more).map(|last| id(last).to_string());
        Ok(Listed { items, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_too_many_becomes_the_cursor() {
        let page = Page { limit: 2, after: None };
        let listed = |rows: Vec<u8>| page.listed(rows, Ok::<_, ()>, |n| *n).unwrap();
        assert_eq!(listed(vec![1, 2, 3]), Listed { items: vec![1, 2], next: Some("2".into()) });
        assert_eq!(listed(vec![1, 2]), Listed { items: vec![1, 2], next: None });
        assert_eq!(listed(vec![]), Listed { items: vec![], next: None });
    }
}
