//! The rules together: order, strictness, traces.

use rstest::rstest;

use super::settings::{NewcomerRule, RateRule, RepeatRule, WordRule};
use super::*;
use crate::domain::markdown::{Trust, to_html};

fn open() -> CommentPolicy {
    CommentPolicy { moderation: ModerationMode::Post, min_length: 1, ..CommentPolicy::default() }
}

fn words(text: &str) -> Words {
    Words::of(text, &to_html(text, Trust::Reader))
}

fn listed(banned: &str, outcome: Outcome, suspect: &str) -> Rules {
    let list = |words: &str, outcome| Some(WordRule { words: words.to_owned(), outcome });
    let layer = Layer {
        banned_words: list(banned, outcome),
        suspect_words: list(suspect, Outcome::Hold),
        ..Layer::default()
    };
    Rules::default().under(&layer, ENTRIES_MAX).unwrap()
}

fn judged(rules: &Rules, policy: &CommentPolicy, text: &str, facts: &Facts) -> Result<Verdict, NotTaken> {
    judge(rules, policy, text, &words(text), facts, DateTime::UNIX_EPOCH)
}

#[test]
fn the_minimum_counts_what_a_reader_counts() {
    let policy = CommentPolicy::default();
    let judged = |text: &str| judged(&Rules::default(), &policy, text, &Facts::default());
    assert_eq!(judged(&"👩‍👩‍👧".repeat(49)), Err(NotTaken::TooShort { length: 49, minimum: 50 }));
    assert!(judged(&"👩‍👩‍👧".repeat(50)).is_ok_and(|verdict| verdict.outcome == Outcome::Hold));
}

#[test]
fn what_a_reader_does_not_see_counts_for_nothing() {
    let judged = |text: &str| judged(&Rules::default(), &CommentPolicy::default(), text, &Facts::default());
    let link = format!("[abc]: https://shop.example/{}", "x".repeat(60));
    for nothing in ["&#8203;".repeat(12), "&nbsp;".repeat(20), "&#x2800;".repeat(20), link] {
        assert_eq!(judged(&nothing), Err(NotTaken::TooShort { length: 0, minimum: 50 }), "{nothing}");
    }
    let marked = format!("**{}**", "x".repeat(49));
    assert_eq!(judged(&marked), Err(NotTaken::TooShort { length: 49, minimum: 50 }));
    // Nor do paragraphs make it longer.
    assert_eq!(judged(&"x\n\n".repeat(17)), Err(NotTaken::TooShort { length: 49, minimum: 50 }));
}

#[test]
fn one_cluster_cannot_be_a_megabyte() {
    let zalgo = format!("a{}", "\u{301}".repeat(1_000_000));
    assert!(matches!(check_not_too_long(&open(), &zalgo), Err(NotTaken::TooLong { .. })));
}

#[test]
fn commenting_closes_by_itself_and_length_is_told_first() {
    let policy = CommentPolicy { closes_at: Some(DateTime::UNIX_EPOCH), ..CommentPolicy::default() };
    let judged = |text: &str| judged(&Rules::default(), &policy, text, &Facts::default());
    assert_eq!(judged(&"word ".repeat(20)), Err(NotTaken::Closed));
    assert!(matches!(judged("short"), Err(NotTaken::TooShort { .. })));
}

#[rstest]
#[case::refused(Outcome::Refuse, Err(NotTaken::ByRule(Rule::BannedWords)))]
#[case::rejected(Outcome::Reject, Ok(Outcome::Reject))]
#[case::spam(Outcome::Spam, Ok(Outcome::Spam))]
#[case::held(Outcome::Hold, Ok(Outcome::Hold))]
#[case::off(Outcome::Allow, Ok(Outcome::Hold))] // the suspect word is left
fn the_strictest_decides(#[case] outcome: Outcome, #[case] expected: Result<Outcome, NotTaken>) {
    let rules = listed("vile", outcome, "odd");
    let verdict = judged(&rules, &open(), "An odd and VILE thing", &Facts::default());
    if let Ok(verdict) = &verdict {
        let traces: Vec<&str> = verdict.held_because.iter().map(|trace| &*trace.rule).collect();
        let both = ["BANNED_WORDS", "SUSPECT_WORDS"];
        assert_eq!(traces, if outcome == Outcome::Allow { &both[1..] } else { &both[..] });
    }
    assert_eq!(verdict.map(|verdict| verdict.outcome), expected);
}

