//! The rules for submissions: as they are set, as they are in force, and what they would have done.

use async_graphql::{ComplexObject, Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::article::Article;
use super::comment::Comment;
use super::user::User;
use crate::domain::rules::settings;
use crate::domain::rules::{self, trial};
use crate::graphql::context::scope;
use crate::graphql::error::Result;
use crate::service::rule_settings::RulesSet;

/// What a rule makes of a comment, the mildest first.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "rules::Outcome")]
pub enum RuleOutcome {
    /// Nothing: the rule is off.
    Allow,
    /// A moderator reads it first.
    Hold,
    /// It is kept as spam.
    Spam,
    /// It is kept as rejected.
    Reject,
    /// It is not taken, and its author is told.
    Refuse,
}

/// The rules that a comment can meet.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "rules::Rule")]
pub enum ModerationRule {
    /// Comments of one person in a time.
    Rate,
    /// Comments from one address in a time.
    AddressRate,
    /// The same text again.
    Repeat,
    /// Words that are not accepted.
    BannedWords,
    /// Words that a moderator wants to see.
    SuspectWords,
    /// Links.
    Links,
    /// Somebody whom moderators don't know yet.
    Newcomer,
    /// Everything that this person writes is read first, by a moderator's sanction.
    PersonPremoderated,
    /// The article's comments are read before they appear.
    PreModeration,
    /// The operator's hook.
    Hook,
    /// Readers' reports sent it back.
    Reports,
    /// Its author changed what had been approved.
    Edited,
}

/// So many comments within a time are let through.
#[derive(SimpleObject, InputObject, Clone, Copy)]
#[graphql(input_name = "RateRuleInput")]
pub struct RateRule {
    /// How many are let through, at most 1,000; 0: the rule is off.
    comments: u32,
    /// Within how many minutes, up to a week.
    minutes: u32,
    /// What a further one meets.
    outcome: RuleOutcome,
}

/// The same text again: the same words, however they are dressed.
#[derive(SimpleObject, InputObject, Clone, Copy)]
#[graphql(input_name = "RepeatRuleInput")]
pub struct RepeatRule {
    /// How many minutes the rule looks back, up to a week; 0: it is off.
    minutes: u32,
    /// Texts of fewer characters may repeat.
    min_length: u32,
    /// What somebody's own text meets when it comes again.
    own_outcome: RuleOutcome,
    /// So many comments of others with that text make it a campaign; 0: others' texts don't count.
    others: u32,
    /// What it meets then.
    others_outcome: RuleOutcome,
}

/// A list of words and phrases.
#[derive(SimpleObject, InputObject, Clone)]
#[graphql(input_name = "WordRuleInput")]
pub struct WordRule {
    /// One entry a line: a word or a phrase, whole words only; with `*` at its end the beginning of a word. Case, accents and
    /// look-alikes make no difference. At most 10,000 entries for the site, 1,000 for an article, and 200,000 bytes.
    words: String,
    /// What a comment meets that has one of them.
    outcome: RuleOutcome,
}

/// Links and where they lead.
#[derive(SimpleObject, InputObject, Clone)]
#[graphql(input_name = "LinkRuleInput")]
pub struct LinkRule {
    /// So many links are let through; null: any number.
    max: Option<u32>,
    /// What a comment with more meets.
    outcome: RuleOutcome,
    /// Domains whose links don't count, their subdomains with them, at most 1,000.
    allowed: Vec<String>,
    /// Domains that are not to be linked or named, their subdomains with them, at most 1,000.
    denied: Vec<String>,
    /// What a comment meets that does.
    denied_outcome: RuleOutcome,
}

/// People whom moderators don't know yet.
#[derive(SimpleObject, InputObject, Clone, Copy)]
#[graphql(input_name = "NewcomerRuleInput")]
pub struct NewcomerRule {
    /// Somebody with fewer approved comments is held; 0: the rule is off.
    approved: u32,
}

/// The operator's hook, where one is configured.
#[derive(SimpleObject, InputObject, Clone, Copy)]
#[graphql(input_name = "HookRuleInput")]
pub struct HookRule {
    /// Whether it is asked.
    on: bool,
}

/// Readers' reports.
#[derive(SimpleObject, InputObject, Clone, Copy)]
#[graphql(input_name = "ReportRuleInput")]
pub struct ReportRule {
    /// The weight of open reports that sends an approved comment back to the queue, 0.1 to 1,000; null: none does. Each
    /// report weighs what its reporter's record is worth: `Report.reporterAccuracy`.
    hold_at: Option<f64>,
}

/// The rules for submissions, of the site or of an article: what is in force, and what is set there.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ModerationRules {
    /// Comments of one person.
    rate: RateRule,
    /// Comments from one address.
    address_rate: RateRule,
    /// The same text again.
    repeats: RepeatRule,
    /// Words that are not accepted.
    banned_words: WordRule,
    /// Words that a moderator wants to see.
    suspect_words: WordRule,
    /// Links.
    links: LinkRule,
    /// Newcomers.
    newcomers: NewcomerRule,
    /// The operator's hook.
    hook: HookRule,
    /// Readers' reports.
    reports: ReportRule,
    /// The revision of what is set here; 0: nothing is. Name it when you change the rules.
    revision: i32,
    /// The names of the rules that are set here; the others are as the site has them, or the defaults.
    own_rules: Vec<&'static str>,
    /// When what is set here last changed.
    updated_at: Option<DateTime<Utc>>,
    #[graphql(skip)]
    set: RulesSet,
}

