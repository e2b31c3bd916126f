//! What a reader gets to see of a comment, taken from its sanitised HTML: Markdown has many ways to write one text, and the
//! rules judge what is read.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::domain::markdown;

/// The text and the links of a comment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// The text, a line for each paragraph.
    pub text: String,
    /// Where its links lead: hosts in ASCII, with the path. Each once, written out addresses with them, and those that
    /// were taken out because they name no site.
    pub links: BTreeSet<Target>,
    /// Hosts that are merely named, such as `example.com` in the text.
    pub named_hosts: BTreeSet<String>,
}

/// Where a link leads.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Target {
    /// The host, in ASCII.
    pub host: String,
    /// Path and query.
    pub path: String,
}

/// Stands for the page that shows the comment (RFC 6761, section 6.4: no site has that name).
static HERE: LazyLock<Option<url::Url>> = LazyLock::new(|| url::Url::parse("https://here.invalid/").ok());

impl Target {
    /// As a browser understands the address, which may name no scheme.
    fn of(address: &str) -> Option<Self> {
        let url = HERE.as_ref()?.join(address).ok()?;
        let host = url.host_str()?.trim_end_matches('.').to_owned();
        let path = url[url::Position::BeforePath..url::Position::AfterQuery].trim_end_matches('/').to_owned();
        Some(Self { host, path })
    }
}

impl Seen {
    /// What is to be seen of a reader's comment: the text as it was written, and its sanitised HTML.
    #[must_use]
    pub fn of(markdown: &str, html: &str) -> Self {
        let mut seen = Self::of_html(html);
        seen.links
            .extend(markdown::relative_links(markdown).iter().filter_map(|address| Target::of(address)));
        seen
    }

    /// What is to be seen of sanitised HTML: that of [`to_html`](crate::domain::markdown::to_html) for readers.
    fn of_html(html: &str) -> Self {
        let mut seen = Self::default();
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            push_unescaped(&mut seen.text, &rest[..at]);
            let Some(end) = rest[at..].find('>') else { break };
            seen.tag(&rest[at + 1..at + end]);
            rest = &rest[at + end + 1..];
        }
        push_unescaped(&mut seen.text, rest);
        seen.look_for_addresses();
        seen
    }

    fn tag(&mut self, tag: &str) {
        let name =
            tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
        match name {
            // What stands inside a line does not part words.
            "em" | "strong" | "del" | "code" => {}
            "a" => {
                if let Some((_, value)) = tag.split_once("href=\"") {
                    let mut address = String::new();
                    push_unescaped(&mut address, value.split('"').next().unwrap_or(""));
                    self.links.extend(Target::of(&address));
                }
            }
            _ => self.text.push('\n'),
        }
    }

    /// Addresses written out in the text, which a reader can copy: links where they begin as such, names elsewhere.
    fn look_for_addresses(&mut self) {
        let is_border = |c: char| c.is_whitespace() || "()[]<>{}\"'“”‘’«»,;".contains(c);
        for word in self.text.split(is_border).filter(|word| word.contains('.')) {
            let word = word.trim_end_matches(['.', '!', '?', ':']);
            let lower = word.to_ascii_lowercase();
            if lower.starts_with("http://") || lower.starts_with("https://") {
                self.links.extend(Target::of(word));
            } else if lower.starts_with("www.") {
                self.links.extend(Target::of(&format!("http://{word}")));
            } else if let Some(host) = named_host(word) {
                self.named_hosts.insert(host);
            }
        }
    }
}

/// The host that a word names, if it looks like one: labels, and a last one of letters.
fn named_host(word: &str) -> Option<String> {
    let name = word.rsplit('@').next()?.split(['/', ':', '?', '#']).next()?;
    let (_, last) = name.rsplit_once('.')?;
    let is_label = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    if name.len() > 253
        || last.chars().count() < 2
        || !last.chars().all(char::is_alphabetic)
        || !name.chars().all(is_label)
    {
        return None;
    }
    Target::of(&format!("http://{name}")).map(|target| target.host)
}

fn push_unescaped(text: &mut String, escaped: &str) {
    const ENTITIES: [(&str, &str); 5] =
        [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{A0}")];
    let mut rest = escaped;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
        let (length, plain) = entity.map_or((1, "&"), |(entity, plain)| (entity.len(), *plain));
        text.push_str(plain);
        rest = &rest[length..];
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::markdown::{Trust, to_html};

    fn seen(markdown: &str) -> Seen {
        Seen::of(markdown, &to_html(markdown, Trust::Reader))
    }

    #[test]
    fn marks_inside_a_word_do_not_part_it() {
        for written in
            ["stu**p**id", "stu\\pid", "st&#117;pid", "*stu*pid", "`stupid`", "stu[pid](http://x.org)"]
        {
            let text = seen(written).text.replace('\\', "");
            assert_eq!(text.trim(), "stupid", "{written}");
        }
        assert_eq!(seen("one\n\ntwo\n- three").text.split_whitespace().count(), 3);
        assert_eq!(seen("a < b & \"c\"").text.trim(), "a < b & \"c\"");
    }

    #[test]
    fn links_are_counted_by_where_they_lead() {
        let links = |markdown| seen(markdown).links.len();
        assert_eq!(links("[here](https://example.org/a?b=1&c=2) and <https://example.org/a?b=1&c=2>"), 1);
        assert_eq!(links("https://example.org/ http://example.org HTTPS://EXAMPLE.org"), 1);
        assert_eq!(links("www.example.org, (http://two.example/x)."), 2);
        assert_eq!(links("example.org is a name"), 0);
        assert_eq!(links("[a](//example.org/x) [b](/\\example.org/x) [c](https://example.org/x)"), 1);
        assert_eq!(links("[a](/sign-out) [b](?x=1) [c](javascript:x) <me@mail.example>"), 2);
        assert_eq!(links("![picture](https://example.org/p.png)"), 0, "readers' pictures are not shown");
    }

    #[test]
    fn named_hosts_are_seen() {
        let named = |text: &str| seen(text).named_hosts.into_iter().collect::<Vec<_>>();
        assert_eq!(named("go to Spam.Example.com/now"), ["spam.example.com"]);
        assert_eq!(named("me@mail.example"), ["mail.example"]);
        assert_eq!(named("пример.испытание"), ["xn--e1afmkfd.xn--80akhbyknj4f"]);
        assert_eq!(named("3.14 and 1.2.3 and e.g. this… end."), [""; 0]);
    }
}
