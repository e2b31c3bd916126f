//! Links: how many, and where they lead.

use super::settings::{COUNT_MAX, DOMAINS_MAX, LinkRule};
use super::{Finding, Outcome, Rule, Seen};

/// What the rule finds in a comment.
pub(super) fn judge(rule: &LinkRule, seen: &Seen) -> Vec<Finding> {
    let mut found = Vec::new();
    let hosts = seen.links.iter().map(|link| &*link.host).chain(seen.named_hosts.iter().map(String::as_str));
    let mut denied: Vec<&str> = hosts.filter(|host| is_in(host, &rule.denied)).collect();
    denied.dedup();
    if !denied.is_empty() && rule.denied_outcome != Outcome::Allow {
        denied.truncate(5);
        let detail = format!("Names a domain that is not to be linked: {}.", denied.join(", "));
        found.push(Finding::new(Rule::Links, rule.denied_outcome, detail));
    }
    let counted = seen.links.iter().filter(|link| !is_in(&link.host, &rule.allowed)).count();
    if let Some(max) = rule.max
        && counted > max as usize
        && rule.outcome != Outcome::Allow
    {
        let detail = format!("Has {counted} links; {max} are let through.");
        found.push(Finding::new(Rule::Links, rule.outcome, detail));
    }
    found
}

/// Whether a host is one of the domains, or under one.
fn is_in(host: &str, domains: &[String]) -> bool {
    domains.iter().any(|domain| {
        host.strip_suffix(domain.as_str()).is_some_and(|above| above.is_empty() || above.ends_with('.'))
    })
}

/// What is wrong with the rule. Its domains are brought into the form that hosts have: ASCII, lower case.
pub(super) fn mistakes(rule: &mut LinkRule) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if rule.max.is_some_and(|max| max > COUNT_MAX) {
        found.push(("links", format!("At most {COUNT_MAX} links.")));
    }
    for domains in [&mut rule.allowed, &mut rule.denied] {
        if domains.len() > DOMAINS_MAX {
            found.push(("links", format!("At most {DOMAINS_MAX} domains a list.")));
            continue;
        }
        for domain in domains {
            match url::Host::parse(domain.trim().trim_start_matches("*.").trim_end_matches('.')) {
                Ok(host) if !domain.trim().is_empty() => *domain = host.to_string(),
                _ => {
                    let shown: String = domain.chars().take(60).collect();
                    found.push(("links", format!("“{shown}” is not a domain such as example.org.")));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::markdown::{Trust, to_html};
    use rstest::rstest;

    fn rule(allowed: &[&str], denied: &[&str]) -> LinkRule {
        let owned = |domains: &[&str]| domains.iter().map(|&domain| domain.to_owned()).collect();
        let mut rule = LinkRule {
            max: Some(1),
            outcome: Outcome::Hold,
            allowed: owned(allowed),
            denied: owned(denied),
            denied_outcome: Outcome::Spam,
        };
        assert_eq!(mistakes(&mut rule), []);
        rule
    }

    #[rstest]
    #[case::one("see https://a.example", &[])]
    #[case::two("https://a.example https://b.example", &[Outcome::Hold])]
    #[case::allowed_do_not_count("https://a.example https://news.example.org https://example.org/x", &[])]
    #[case::denied("https://shop.Spam.example/x", &[Outcome::Spam])]
    #[case::denied_name("write to spam.example!", &[Outcome::Spam])]
    #[case::denied_hidden("[news](https://spam.example.)", &[Outcome::Spam])]
    #[case::ends_alike("https://notspam.example", &[])]
    #[case::denied_without_a_scheme("[news](//spam.example/x)", &[Outcome::Spam])]
    #[case::leads_somewhere_here("[a](/a) [b](?b)", &[Outcome::Hold])]
    #[case::idn("https://БАД.example", &[Outcome::Spam])]
    #[case::both("https://spam.example https://b.example", &[Outcome::Spam, Outcome::Hold])]
    fn by_number_and_domain(#[case] text: &str, #[case] outcomes: &[Outcome]) {
        let rule = rule(&["example.org"], &["*.SPAM.example", "бад.example"]);
        let found = judge(&rule, &Seen::of(text, &to_html(text, Trust::Reader)));
        assert_eq!(found.iter().map(|finding| finding.outcome).collect::<Vec<_>>(), outcomes, "{found:?}");
    }

    #[test]
    fn what_is_no_domain_is_told() {
        for bad in ["", "exa mple.org", "http://example.org", "a/b"] {
            let mut rule = LinkRule { denied: vec![bad.to_owned()], ..rule(&[], &[]) };
            assert_eq!(mistakes(&mut rule).len(), 1, "{bad:?}");
        }
    }
}
