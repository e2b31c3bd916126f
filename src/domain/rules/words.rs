//! Word lists: every entry of a list in one pass over the text (Aho-Corasick), whole words and phrases only.

use aho_corasick::{AhoCorasick, MatchKind};

use super::fold::fold;

/// Entries of a site's list.
pub const ENTRIES_MAX: usize = 10_000;
/// Bytes of a site's list as it is written.
pub const LIST_BYTES_MAX: usize = 200_000;
/// Bytes of one entry.
const ENTRY_BYTES_MAX: usize = 200;

/// Why a list is not one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadList {
    /// More than can be kept.
    #[error("A list has at most {0} entries, one a line, and {1} bytes.")]
    TooLong(usize, usize),
    /// An entry that no text could match, or any.
    #[error("Line {0} has no word to look for: each line has at most 200 bytes with a letter or a digit.")]
    BadEntry(usize),
    /// The automaton can't be built.
    #[error("The list can't be compiled: {0}.")]
    Compile(String),
}

/// A compiled list. An entry is a word or a phrase; with a `*` at its end it is the beginning of a word, with one at its
/// beginning the end of one.
#[derive(Clone, Debug, Default)]
pub struct WordList {
    matcher: Option<AhoCorasick>,
    entries: Vec<String>,
}

impl WordList {
    /// Compiles a list: one entry a line; empty lines mean nothing.
    ///
    /// # Errors
    /// [`BadList`].
    pub fn compile(text: &str, entries_max: usize) -> Result<Self, BadList> {
        if text.len() > LIST_BYTES_MAX {
            return Err(BadList::TooLong(entries_max, LIST_BYTES_MAX));
        }
        let (mut entries, mut patterns) = (Vec::new(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let entry = line.trim();
            if entry.is_empty() {
                continue;
            }
            let pattern = pattern(entry).ok_or(BadList::BadEntry(number))?;
            if entries.len() == entries_max {
                return Err(BadList::TooLong(entries_max, LIST_BYTES_MAX));
            }
            entries.push(entry.to_owned());
            patterns.push(pattern);
        }
        if patterns.is_empty() {
            return Ok(Self::default());
        }
        // Standard semantics report overlapping entries: two words share the space between them.
        let matcher = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(patterns)
            .map_err(|error| BadList::Compile(error.to_string()))?;
        Ok(Self { matcher: Some(matcher), entries })
    }

    /// The entries that are in a folded text, as they were written, each once, at most `limit`.
    #[must_use]
    pub fn found_in(&self, folded: &str, limit: usize) -> Vec<&str> {
        let Some(matcher) = &self.matcher else { return Vec::new() };
        let mut found: Vec<&str> = Vec::new();
        for hit in matcher.find_overlapping_iter(folded) {
            let entry = &*self.entries[hit.pattern().as_usize()];
            if !found.contains(&entry) {
                found.push(entry);
                if found.len() == limit {
                    break;
                }
            }
        }
        found
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// What to look for in folded text: the spaces around a word are its borders.
fn pattern(entry: &str) -> Option<String> {
    if entry.len() > ENTRY_BYTES_MAX {
        return None;
    }
    let folded = fold(entry);
    let words = folded.trim();
    if words.is_empty() {
        return None;
    }
    let before = if entry.starts_with('*') { "" } else { " " };
    let after = if entry.ends_with('*') { "" } else { " " };
    Some(format!("{before}{words}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn found(list: &str, text: &str) -> Vec<String> {
        let list = WordList::compile(list, ENTRIES_MAX).unwrap();
        list.found_in(&fold(text), 5).into_iter().map(str::to_owned).collect()
    }

    #[rstest]
    #[case::whole_word("ass", "An ass, he is.", true)]
    #[case::not_inside("ass", "A classic assessment of brass.", false)]
    #[case::not_the_beginning("ass", "assess", false)]
    #[case::neighbours("ass", "ass ass", true)]
    #[case::phrase("buy now", "Buy — NOW!", true)]
    #[case::phrase_in_order("buy now", "now buy", false)]
    #[case::phrase_is_whole("buy now", "buy nowhere", false)]
    #[case::stem("idiot*", "What idiotic things", true)]
    #[case::stem_begins_a_word("idiot*", "subidiotic", false)]
    #[case::ending("*burger", "hamburger", true)]
    #[case::ending_ends_a_word("*burger", "hamburgers", false)]
    #[case::list_is_folded("Ｓｔüｐｉｄ", "stupid", true)]
    #[case::ideographs("毒品", "这是毒品吗", true)]
    #[case::cyrillic_whole("дурак", "Дура\u{301}к!", true)]
    #[case::cyrillic_not_inside("дурак", "дураками", false)]
    fn words_and_phrases(#[case] list: &str, #[case] text: &str, #[case] is_found: bool) {
        assert_eq!(!found(list, text).is_empty(), is_found);
    }

    #[test]
    fn overlapping_entries_are_all_told_as_they_were_written() {
        assert_eq!(
            found("One\n\n two \none TWO\nTwo three", "one two three"),
            ["One", "one TWO", "two", "Two three"]
        );
    }

    #[test]
    fn a_list_has_bounds() {
        assert_eq!(WordList::compile("a\nb\nc", 2).unwrap_err(), BadList::TooLong(2, LIST_BYTES_MAX));
        assert_eq!(WordList::compile("fine\n***\n", 9).unwrap_err(), BadList::BadEntry(2));
        assert_eq!(WordList::compile(&"x".repeat(201), 9).unwrap_err(), BadList::BadEntry(1));
        assert!(WordList::compile(&"x\n".repeat(100_001), 200_000).is_err());
        assert_eq!(WordList::compile(" \n\n", 9).unwrap().len(), 0);
    }

    proptest! {
        /// A word is found exactly where it is one of the text's words.
        #[test]
        fn a_word_is_found_iff_it_is_a_word_of_the_text(
            word in "[a-zé]{1,4}",
            text in proptest::collection::vec("[a-zé]{1,5}", 0..12),
            glue in "[ ,.!\n-]{1,3}",
        ) {
            let is_there = text.iter().any(|other| fold(other) == fold(&word));
            prop_assert_eq!(!found(&word, &text.join(&glue)).is_empty(), is_there);
        }

        #[test]
        fn nothing_makes_it_panic(list in "\\PC{0,60}", text in "\\PC{0,120}") {
            if let Ok(list) = WordList::compile(&list, ENTRIES_MAX) {
                let _ = list.found_in(&fold(&text), 5);
            }
        }
    }
}