#[test]
fn a_trace_names_what_was_found_and_the_author_is_not_told() {
    let rules = listed("", Outcome::Refuse, "Odd\nstrange thing*");
    let verdict =
        judged(&rules, &open(), "The oddest: **o**dd, strange   things.", &Facts::default()).unwrap();
    assert_eq!(verdict.held_because, [Trace::of(Rule::SuspectWords, "Has “Odd”, “strange thing*”.")]);
    let refused = judged(&listed("odd", Outcome::Refuse, ""), &open(), "odd", &Facts::default()).unwrap_err();
    assert!(!refused.to_string().contains("odd"), "{refused}");
}

fn with(change: impl FnOnce(&mut Settings)) -> Rules {
    let mut rules = Rules::default();
    change(&mut rules.settings);
    rules
}

#[test]
fn what_came_before_counts() {
    let rate = |outcome| with(|set| set.rate = RateRule { comments: 3, minutes: 10, outcome });
    let sent = |by_person| Facts { by_person, ..Facts::default() };
    let judged = |rules: &Rules, facts: &Facts| judged(rules, &open(), "Words of a comment", facts);
    assert_eq!(judged(&rate(Outcome::Hold), &sent(2)).unwrap().outcome, Outcome::Allow);
    assert_eq!(judged(&rate(Outcome::Hold), &sent(3)).unwrap().held_because[0].rule, "RATE");
    assert_eq!(judged(&rate(Outcome::Refuse), &sent(3)), Err(NotTaken::ByRule(Rule::Rate)));
    assert_eq!(judged(&rate(Outcome::Allow), &sent(9)).unwrap().held_because, []);
    let off = with(|set| set.rate.comments = 0);
    assert_eq!(judged(&off, &sent(1_000)).unwrap().outcome, Outcome::Allow);

    let repeats = with(|set| {
        set.repeats = RepeatRule { others: 2, others_outcome: Outcome::Spam, ..set.repeats };
    });
    let repeated = |own_repeats, others_repeats| Facts { own_repeats, others_repeats, ..Facts::default() };
    assert_eq!(judged(&repeats, &repeated(0, 1)).unwrap().outcome, Outcome::Allow);
    assert_eq!(judged(&repeats, &repeated(1, 0)).unwrap().outcome, Outcome::Hold);
    assert_eq!(judged(&repeats, &repeated(1, 2)).unwrap().outcome, Outcome::Spam);

    let newcomers = with(|set| set.newcomers = NewcomerRule { approved: 2 });
    let known = |approved| Facts { approved, ..Facts::default() };
    assert_eq!(judged(&newcomers, &known(1)).unwrap().held_because[0].rule, "NEWCOMER");
    assert_eq!(judged(&newcomers, &known(2)).unwrap().outcome, Outcome::Allow);
}

#[test]
fn the_hook_has_the_last_word_but_not_a_milder_one() {
    let hook = |outcome| Facts {
        hook: Some(Finding::new(Rule::Hook, outcome, "It says so.".to_owned())),
        ..Facts::default()
    };
    let held = CommentPolicy { moderation: ModerationMode::Pre, ..open() };
    let judged = |facts: &Facts| judged(&Rules::default(), &held, "Words", facts);
    let rules =
        |verdict: Verdict| verdict.held_because.into_iter().map(|trace| trace.rule).collect::<Vec<_>>();
    assert_eq!(rules(judged(&hook(Outcome::Spam)).unwrap()), ["PRE_MODERATION", "HOOK"]);
    assert_eq!(judged(&hook(Outcome::Refuse)), Err(NotTaken::ByRule(Rule::Hook)));
}

#[test]
fn a_digest_is_of_the_words_not_their_dress() {
    let digest = |text: &str| TextDigest::of(&words(text).folded, 10);
    assert_eq!(digest("Buy **cheap** pills, now!"), digest("BUY cheap\n\npílls… now"));
    assert_ne!(digest("Buy cheap pills now"), digest("Buy cheap pills later"));
    assert_eq!(digest("Well said"), None, "short texts may repeat");
}

#[test]
fn layers_leave_what_they_do_not_name() {
    let site = listed("vile", Outcome::Refuse, "odd");
    let article = Layer { newcomers: Some(NewcomerRule { approved: 1 }), ..Layer::default() };
    let rules = site.under(&article, ARTICLE_ENTRIES_MAX).unwrap();
    assert!(Arc::ptr_eq(&rules.banned, &site.banned));
    assert_eq!(judged(&rules, &open(), "vile", &Facts::default()), Err(NotTaken::ByRule(Rule::BannedWords)));
    let json = serde_json::to_string(&article).unwrap();
    assert_eq!(json, r#"{"newcomers":{"approved":1}}"#);
    assert_eq!(serde_json::from_str::<Layer>(&json).unwrap(), article);
}
