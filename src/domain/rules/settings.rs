//! What a newsroom sets of the rules: one layer for the site, and one for each article that has rules of its own. A rule
//! that a layer leaves out is as the layer under it has it: the article's, else the site's, else the default.

use serde::{Deserialize, Serialize};

use super::Outcome;

/// The longest window that a rule looks back, in minutes: a week.
pub const WINDOW_MINUTES_MAX: u32 = 7 * 24 * 60;
/// The most comments that a rule counts to.
pub const COUNT_MAX: u32 = 1_000;
/// Domains of one list.
pub const DOMAINS_MAX: usize = 1_000;

/// So many comments within a time are let through; what a further one meets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RateRule {
    /// How many are let through; 0: the rule is off.
    pub comments: u32,
    /// Within how many minutes.
    pub minutes: u32,
    /// What a further one meets.
    pub outcome: Outcome,
}

/// The same text again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RepeatRule {
    /// How far back the rule looks; 0: it is off.
    pub minutes: u32,
    /// Texts of fewer characters may repeat: "Well said!" does.
    pub min_length: u32,
    /// What somebody's own text meets when it comes again.
    pub own_outcome: Outcome,
    /// So many comments of others with that text make it a campaign; 0: others' texts don't count.
    pub others: u32,
    /// What it meets then.
    pub others_outcome: Outcome,
}

/// A list of words and phrases.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WordRule {
    /// One entry a line.
    pub words: String,
    /// What a comment meets that has one of them.
    pub outcome: Outcome,
}

/// Links and where they lead.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkRule {
    /// So many links are let through; `None`: any number.
    pub max: Option<u32>,
    /// What a comment with more meets.
    pub outcome: Outcome,
    /// Domains whose links don't count, their subdomains with them.
    pub allowed: Vec<String>,
    /// Domains that are not to be linked or named.
    pub denied: Vec<String>,
    /// What a comment meets that does.
    pub denied_outcome: Outcome,
}

/// People whom moderators don't know yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewcomerRule {
    /// Somebody with fewer approved comments is held; 0: the rule is off.
    pub approved: u32,
}

/// The operator's hook, where one is configured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HookRule {
    /// Whether it is asked.
    pub on: bool,
}

/// Readers' reports.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReportRule {
    /// The weight of open reports that sends an approved comment back to the queue; `None`: no weight does.
    pub hold_at: Option<f64>,
}

/// A layer of rules.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Layer {
    /// Comments of one person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<RateRule>,
    /// Comments from one address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_rate: Option<RateRule>,
    /// The same text again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<RepeatRule>,
    /// Words that are not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banned_words: Option<WordRule>,
    /// Words that a moderator wants to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect_words: Option<WordRule>,
    /// Links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<LinkRule>,
    /// Newcomers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newcomers: Option<NewcomerRule>,
    /// The operator's hook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<HookRule>,
    /// Readers' reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reports: Option<ReportRule>,
}

/// The rules in force, each of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// Comments of one person.
    pub rate: RateRule,
    /// Comments from one address.
    pub address_rate: RateRule,
    /// The same text again.
    pub repeats: RepeatRule,
    /// Words that are not accepted.
    pub banned_words: WordRule,
    /// Words that a moderator wants to see.
    pub suspect_words: WordRule,
    /// Links.
    pub links: LinkRule,
    /// Newcomers.
    pub newcomers: NewcomerRule,
    /// The operator's hook.
    pub hook: HookRule,
    /// Readers' reports.
    pub reports: ReportRule,
}

impl Default for Settings {
    /// What works without any setting: floods, copies and bundles of links wait for a moderator.
    fn default() -> Self {
        let no_words = |outcome| WordRule { words: String::new(), outcome };
        Self {
            rate: RateRule { comments: 20, minutes: 10, outcome: Outcome::Hold },
            address_rate: RateRule { comments: 100, minutes: 10, outcome: Outcome::Hold },
            repeats: RepeatRule {
                minutes: 24 * 60,
                min_length: 30,
                own_outcome: Outcome::Hold,
                others: 3,
                others_outcome: Outcome::Hold,
            },
            banned_words: no_words(Outcome::Refuse),
            suspect_words: no_words(Outcome::Hold),
            links: LinkRule {
                max: Some(3),
                outcome: Outcome::Hold,
                allowed: Vec::new(),
                denied: Vec::new(),
                denied_outcome: Outcome::Spam,
            },
            newcomers: NewcomerRule { approved: 0 },
            hook: HookRule { on: true },
            reports: ReportRule { hold_at: None },
        }
    }
}

impl Settings {
    /// These settings under a layer.
    #[must_use]
    pub fn under(&self, layer: &Layer) -> Self {
        Self {
            rate: layer.rate.unwrap_or(self.rate),
            address_rate: layer.address_rate.unwrap_or(self.address_rate),
            repeats: layer.repeats.unwrap_or(self.repeats),
            banned_words: layer.banned_words.clone().unwrap_or_else(|| self.banned_words.clone()),
            suspect_words: layer.suspect_words.clone().unwrap_or_else(|| self.suspect_words.clone()),
            links: layer.links.clone().unwrap_or_else(|| self.links.clone()),
            newcomers: layer.newcomers.unwrap_or(self.newcomers),
            hook: layer.hook.unwrap_or(self.hook),
            reports: layer.reports.unwrap_or(self.reports),
        }
    }
}

impl Layer {
    /// What is wrong with it, by rule; the word lists are checked where they are compiled.
    #[must_use]
    pub fn mistakes(&mut self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for (field, rule) in [("rate", &self.rate), ("addressRate", &self.address_rate)] {
            if let Some(rule) = rule
                && (rule.comments > COUNT_MAX || !(1..=WINDOW_MINUTES_MAX).contains(&rule.minutes))
            {
                found.push((
                    field,
                    format!("At most {COUNT_MAX} comments, within 1 to {WINDOW_MINUTES_MAX} minutes."),
                ));
            }
        }
        if let Some(rule) = &self.repeats
            && (rule.minutes > WINDOW_MINUTES_MAX || rule.others > COUNT_MAX || rule.min_length > 5_000)
        {
            found.push((
                "repeats",
                format!("At most {WINDOW_MINUTES_MAX} minutes, {COUNT_MAX} others and 5000 characters."),
            ));
        }
        if self.newcomers.is_some_and(|rule| rule.approved > COUNT_MAX) {
            found.push(("newcomers", format!("At most {COUNT_MAX} approved comments.")));
        }
        if let Some(ReportRule { hold_at: Some(weight) }) = self.reports
            && !(0.1..=1_000.0).contains(&weight)
        {
            found.push(("reports", "A weight of 0.1 to 1000; null for none.".to_owned()));
        }
        if let Some(rule) = &mut self.links {
            found.extend(super::links::mistakes(rule));
        }
        found
    }
}
