//! Markdown in, sanitised HTML out. What a reader wrote never runs in another reader's browser.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream, html};

use super::text;

/// Containers inside each other: quotes, lists, and emphasis. What is deeper shows at this level.
const NESTING_MAX: usize = 16;
/// Markers of quotes and lists that one line begins with. Those after them are dropped before the parser sees the line: it
/// walks all that are open for each line, empty ones too.
const MARKERS_MAX: usize = 64;
/// Bytes of HTML for each byte of text, and those that a short text has beside. Honest text stays far below; what goes
/// over shows as it was written.
const GROWTH_MAX: usize = 8;
const GROWTH_FREE_BYTES: usize = 4_096;
/// Bytes of text between two marks that keep the sanitiser's nodes apart: it copies a node whole for each `&` in it.
const PIECE_BYTES: usize = 1_024;
/// The mark: a comment, which the sanitiser takes out.
const APART: &str = "<!---->";

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
        // They would lead somewhere else on each page that shows the comment, and `//` leads anywhere.
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("nofollow ugc noopener"));
    builder
});

/// The text as HTML that a page can take in as it is. Raw HTML in the text shows as the text it is. Takes time linear in
/// the text, and makes at most about eight bytes of each: nothing nests deeper than a reader could follow.
#[must_use]
pub fn to_html(text: &str, trust: Trust) -> String {
    let (sanitiser, options) = match trust {
        Trust::Editor => (&EDITOR, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES),
        // A row of a table is as wide as its heading, however little it holds: a reader's line of text is no row.
        Trust::Reader => (&READER, Options::ENABLE_STRIKETHROUGH),
    };
    let shallow = with_few_markers(text);
    let mut nesting = Nesting::default();
    // Merged, so that what joins two characters is seen beside both, however each was written.
    let events = TextMergeStream::new(Parser::new_ext(&shallow, options))
        .filter_map(|event| nesting.flatten(event))
        .map(|event| adapt(event, trust));
    let mut unsafe_html = String::with_capacity(text.len() * 5 / 4 + 16);
    html::push_html(&mut unsafe_html, in_pieces(events));
    if unsafe_html.len() > text.len().saturating_mul(GROWTH_MAX) + GROWTH_FREE_BYTES {
        unsafe_html.clear();
        html::push_html(&mut unsafe_html, in_pieces(as_written(text)));
    }
    sanitiser.clean(&unsafe_html).to_string().trim_end().to_owned()
}

/// Where the links of a reader's text lead that name no site of their own, each once: the sanitiser takes them out, and the
/// rules count them.
#[must_use]
pub fn relative_links(text: &str) -> HashSet<String> {
    let shallow = with_few_markers(text);
    let targets: HashSet<CowStr<'_>> = Parser::new_ext(&shallow, Options::ENABLE_STRIKETHROUGH)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { link_type, dest_url, .. }) if link_type != LinkType::Email => {
                Some(dest_url)
            }
            _ => None,
        })
        .collect();
    let is_relative = |target: &str| url::Url::parse(target) == Err(url::ParseError::RelativeUrlWithoutBase);
    targets.into_iter().filter(|target| is_relative(target)).map(CowStr::into_string).collect()
}

/// The text with at most [`MARKERS_MAX`] markers at the beginning of a line.
fn with_few_markers(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut copied = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (excess, content) = excess_markers(line);
        if excess < content {
            kept.push_str(&text[copied..at + excess]);
            copied = at + content;
        }
        at += line.len();
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[copied..]);
    Cow::Owned(kept)
}

/// Where in a line the markers over [`MARKERS_MAX`] begin, and where they end.
fn excess_markers(line: &str) -> (usize, usize) {
    let bytes = line.as_bytes();
    let (mut at, mut markers, mut excess) = (0, 0, 0);
    loop {
        at += bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if markers <= MARKERS_MAX {
            excess = at;
        }
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_list = matches!(
            (digits, bytes.get(at + digits)),
            (0, Some(b'-' | b'+' | b'*')) | (1..=9, Some(b'.' | b')'))
        ) && bytes.get(at + digits + 1).is_none_or(u8::is_ascii_whitespace);
        if !is_list && bytes.get(at) != Some(&b'>') {
            return (excess, at.max(excess));
        }
        at += if is_list { digits + 1 } else { 1 };
        markers += 1;
    }
}

/// Which of the containers around an event are shown.
#[derive(Default)]
struct Nesting {
    /// Of each that is open, whether it is shown, and whether it counts.
    open: Vec<(bool, bool)>,
    counted: usize,
}

