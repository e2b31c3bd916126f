//! Keyset pages: the position is a key, not a count of rows, so that a page neither repeats nor skips a row
//! while others write.

use sea_orm::{DbBackend, Statement, Value};
use uuid::Uuid;

/// Where in a list a page begins: the sort key of a row, and its id to break ties.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Keyset {
    /// The sort key: a count, or a time in microseconds since the Unix epoch.
    pub key: i64,
    /// The row.
    pub id: Uuid,
}

/// Which way a page is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// `first`: from the beginning on.
    Forward,
    /// `last`: from the end back; the rows of the page still come in the list's order.
    Backward,
}

/// A page asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PageRequest<K = Keyset> {
    /// At most so many rows.
    pub limit: u32,
    /// From which end.
    pub direction: Direction,
    /// Only rows after this one.
    pub after: Option<K>,
    /// Only rows before this one.
    pub before: Option<K>,
}

impl<K> PageRequest<K> {
    /// The first `limit` rows.
    #[must_use]
    pub const fn first(limit: u32) -> Self {
        Self { limit, direction: Direction::Forward, after: None, before: None }
    }
}

/// A page of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// Whether the list goes on after them.
    pub has_next: bool,
    /// Whether the list has rows before them.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// A page out of rows that were read in the page's direction, one more than asked for where there is more.
    pub(super) fn of<K>(mut rows: Vec<T>, request: &PageRequest<K>) -> Self {
        let limit = request.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        match request.direction {
            Direction::Forward => Self { items: rows, has_next: more, has_previous: request.after.is_some() },
            Direction::Backward => {
                rows.reverse();
                Self { items: rows, has_next: request.before.is_some(), has_previous: more }
            }
        }
    }

    /// The page with each row turned into something else.
    ///
    /// # Errors
    /// The first error of `turn`.
    pub fn try_map<U, E>(self, turn: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(turn).collect::<Result<_, _>>()?;
        Ok(Page { items, has_next: self.has_next, has_previous: self.has_previous })
    }
}

/// A list's total order: one column, and the id to break ties.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sort {
    /// The sort column.
    pub key: &'static str,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Whether the key is a time (else a count).
    pub is_time: bool,
}

impl Sort {
    /// The end of a statement over the table alias `of`: position, order and limit.
    pub fn page(&self, sql: &mut Sql, of: &str, request: &PageRequest) {
        if let Some(after) = request.after {
            self.beyond(sql, of, after, !self.descending);
        }
        if let Some(before) = request.before {
            self.beyond(sql, of, before, self.descending);
        }
        let backward = request.direction == Direction::Backward;
        let order = if self.descending == backward { "ASC" } else { "DESC" };
        let limit = sql.bind(i64::from(request.limit) + 1);
        sql.push(&format!(" ORDER BY {of}.{key} {order}, {of}.id {order} LIMIT {limit}", key = self.key));
    }

    /// `(key, id) > position`, or `<`: spelled out so that both databases use the index.
    fn beyond(&self, sql: &mut Sql, of: &str, position: Keyset, greater: bool) {
        let value: Value = if self.is_time {
            chrono::DateTime::from_timestamp_micros(position.key).unwrap_or_default().into()
        } else {
            i32::try_from(position.key).unwrap_or(i32::MAX).into()
        };
        let (key, id) = (sql.bind(value), sql.bind(position.id));
        let than = if greater { ">" } else { "<" };
        let column = self.key;
        sql.push(&format!(
            " AND {of}.{column} {than}= {key} AND ({of}.{column} {than} {key} OR {of}.id {than} {id})"
        ));
    }
}

/// A statement in the making. `$1` is a placeholder to both databases.
#[derive(Debug)]
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Adds text; never a value: those are bound.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Binds a value and returns its placeholder.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// Binds several and returns `$1, $2`.
    pub fn bind_all<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> String {
        let places: Vec<String> = values.into_iter().map(|value| self.bind(value)).collect();
        places.join(", ")
    }

    pub fn build(self, backend: DbBackend) -> Statement {
        Statement::from_sql_and_values(backend, self.text, self.values)
    }
}
