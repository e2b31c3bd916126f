//! Markdown in, sanitised HTML out. What a reader wrote never runs in another reader's browser.

use std::collections::HashSet;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// Who wrote the text decides what it may contain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// The newsroom: headings, images, tables and links of its own.
    Editor,
    /// A reader: emphasis, quotes, lists, code, and links that search engines do not follow.
    Reader,
}

static EDITOR: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::default();
    builder.url_schemes(HashSet::from(["http", "https", "mailto"])).link_rel(Some("noopener"));
    builder
});

static READER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(HashSet::from([
            "p",
            "br",
            "em",
            "strong",
            "del",
            "blockquote",
            "ul",
            "ol",
            "li",
            "code",
            "pre",
            "a",
        ]))
        .tag_attributes(std::collections::HashMap::from([("a", HashSet::from(["href"]))]))
        .url_schemes(HashSet::from(["http", "https"]))
        .link_rel(Some("nofollow ugc noopener"));
    builder
});

/// The text as HTML that a page can take in as it is. Raw HTML in the text shows as the text it is.
#[must_use]
pub fn to_html(text: &str, trust: Trust) -> String {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let events = Parser::new_ext(text, options).map(|event| adapt(event, trust));
    let mut unsafe_html = String::with_capacity(text.len() * 5 / 4 + 16);
    html::push_html(&mut unsafe_html, events);
    let sanitiser = match trust {
        Trust::Editor => &EDITOR,
        Trust::Reader => &READER,
    };
    sanitiser.clean(&unsafe_html).to_string().trim_end().to_owned()
}

/// Raw HTML becomes text; a reader's line break is a line break, and a reader's heading a strong line.
fn adapt(event: Event<'_>, trust: Trust) -> Event<'_> {
    match (event, trust) {
        (Event::Start(Tag::HtmlBlock), _) => Event::Start(Tag::Paragraph),
        (Event::End(TagEnd::HtmlBlock), _) => Event::End(TagEnd::Paragraph),
        (Event::Html(text) | Event::InlineHtml(text), _) => Event::Text(text),
        (Event::SoftBreak, Trust::Reader) => Event::HardBreak,
        (Event::Start(Tag::Heading { .. }), Trust::Reader) => Event::Start(Tag::Paragraph),
        (Event::End(TagEnd::Heading(_)), Trust::Reader) => Event::End(TagEnd::Paragraph),
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readers_markup_cannot_run() {
        let html = to_html(
            "**b** <script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>",
            Trust::Reader,
        );
        assert!(html.contains("<strong>b</strong>"), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("href"), "{html}");
    }

    #[test]
    fn a_readers_links_are_not_followed() {
        let html = to_html("[site](https://example.org)", Trust::Reader);
        assert_eq!(html, r#"<p><a href="https://example.org" rel="nofollow ugc noopener">site</a></p>"#);
    }

    #[test]
    fn lines_stay_lines_for_readers_only() {
        assert!(to_html("one\ntwo", Trust::Reader).contains("<br"));
        assert!(!to_html("one\ntwo", Trust::Editor).contains("<br"));
    }
}
