//! Columns that line up, by the width that a terminal gives each character.

use unicode_width::UnicodeWidthStr as _;

use super::escape;
use super::style::{Look, paint};

/// One cell: text of others is escaped here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    look: Look,
    right: bool,
}

impl Cell {
    /// A cell.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self { text: escape::line(text.as_ref()), ..Self::default() }
    }

    /// With a look.
    pub(crate) fn look(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    /// Flush right, for numbers.
    pub(crate) fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Rows of cells. The last column is as long as its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
    indent: &'static str,
}

impl Table {
    /// An empty table.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The same with every row indented.
    pub(crate) fn indent(mut self, indent: &'static str) -> Self {
        self.indent = indent;
        self
    }

    /// A row of headings.
    pub(crate) fn head(mut self, headings: &[&str]) -> Self {
        self.rows.push(headings.iter().map(|heading| Cell::new(heading).look(Look::Dim)).collect());
        self
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The rows, aligned, each with its line break.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.text.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(widest).collect();
        let mut out = String::new();
        for row in &self.rows {
            out.push_str(self.indent);
            for (column, cell) in row.iter().enumerate() {
                let last = column + 1 == row.len();
                let width = widths.get(column).copied().unwrap_or(0);
                let blanks = " ".repeat(width.saturating_sub(cell.text.width()));
                let text = paint(cell.look, &cell.text);
                match (cell.right, last) {
                    (true, _) => out.push_str(&format!("{blanks}{text}")),
                    (false, true) => out.push_str(&text),
                    (false, false) => out.push_str(&format!("{text}{blanks}")),
                }
                out.push_str(if last { "" } else { "  " });
            }
            let blank_end = out.trim_end_matches(' ').len();
            out.truncate(blank_end);
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_shown_width() {
        let mut table = Table::new();
        table.row(["日本".into(), Cell::new("1").right(), "x".into()]);
        table.row(["abcdef".into(), Cell::new("10").right(), "".into()]);
        assert_eq!(table.render(), "日本     1  x\nabcdef  10\n");
    }
}
