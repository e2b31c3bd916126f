//! Dates and numbers in words.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

/// "12 January 2026"
pub fn day(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(machine(at)) { (at.format("%-d %B %Y")) } }
}

/// "12 January 2026, 09:12 UTC": the server does not know what time it is where the reader is.
pub fn minute(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(machine(at)) { (at.format("%-d %B %Y, %H:%M UTC")) } }
}

/// "2026-01-12T09:12:00Z"
pub fn machine(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// "1,204"
pub fn number(number: i32) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 comment", "12 comments"
pub fn counted(count: i32, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// "No comments yet", "1 comment", "12 comments"
pub fn comments(count: i32) -> String {
    if count == 0 { "No comments yet".to_owned() } else { counted(count, "comment", "comments") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (-1_234_567, "-1,234,567"),
            (i32::MIN, "-2,147,483,648"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(comments(1), "1 comment");
        assert_eq!(comments(0), "No comments yet");
    }
}
