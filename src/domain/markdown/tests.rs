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
fn a_readers_links_name_their_site() {
    for text in
        ["[x](//spam.example/x)", "[x](/sign-out)", "[x](?x=1)", "[x](#x)", "[x]\n\n[x]: \\\\/spam.example"]
    {
        let html = to_html(text, Trust::Reader);
        assert!(html.contains(">x</a>") && !html.contains("href"), "{html}");
        assert_eq!(relative_links(text).len(), 1, "{text}");
    }
    assert!(to_html("[x](/about)", Trust::Editor).contains("href=\"/about\""));
    assert!(relative_links("<https://a.example> [b](mailto:b@b.example) <c@c.example>").is_empty());
}

#[test]
fn a_reference_brings_back_nothing_invisible() {
    let html = to_html("a&#x202e;b&#8203;&#x1;&#xFFFE;c `d&#x202e;`", Trust::Reader);
    assert_eq!(html, "<p>abc <code>d&amp;#x202e;</code></p>");
    let html = to_html("&#x1F469;&#x200D;&#x1F467; m&zwj;e \u{0645}&zwnj;\u{062E}", Trust::Reader);
    assert_eq!(html, "<p>\u{1F469}\u{200D}\u{1F467} me \u{0645}\u{200C}\u{062E}</p>");
    assert_eq!(to_html("&nbsp;&eacute;&amp;", Trust::Reader), "<p>&nbsp;é&amp;</p>");
}

/// Markdown that is worst for somebody: `bytes` of it.
fn bombs(bytes: usize) -> Vec<(&'static str, String)> {
    let repeat = |text: &str| text.repeat(bytes / text.len());
    let halves = |one: &str, other: &str| {
        one.repeat(bytes / 2 / one.len()) + "x" + &other.repeat(bytes / 2 / other.len())
    };
    let mut staircase = String::new();
    let mut level = 0;
    while staircase.len() < bytes / 2 {
        staircase += &(" ".repeat(2 * level) + &"- ".repeat(60) + "x\n");
        level += 60;
    }
    let table = "|a".repeat(bytes / 8) + "\n" + &"|-".repeat(bytes / 8) + "\n" + &"a\n".repeat(bytes / 4);
    let link = format!("[a]: http://{}\n\n{}", "x".repeat(bytes / 2), "[a] ".repeat(bytes / 8));
    vec![
        ("quotes", repeat(">")),
        ("spaced quotes", repeat("> ")),
        ("lists", repeat("- ")),
        ("numbers", repeat("1. ")),
        ("lists in quotes", repeat("> - ")),
        ("lists, then blank lines", halves("- ", "\n")),
        ("a staircase, then blank lines", staircase + &"\n".repeat(bytes / 2)),
        ("quotes on every line", (">".repeat(60) + "a\n\n").repeat(bytes / 63)),
        ("changing lists", repeat("-\n>\n")),
        ("emphasis", halves("*a **a ", " a** a*")),
        ("strikes", halves("~a ", " a~")),
        ("brackets", repeat("[")),
        ("images", halves("![", "](a)")),
        ("links", halves("[a](", ")")),
        (
            "ticks",
            (1..)
                .map(|n| "`".repeat(n) + " ")
                .take_while({
                    let mut sum = 0;
                    move |run| {
                        sum += run.len();
                        sum <= bytes
                    }
                })
                .collect(),
        ),
        ("tags", repeat("<a ")),
        ("comments", repeat("<!--")),
        ("entities", repeat("&a")),
        ("entities in code", format!("`{}`", repeat("&a"))),
        ("angles", repeat("\"<")),
        ("tables", table),
        ("one long link", link),
    ]
}

#[test]
fn no_text_takes_long_or_grows_large() {
    for trust in [Trust::Reader, Trust::Editor] {
        let bytes = if trust == Trust::Reader { 5_000 } else { 50_000 };
        for (name, text) in bombs(bytes) {
            let started = std::time::Instant::now();
            let html = to_html(&text, trust);
            let (took, length) = (started.elapsed(), html.len());
            // A debug build on a busy machine; a release build takes a tenth.
            assert!(took < std::time::Duration::from_secs(10), "{trust:?} {name}: {took:?}");
            let most = text.len() * GROWTH_MAX + GROWTH_FREE_BYTES;
            assert!(length <= most, "{trust:?} {name}: {length} bytes of {}", text.len());
        }
    }
}

#[test]
fn what_is_deeper_than_a_reader_follows_is_flattened() {
    let html = to_html(&(">".repeat(5_000) + "deep"), Trust::Reader);
    assert_eq!(html.matches("<blockquote>").count(), NESTING_MAX, "{html}");
    assert!(html.contains("<p>deep</p>"), "{html}");
    let stairs: String = (0..20).map(|level| format!("{}- {level}\n", "  ".repeat(level))).collect();
    let html = to_html(&stairs, Trust::Editor);
    assert_eq!((html.matches("<ul>").count(), html.matches("<li>").count()), (16, 16), "{html}");
    assert!(html.contains("15\n16\n17\n18\n19"), "{html}");
    assert_eq!(html.matches("</ul>").count(), 16);
    assert_eq!(to_html("> a\n>> b", Trust::Reader).matches("<blockquote>").count(), 2);
}

#[test]
fn markers_over_the_limit_are_dropped_and_nothing_else() {
    for text in ["> - 1. a > - b\n\n* * *\n", &"> ".repeat(MARKERS_MAX), "12. x\n1234567890. y", "é\n>"] {
        assert!(matches!(with_few_markers(text), Cow::Borrowed(same) if same == text));
    }
    let many = format!("a\n{} é\n>b", ">".repeat(100));
    assert_eq!(with_few_markers(&many), format!("a\n{}é\n>b", ">".repeat(64)));
    let many = "1. - > + ".repeat(20) + "end";
    assert_eq!(with_few_markers(&many), "1. - > + ".repeat(16) + "end");
}

#[test]
fn a_text_in_pieces_reads_as_one() {
    let long = "é&\"x".repeat(2_000);
    let shown = "é&amp;\"x".repeat(2_000);
    assert_eq!(to_html(&long, Trust::Reader), format!("<p>{shown}</p>"));
    assert_eq!(to_html(&format!("a `{long}` b"), Trust::Editor), format!("<p>a <code>{shown}</code> b</p>"));
    let alt = to_html(&format!("![{long}](https://example.org/a.png)"), Trust::Editor);
    assert!(alt.contains(&format!("alt=\"{}\"", shown.replace('"', "&quot;"))), "{alt:.200}");
}

#[test]
fn what_would_grow_large_shows_as_it_was_written() {
    let text = (">".repeat(16) + "a\n\n").repeat(200);
    let html = to_html(&text, Trust::Reader);
    assert!(html.starts_with("<p>&gt;&gt;") && html.len() < 8 * text.len(), "{html:.100}");
}

#[test]
fn lines_stay_lines_for_readers_only() {
    assert!(to_html("one\ntwo", Trust::Reader).contains("<br"));
    assert!(!to_html("one\ntwo", Trust::Editor).contains("<br"));
}
