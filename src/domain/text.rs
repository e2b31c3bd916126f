//! Text as a reader sees it: characters counted as they count them, words as they read them.

use unicode_segmentation::UnicodeSegmentation;

/// Words that a reader takes in per minute (the seed page: 432 words, "3 min read").
const WORDS_PER_MINUTE: usize = 200;

/// Characters of the trimmed text as a reader counts them: extended grapheme clusters (UAX #29), so that
/// a flag or a letter with its accent is one. A text in which there is nothing to see has none.
#[must_use]
pub fn length(text: &str) -> usize {
    if text.chars().any(is_visible) { text.trim().graphemes(true).count() } else { 0 }
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

/// A name or a line as it is stored: trimmed, inner white space folded, nothing invisible that could disguise it.
#[must_use]
pub fn single_line(text: &str) -> String {
    undisguised(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text of several lines as it is stored: trimmed, `\n` line ends, no control or other invisible characters.
#[must_use]
pub fn multi_line(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    undisguised(&unix).trim().to_owned()
}

/// Part of a text as it is shown, where what was stored named characters by reference: nothing invisible comes back.
#[must_use]
pub fn shown(text: &str) -> std::borrow::Cow<'_, str> {
    let is_plain = text.chars().all(|c| !is_disguise(c));
    if is_plain { text.into() } else { undisguised(text).into() }
}

/// The text without what makes it look like another one, or like none. What joins or varies characters stays where it
/// does that: inside emoji, and between letters of the scripts that write with it.
fn undisguised(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let stays = if is_joiner(c) {
            before.is_some_and(is_joined)
                && chars.peek().is_some_and(|next| is_joined(*next) && is_visible(*next))
        } else if is_variation(c) {
            // `1`, a variation selector and U+20E3 are the keycap of one.
            before
                .is_some_and(|before| is_joined(before) || chars.peek() == Some(&'\u{20E3}') && before != ' ')
        } else {
            !is_disguise(c)
        };
        if stays {
            clean.push(c);
            before = Some(c);
        }
    }
    clean
}

/// Whether a joiner or a variation selector has something to do beside this character.
fn is_joined(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace()
}

/// ZWNJ, ZWJ, and the fillers of Hangul syllables.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{115F}' | '\u{1160}')
}

const fn is_variation(c: char) -> bool {
    matches!(c, '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Characters that show nothing themselves: controls other than white space; those of category Cf that have no shape (it
/// holds the zero widths, the bidirectional marks and overrides of CVE-2021-42574, and the tags); and what else
/// Unicode calls default-ignorable. So do its noncharacters, which XML does not even allow.
fn is_disguise(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
        || u32::from(c) & 0xFFFE == 0xFFFE
        || is_joiner(c)
        || is_variation(c)
        || matches!(
            c,
            '\u{AD}'
                | '\u{34F}'
                | '\u{61C}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FDD0}'..='\u{FDEF}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{13430}'..='\u{1343F}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// Whether the character shows nothing wherever it stands: what word lists read over.
pub(super) fn shows_nothing(c: char) -> bool {
    is_disguise(c)
}

/// Whether a reader sees the character at all. U+2800 is the Braille cell without a dot.
fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !is_disguise(c) && c != '\u{2800}'
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
        assert_eq!(single_line("Mod\u{200B}era\u{AD}tor\u{200B}\u{200F}\u{2060}\u{FEFF}"), "Moderator");
        assert_eq!(single_line("Moder\u{200D}ator\u{200C}\u{FE0F}\u{E0100}\u{34F}\u{3164}"), "Moderator");
        assert_eq!(single_line("Ana\u{E0041}\u{E007F} \u{200E}B\u{61C}"), "Ana B");
        assert_eq!(single_line("Модератор\u{200D}\u{200B}\u{200D}"), "Модератор");
        assert_eq!(initial("élan"), "É");
    }

    #[test]
    fn a_name_has_something_to_see() {
        for nothing in
            ["", " \n", "\u{200B}", "\u{200D}\u{200C}", "\u{FE0F}", "\u{2800}\u{3164}", "\u{115F}\u{1160}"]
        {
            assert_eq!((length(nothing), length(&single_line(nothing))), (0, 0), "{nothing:?}");
        }
        assert_eq!(length("\u{2800}x"), 2);
    }

    #[test]
    fn what_joins_letters_and_emoji_stays() {
        for whole in [
            "👩\u{200D}👩\u{200D}👧",
            "❤\u{FE0F}\u{200D}🔥",
            "👩🏽\u{200D}⚕\u{FE0F}",
            "1\u{FE0F}\u{20E3}",
            "می\u{200C}خواهم",
            "क\u{94D}\u{200D}ष",
        ] {
            assert_eq!(single_line(whole), whole);
            assert_eq!(multi_line(whole), whole);
        }
        assert_eq!(single_line("👩\u{200D}\u{200D}\u{200B}\u{200D}👧"), "👩\u{200D}👧", "and no more of it");
    }

    #[test]
    fn the_lines_of_a_text_stay() {
        assert_eq!(multi_line("a\r\n\tb\u{200B}\rc\u{0}\u{2028}d\n"), "a\n\tb\nc\u{2028}d");
    }
}