impl Nesting {
    /// The event, unless it begins or ends a container that is too deep; its content passes.
    fn flatten<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Start(tag) => {
                let (shown, counts) = match &tag {
                    // Parts of a list, which are nothing without it.
                    Tag::Item => (self.open.last().is_none_or(|(list_is_shown, _)| *list_is_shown), false),
                    Tag::BlockQuote(_)
                    | Tag::List(_)
                    | Tag::Emphasis
                    | Tag::Strong
                    | Tag::Strikethrough
                    | Tag::Link { .. }
                    | Tag::Image { .. }
                    | Tag::Superscript
                    | Tag::Subscript
                    | Tag::FootnoteDefinition(_) => (self.counted < NESTING_MAX, true),
                    // None of these holds one of its own kind.
                    Tag::Paragraph
                    | Tag::Heading { .. }
                    | Tag::CodeBlock(_)
                    | Tag::HtmlBlock
                    | Tag::Table(_)
                    | Tag::TableHead
                    | Tag::TableRow
                    | Tag::TableCell
                    | Tag::DefinitionList
                    | Tag::DefinitionListTitle
                    | Tag::DefinitionListDefinition
                    | Tag::MetadataBlock(_) => (true, false),
                };
                self.open.push((shown, counts));
                self.counted += usize::from(counts);
                match tag {
                    _ if shown => Some(Event::Start(tag)),
                    // Items of one word each stay words of their own.
                    Tag::Item => Some(Event::SoftBreak),
                    _ => None,
                }
            }
            Event::End(tag) => {
                let (shown, counts) = self.open.pop().unwrap_or((true, false));
                self.counted -= usize::from(counts);
                shown.then_some(Event::End(tag))
            }
            other => Some(other),
        }
    }
}

/// The same events, with [`APART`] after so many bytes of text.
fn in_pieces<'a>(events: impl Iterator<Item = Event<'a>>) -> impl Iterator<Item = Event<'a>> {
    let mut since = 0;
    events.flat_map(move |event| {
        let mut out = Vec::with_capacity(1);
        match event {
            Event::Text(text) if since + text.len() <= PIECE_BYTES => {
                since += text.len();
                out.push(Event::Text(text));
            }
            Event::Text(text) => since = push_pieces(&mut out, &text),
            Event::Code(text) if text.len() > PIECE_BYTES => {
                out.push(Event::Html("<code>".into()));
                since = push_pieces(&mut out, &text);
                out.push(Event::Html("</code>".into()));
            }
            other => out.push(other),
        }
        out
    })
}

/// Pushes a text piece by piece, each with the mark before it; returns the bytes of the last.
fn push_pieces(out: &mut Vec<Event<'_>>, mut text: &str) -> usize {
    loop {
        let (piece, rest) = text.split_at(text.floor_char_boundary(PIECE_BYTES));
        out.push(Event::Html(APART.into()));
        out.push(Event::Text(piece.to_owned().into()));
        if rest.is_empty() {
            return piece.len();
        }
        text = rest;
    }
}

/// The text without any markup: a paragraph of its lines.
fn as_written(text: &str) -> impl Iterator<Item = Event<'_>> {
    let lines = text.lines().flat_map(|line| [Event::Text(line.into()), Event::HardBreak]);
    let (start, end) = (Event::Start(Tag::Paragraph), Event::End(TagEnd::Paragraph));
    std::iter::once(start).chain(lines).chain(std::iter::once(end))
}

/// Raw HTML becomes text; a reader's line break is a line break, and a reader's heading a strong line. Characters that a
/// reader named by reference (`&#x202e;`) are let through as if they had been written.
fn adapt(event: Event<'_>, trust: Trust) -> Event<'_> {
    match (event, trust) {
        (Event::Start(Tag::HtmlBlock), _) => Event::Start(Tag::Paragraph),
        (Event::End(TagEnd::HtmlBlock), _) => Event::End(TagEnd::Paragraph),
        (Event::Html(text) | Event::InlineHtml(text), _) => Event::Text(text),
        (Event::Text(text), Trust::Reader) => Event::Text(text::shown(&text).into_owned().into()),
        (Event::SoftBreak, Trust::Reader) => Event::HardBreak,
        (Event::Start(Tag::Heading { .. }), Trust::Reader) => Event::Start(Tag::Paragraph),
        (Event::End(TagEnd::Heading(_)), Trust::Reader) => Event::End(TagEnd::Paragraph),
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests;