#[ComplexObject]
impl ModerationRules {
    /// The article whose rules these are; null: the site's.
    async fn article(&self, ctx: &Context<'_>) -> Result<Option<Article>> {
        match self.set.article {
            Some(id) => Ok(scope(ctx)?.article(id).await?.map(Article)),
            None => Ok(None),
        }
    }

    /// Who changed them last; null: nobody yet, or somebody whose account is gone.
    async fn updated_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.set.own.updated_by {
            Some(id) => Ok(scope(ctx)?.user(id).await?.map(User)),
            None => Ok(None),
        }
    }
}

impl From<RulesSet> for ModerationRules {
    fn from(set: RulesSet) -> Self {
        let (layer, in_force) = (&set.own.layer, set.in_force.clone());
        let own = [
            ("rate", layer.rate.is_some()),
            ("addressRate", layer.address_rate.is_some()),
            ("repeats", layer.repeats.is_some()),
            ("bannedWords", layer.banned_words.is_some()),
            ("suspectWords", layer.suspect_words.is_some()),
            ("links", layer.links.is_some()),
            ("newcomers", layer.newcomers.is_some()),
            ("hook", layer.hook.is_some()),
            ("reports", layer.reports.is_some()),
        ];
        Self {
            rate: in_force.rate.into(),
            address_rate: in_force.address_rate.into(),
            repeats: in_force.repeats.into(),
            banned_words: in_force.banned_words.into(),
            suspect_words: in_force.suspect_words.into(),
            links: in_force.links.into(),
            newcomers: in_force.newcomers.into(),
            hook: in_force.hook.into(),
            reports: in_force.reports.into(),
            revision: set.own.revision,
            own_rules: own.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect(),
            updated_at: set.own.updated_at,
            set,
        }
    }
}

/// What a set of rules would have done to the last comments.
pub struct ModerationRulesTrial(pub trial::Trial);

/// How many comments would have met an outcome.
#[derive(SimpleObject)]
pub struct RuleOutcomeCount {
    /// Which outcome.
    outcome: RuleOutcome,
    /// How many.
    count: usize,
}

/// What a set of rules would have done to the last comments.
#[Object]
impl ModerationRulesTrial {
    /// Comments that the rules were tried on: those that still have their words.
    async fn tried(&self) -> usize {
        self.0.tried
    }

    /// How many would have met each outcome: the strictest of any rule.
    async fn outcomes(&self) -> Vec<RuleOutcomeCount> {
        let counts = self.0.outcomes.iter();
        counts.map(|&(outcome, count)| RuleOutcomeCount { outcome: outcome.into(), count }).collect()
    }

    /// What each rule would have done, the most frequent first.
    async fn rules(&self) -> Vec<RuleTrial> {
        self.0.rules.iter().cloned().map(RuleTrial).collect()
    }
}

/// What one rule would have done.
pub struct RuleTrial(trial::RuleTrial);

/// What one rule would have done.
#[Object]
impl RuleTrial {
    /// Which rule.
    async fn rule(&self) -> ModerationRule {
        self.0.rule.into()
    }

    /// What it would have made of the comments.
    async fn outcome(&self) -> RuleOutcome {
        self.0.outcome.into()
    }

    /// Of how many.
    async fn count(&self) -> usize {
        self.0.count
    }

    /// Some of them, the latest first, at most five.
    async fn samples(&self) -> Vec<RuleSample> {
        let samples = self.0.samples.iter().cloned();
        samples.map(|(comment, detail)| RuleSample { comment: Comment(comment), detail }).collect()
    }
}

/// A comment that a rule would have met.
#[derive(SimpleObject)]
pub struct RuleSample {
    /// The comment.
    comment: Comment,
    /// What the rule saw.
    detail: String,
}

/// Declares a rule's way in and out: the API's form and the domain's have the same fields.
macro_rules! both_ways {
    ($($name:ident { $($field:ident),+ $(,)? })+) => {$(
        impl From<settings::$name> for $name {
            fn from(rule: settings::$name) -> Self {
                Self { $($field: rule.$field.into()),+ }
            }
        }

        impl From<$name> for settings::$name {
            fn from(rule: $name) -> Self {
                Self { $($field: rule.$field.into()),+ }
            }
        }
    )+};
}

both_ways! {
    RateRule { comments, minutes, outcome }
    RepeatRule { minutes, min_length, own_outcome, others, others_outcome }
    WordRule { words, outcome }
    LinkRule { max, outcome, allowed, denied, denied_outcome }
    NewcomerRule { approved }
    HookRule { on }
    ReportRule { hold_at }
}
