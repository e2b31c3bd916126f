//! Rules that look at what came before: how much a person or an address sends, whether the same was said already, and
//! whether moderators know the person. They judge facts that the store has counted.

use sha2::{Digest as _, Sha256};

use super::settings::Settings;
use super::{Facts, Finding, Outcome, Rule};

/// What stands for a text among others: the beginning of the SHA-256 of its folded words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TextDigest(pub [u8; 16]);

impl TextDigest {
    /// The digest of folded words; `None` where they are fewer characters than the rule minds.
    #[must_use]
    pub fn of(folded: &str, min_length: u32) -> Option<Self> {
        let words = folded.trim();
        if words.is_empty() || words.chars().take(min_length as usize).count() < min_length as usize {
            return None;
        }
        let digest = Sha256::digest(words.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Some(Self(bytes))
    }
}

/// What these rules find.
pub(super) fn judge(settings: &Settings, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut find = |rule, outcome, detail: String| {
        if outcome != Outcome::Allow {
            found.push(Finding::new(rule, outcome, detail));
        }
    };
    let (rate, address) = (settings.rate, settings.address_rate);
    if rate.comments > 0 && facts.by_person >= rate.comments {
        let detail =
            format!("Its author has sent in {} comments within {} minutes.", facts.by_person, rate.minutes);
        find(Rule::Rate, rate.outcome, detail);
    }
    if address.comments > 0 && facts.from_address >= address.comments {
        let detail = format!(
            "{} comments came from its address within {} minutes.",
            facts.from_address, address.minutes
        );
        find(Rule::AddressRate, address.outcome, detail);
    }
    let repeats = settings.repeats;
    if repeats.minutes > 0 && facts.own_repeats > 0 {
        let detail = "Its author has sent in the same text before.".to_owned();
        find(Rule::Repeat, repeats.own_outcome, detail);
    }
    if repeats.minutes > 0 && repeats.others > 0 && facts.others_repeats >= repeats.others {
        let detail = format!("{} comments of others have the same text.", facts.others_repeats);
        find(Rule::Repeat, repeats.others_outcome, detail);
    }
    found
}

/// Whether somebody is new here.
pub(super) fn judge_newcomer(settings: &Settings, facts: &Facts) -> Option<Finding> {
    let needed = settings.newcomers.approved;
    (facts.approved < needed).then(|| {
        let detail = format!(
            "Its author has {} approved comments; from {needed} on they are not held.",
            facts.approved
        );
        Finding::new(Rule::Newcomer, Outcome::Hold, detail)
    })
}
