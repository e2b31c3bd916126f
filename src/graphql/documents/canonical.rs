//! A document by its tokens: what comments, commas, white space and the order of definitions leave the same.

/// One definition, from its first word to its last bracket.
#[derive(Clone, Debug)]
pub(super) struct Definition<'a> {
    tokens: Vec<&'a str>,
    text: &'a str,
}

/// Stands between tokens where they are compared: no token holds it, for the guard refuses it in texts.
const BETWEEN: &str = "\0";

impl<'a> Definition<'a> {
    /// The fragment's name, if it is one.
    pub(super) fn fragment(&self) -> Option<&'a str> {
        self.tokens.strip_prefix(&["fragment"]).and_then(|rest| rest.first()).copied()
    }

    /// The operation's name, if it is one and has one.
    pub(super) fn operation(&self) -> Option<&'a str> {
        match *self.tokens.as_slice() {
            ["query" | "mutation" | "subscription", name, ..] if is_word(name) => Some(name),
            _ => None,
        }
    }

    /// The fragments that it spreads.
    pub(super) fn spreads(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.tokens.windows(2).filter_map(|pair| match *pair {
            ["...", name] if name != "on" && is_word(name) => Some(name),
            _ => None,
        })
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// The definitions of a text, in its order.
pub(super) fn definitions(text: &str) -> Vec<Definition<'_>> {
    let (mut all, mut depth) = (Vec::new(), 0_u32);
    let (mut tokens, mut begins) = (Vec::new(), 0);
    let mut rest = text;
    while let Some((token, after)) = next_token(rest) {
        let ends = text.len() - after.len();
        if tokens.is_empty() {
            begins = ends - token.len();
        }
        rest = after;
        tokens.push(token);
        match token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && token == "}" {
            all.push(Definition { tokens: std::mem::take(&mut tokens), text: &text[begins..ends] });
        }
    }
    if !tokens.is_empty() {
        all.push(Definition { tokens, text: &text[begins..] });
    }
    all
}

/// What is the same for two texts exactly when their definitions are, in whatever order.
pub(super) fn key(definitions: &[Definition<'_>]) -> String {
    let mut all: Vec<String> = definitions.iter().map(|definition| definition.tokens.join(BETWEEN)).collect();
    all.sort_unstable();
    all.join("\0\0")
}

/// Definitions as a text, each as it was written.
pub(super) fn text(definitions: &[Definition<'_>]) -> String {
    let texts: Vec<&str> = definitions.iter().map(|definition| definition.text).collect();
    texts.join("\n")
}

/// The next token and what follows it (GraphQL specification, section 2.1). What is no token comes character by
/// character: it is in nothing that was registered.
fn next_token(text: &str) -> Option<(&str, &str)> {
    let mut text = text;
    loop {
        text = text.trim_start_matches([' ', '\t', '\n', '\r', ',', '\u{feff}']);
        let Some(comment) = text.strip_prefix('#') else { break };
        text = comment.find(['\n', '\r']).map_or("", |end| &comment[end..]);
    }
    let first = text.chars().next()?;
    let length = match first {
        '"' if text.starts_with(r#"""""#) => block_string(text),
        '"' => string(text),
        '.' if text.starts_with("...") => 3,
        'a'..='z' | 'A'..='Z' | '_' => run(text, |c| c.is_ascii_alphanumeric() || c == '_'),
        '0'..='9' | '-' => run(text, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '-')),
        other => other.len_utf8(),
    };
    Some(text.split_at(length))
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn string(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii) => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

fn block_string(text: &str) -> usize {
    let mut at = 3;
    while let Some(found) = text[at..].find(r#"""""#) {
        let quotes = at + found;
        if !text[..quotes].ends_with('\\') {
            return quotes + 3;
        }
        at = quotes + 3;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        key(&definitions(a)) == key(&definitions(b))
    }

    #[test]
    fn what_means_the_same_is_the_same_and_what_does_not_is_not() {
        assert!(same("{a,b}", "{ a # and\n b }"));
        assert!(same("query A{a} fragment F on T{b}", "fragment F on T { b }\n\nquery A { a }"));
        assert!(same(r#"query A($a: T = {b: "}"}) { a }"#, r#"query A($a:T={b:"}"}){a}"#));
        assert!(!same("{ a b }", "{ ab }"));
        assert!(!same(r#"{ a(b: "x y") }"#, r#"{ a(b: "x  y") }"#));
        assert!(!same(r#"{ a(b: "c") d }"#, r#"{ a(b: "c") } { d }"#));
        assert!(!same("{ a(b: 1 c: 2) }", "{ a(b: 1.0 c: 2) }"));
        assert!(!same(r#"{ a(b: """x\""" y""") }"#, r#"{ a(b: """x""") y }"#));
    }

    #[test]
    fn odd_texts_end() {
        for text in ["\"", "\"\\", "\"\"\"", "\"\\é", "}", "…", "#", "-", "fragment", "..."] {
            assert!(definitions(text).len() <= 1, "{text}");
        }
    }
}
