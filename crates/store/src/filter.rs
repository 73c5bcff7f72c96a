//! Lists that are asked for in many ways: the text is put together from the conditions that are wanted, since no index
//! serves one text with `$1 IS NULL OR ..`.

use crate::Page;

/// A value for a place in the text.
pub(crate) enum Cell {
    /// Text.
    Text(String),
    /// A time, a size, a limit.
    Number(i64),
}

/// A `SELECT` that grows.
pub(crate) struct Filtered {
    text: String,
    cells: Vec<Cell>,
}

impl Filtered {
    /// Begins with what is selected, and the page: ids below `id`, the newest first.
    pub(crate) fn newest(select: &'static str, id: &'static str, page: &Page) -> Self {
        let text = format!("{select} WHERE {id} < $1");
        Self { text, cells: vec![Cell::Text(page.below().to_owned())] }
    }

    /// Adds a condition as it stands.
    pub(crate) fn with(&mut self, condition: &'static str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    /// Adds a condition about a text, which stands where `{}` does, perhaps more than once.
    pub(crate) fn with_text(&mut self, condition: &'static str, text: impl Into<String>) {
        self.with_cell(condition, Cell::Text(text.into()));
    }

    /// Adds a condition about a number, which stands where `{}` does.
    pub(crate) fn with_number(&mut self, condition: &'static str, number: i64) {
        self.with_cell(condition, Cell::Number(number));
    }

    fn with_cell(&mut self, condition: &'static str, cell: Cell) {
        self.cells.push(cell);
        let place = format!("${}", self.cells.len());
        self.text.push_str(" AND ");
        self.text.push_str(&condition.replace("{}", &place));
    }

    /// Ends with the order and the length of the page, and gives what is to be run: nothing of the text comes from
    /// outside.
    pub(crate) fn finish(mut self, id: &'static str, page: &Page) -> (String, Vec<Cell>) {
        self.cells.push(Cell::Number(page.rows()));
        self.text.push_str(&format!(" ORDER BY {id} DESC LIMIT ${}", self.cells.len()));
        (self.text, self.cells)
    }
}

/// Reads the rows of what [`Filtered::finish`] gave.
macro_rules! filtered {
    ($db:expr, $finished:expr) => {{
        let (text, cells) = $finished;
        $crate::db::reading!($db, on => {
            let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text.clone()));
            for cell in &cells {
                query = match cell {
                    $crate::filter::Cell::Text(text) => query.bind(text),
                    $crate::filter::Cell::Number(number) => query.bind(number),
                };
            }
            query.fetch_all(on)
        })
    }};
}

pub(crate) use filtered;

/// A pattern for `LIKE .. ESCAPE '\'` that finds a text anywhere.
pub(crate) fn part(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_grows_by_its_conditions() {
        let page = Page { limit: 2, after: Some("9".into()) };
        let mut list = Filtered::newest("SELECT a FROM t", "id", &page);
        list.with_text("(b = {} OR c = {})", "x");
        list.with("d = 1");
        list.with_number("e < {}", 7);
        let (text, cells) = list.finish("id", &page);
        assert_eq!(
            text,
            "SELECT a FROM t WHERE id < $1 AND (b = $2 OR c = $2) AND d = 1 AND e < $3 ORDER BY id DESC LIMIT $4"
        );
        assert!(matches!(
            &cells[..],
            [Cell::Text(_), Cell::Text(_), Cell::Number(7), Cell::Number(3)]
        ));
    }

    #[test]
    fn a_part_is_taken_by_its_letters() {
        assert_eq!(part("50% of a_b\\c"), "%50\\% of a\\_b\\\\c%");
    }
}
