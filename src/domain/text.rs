//! Text as a reader sees it: characters counted as they count them, words as they read them.

use unicode_segmentation::UnicodeSegmentation;

/// Words that a reader takes in per minute (the seed page: 432 words, "3 min read").
const WORDS_PER_MINUTE: usize = 200;

/// Characters of the trimmed text as a reader counts them: extended grapheme clusters (UAX #29), so that
/// a flag or a letter with its accent is one.
#[must_use]
pub fn length(text: &str) -> usize {
    text.trim().graphemes(true).count()
}

/// The first character of a name in upper case, or `?` for a name without one.
#[must_use]
pub fn initial(name: &str) -> String {
    name.trim().graphemes(true).next().map_or_else(|| "?".to_owned(), str::to_uppercase)
}

/// Minutes to read a body: its words ÷ 200, rounded up, at least one.
#[must_use]
pub fn reading_time_minutes(body: &str) -> i32 {
    let words = body.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
    i32::try_from(words.div_ceil(WORDS_PER_MINUTE)).unwrap_or(i32::MAX).max(1)
}

/// A name or a line as it is stored: trimmed, inner white space folded, no control or direction characters
/// that could disguise it.
#[must_use]
pub fn single_line(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_disguise(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text of several lines as it is stored: trimmed, `\n` line ends, no NUL or other control characters.
#[must_use]
pub fn multi_line(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let clean: String = unix.chars().filter(|c| matches!(c, '\n' | '\t') || !is_disguise(*c)).collect();
    clean.trim().to_owned()
}

/// Control characters other than white space, and the bidirectional overrides (Trojan Source, CVE-2021-42574).
fn is_disguise(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_counts_clusters_not_bytes() {
        assert_eq!(length("  e\u{301} 👩‍👩‍👧 🇯🇵 \n"), 5);
    }

    #[test]
    fn the_seed_pages_432_words_are_three_minutes() {
        assert_eq!(reading_time_minutes(&"word ".repeat(432)), 3);
        assert_eq!(reading_time_minutes(&"word ".repeat(400)), 2);
        assert_eq!(reading_time_minutes(""), 1);
    }

    #[test]
    fn names_cannot_be_disguised() {
        assert_eq!(single_line(" A\u{202E}na \n\u{0}  B "), "Ana B");
        assert_eq!(initial("élan"), "É");
    }
}
