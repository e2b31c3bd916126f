//! Relay connections: one kind of page for every list.

use async_graphql::SimpleObject;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::error::{GraphError, Result};
use crate::store::{Direction, Keyset, Page, PageRequest};

/// The most rows that a page can have.
pub const PAGE_MAX: i32 = 100;
/// The rows of a page that nobody gave a size.
pub const PAGE_DEFAULT: i32 = 20;

/// Where a page stands in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether the list goes on after this page.
    pub has_next_page: bool,
    /// Whether the list has something before this page.
    pub has_previous_page: bool,
    /// The cursor of the first edge.
    pub start_cursor: Option<String>,
    /// The cursor of the last edge: pass it as `after` for the next page.
    pub end_cursor: Option<String>,
}

impl PageInfo {
    /// The place of a page with these cursors.
    pub fn of<T>(page: &Page<T>, cursors: &[String]) -> Self {
        Self {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor: cursors.first().cloned(),
            end_cursor: cursors.last().cloned(),
        }
    }
}

/// The arguments that every connection takes.
#[derive(Clone, Debug, Default)]
pub struct PageArgs {
    /// So many from the beginning.
    pub first: Option<i32>,
    /// After this cursor.
    pub after: Option<String>,
    /// So many from the end.
    pub last: Option<i32>,
    /// Before this cursor.
    pub before: Option<String>,
}

impl PageArgs {
    /// The page asked for, in a list whose cursors `decode` reads.
    ///
    /// # Errors
    /// `BAD_PAGE_SIZE` or `BAD_CURSOR`.
    pub fn request<K>(self, decode: impl Fn(&str) -> Option<K>) -> Result<PageRequest<K>> {
        let bad_cursor = |name: &str| {
            GraphError::new(
                "BAD_CURSOR",
                format!(
                    "`{name}` is not a cursor of this list in this order; pass cursors as you received them."
                ),
            )
        };
        let position = |name: &str, text: Option<String>| {
            text.map(|text| decode(&text).ok_or_else(|| bad_cursor(name))).transpose()
        };
        let (limit, direction) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                let message = "Give `first` or `last`, not both.";
                return Err(GraphError::new("BAD_PAGE_SIZE", message));
            }
            (None, Some(last)) => (size("last", last)?, Direction::Backward),
            (Some(first), None) => (size("first", first)?, Direction::Forward),
            (None, None) => (size("first", PAGE_DEFAULT)?, Direction::Forward),
        };
        Ok(PageRequest {
            limit,
            direction,
            after: position("after", self.after)?,
            before: position("before", self.before)?,
        })
    }
}

fn size(name: &str, asked: i32) -> Result<u32> {
    u32::try_from(asked).ok().filter(|_| asked <= PAGE_MAX).ok_or_else(|| {
        GraphError::new("BAD_PAGE_SIZE", format!("`{name}` is {asked}; a page has 0 to {PAGE_MAX} entries."))
    })
}

/// The cursor of a keyset, marked with the list that it belongs to.
#[must_use]
pub fn keyset_cursor(list: u8, keyset: Keyset) -> String {
    let mut bytes = [list; 25];
    bytes[1..9].copy_from_slice(&keyset.key.to_be_bytes());
    bytes[9..].copy_from_slice(keyset.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The keys that a list can have: times from year 1 to the end of year 9999, which both databases keep, in microseconds
/// since the Unix epoch. Counts, from 0 to the greatest `i32`, lie among them.
const KEYS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// The keyset of a cursor of that list. A key that no row can have is nobody's cursor.
#[must_use]
pub fn keyset(list: u8, cursor: &str) -> Option<Keyset> {
    let bytes: [u8; 25] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
    let mut key = [0; 8];
    key.copy_from_slice(&bytes[1..9]);
    let key = i64::from_be_bytes(key);
    (bytes[0] == list && KEYS.contains(&key))
        .then(|| Keyset { key, id: Uuid::from_slice(&bytes[9..]).unwrap_or_default() })
}

/// Declares a connection and its edge. `total` resolves the count, which is read only when asked for.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty, $total:ty, $list:literal, $entry:literal) => {
        #[doc = concat!("One entry of ", $list, ", with its place.")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $edge {
            /// The entry's place: pass it as `after` or `before`.
            cursor: String,
            #[doc = $entry]
            node: $node,
        }

        #[doc = concat!("A page of ", $list, ".")]
        pub struct $connection {
            edges: Vec<$edge>,
            page_info: $crate::graphql::connection::PageInfo,
            total: $total,
        }

        impl $connection {
            /// The connection of a page.
            pub fn new<T>(
                page: $crate::store::Page<T>,
                total: $total,
                cursor: impl Fn(&T) -> String,
                node: impl Fn(T) -> $node,
            ) -> Self {
                let cursors: Vec<String> = page.items.iter().map(&cursor).collect();
                let page_info = $crate::graphql::connection::PageInfo::of(&page, &cursors);
                let edges = page
                    .items
                    .into_iter()
                    .zip(cursors)
                    .map(|(item, cursor)| $edge { cursor, node: node(item) })
                    .collect();
                Self { edges, page_info, total }
            }
        }

        #[doc = concat!("A page of ", $list, ".")]
        #[async_graphql::Object]
        impl $connection {
            /// The entries with their cursors.
            async fn edges(&self) -> &[$edge] {
                &self.edges
            }

            /// The entries alone.
            async fn nodes(&self) -> Vec<&$node> {
                self.edges.iter().map(|edge| &edge.node).collect()
            }

            /// Where this page stands in the list.
            async fn page_info(&self) -> &$crate::graphql::connection::PageInfo {
                &self.page_info
            }

            /// How many entries the whole list has.
            async fn total_count(
                &self,
                ctx: &async_graphql::Context<'_>,
            ) -> $crate::graphql::error::Result<i64> {
                self.total.count($crate::graphql::context::scope(ctx)?).await
            }
        }
    };
}
pub(super) use connection;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_row_can_have_is_no_cursor() {
        let read =
            |key| keyset(7, &keyset_cursor(7, Keyset { key, id: Uuid::nil() })).map(|keyset| keyset.key);
        for key in [0, i64::from(i32::MAX), 1_790_000_000_000_000, *KEYS.start(), *KEYS.end()] {
            assert_eq!(read(key), Some(key));
        }
        for key in [i64::MIN, KEYS.start() - 1, KEYS.end() + 1, i64::MAX] {
            assert_eq!(read(key), None);
        }
        assert_eq!(keyset(8, &keyset_cursor(7, Keyset { key: 0, id: Uuid::nil() })), None);
    }
}
