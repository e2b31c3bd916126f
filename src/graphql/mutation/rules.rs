//! Setting the rules for submissions, and trying them.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};

use super::{caller, parts, payload};
use crate::graphql::error::Result;
use crate::graphql::id::article_id;
use crate::graphql::types::rules::{
    HookRule, LinkRule, ModerationRules, ModerationRulesTrial, NewcomerRule, RateRule, RepeatRule,
    ReportRule, WordRule,
};
use crate::service::rule_settings::LayerChange;

/// What to change of the rules: a rule that is left out stays as it is; null takes it out, so that the site's rule holds for
/// an article, and the default for the site.
#[derive(InputObject, Default)]
pub struct ModerationRulesInput {
    /// Comments of one person.
    rate: MaybeUndefined<RateRule>,
    /// Comments from one address.
    address_rate: MaybeUndefined<RateRule>,
    /// The same text again.
    repeats: MaybeUndefined<RepeatRule>,
    /// Words that are not accepted.
    banned_words: MaybeUndefined<WordRule>,
    /// Words that a moderator wants to see.
    suspect_words: MaybeUndefined<WordRule>,
    /// Links.
    links: MaybeUndefined<LinkRule>,
    /// Newcomers.
    newcomers: MaybeUndefined<NewcomerRule>,
    /// The operator's hook.
    hook: MaybeUndefined<HookRule>,
    /// Readers' reports.
    reports: MaybeUndefined<ReportRule>,
}

/// A change of the rules.
#[derive(InputObject)]
pub struct ModerationRulesSetInput {
    /// The article whose own rules change; none: the site's.
    article_id: Option<ID>,
    /// The revision that was read: another one is a conflict.
    revision: i32,
    /// What to change.
    rules: ModerationRulesInput,
}

/// Rules to try.
#[derive(InputObject)]
pub struct ModerationRulesTryInput {
    /// Only on the comments of this article, over its rules; none: on all, over the site's.
    article_id: Option<ID>,
    /// What to change of the rules in force for the trial. Null leaves a rule as it is.
    #[graphql(default)]
    rules: ModerationRulesInput,
    /// On how many comments, the latest, at most 1,000.
    #[graphql(default = 100)]
    last: u32,
}

payload!(ModerationRulesSetPayload { rules: ModerationRules, "The rules; on a conflict, as they are now." });
payload!(ModerationRulesTryPayload { trial: ModerationRulesTrial, "What the rules would have done." });

/// Setting the rules for submissions.
#[derive(Default)]
pub struct RulesMutation;

#[Object]
impl RulesMutation {
    /// Changes the rules for submissions: the site's, for administrators, or an article's own, for editors. What comes in from
    /// then on is judged by them, on every node.
    async fn moderation_rules_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: ModerationRulesSetInput,
    ) -> Result<ModerationRulesSetPayload> {
        let (service, viewer) = caller(ctx)?;
        let article = input.article_id.as_ref().map(article_id).transpose()?;
        let outcome = service.set_moderation_rules(viewer, article, input.revision, input.rules.into()).await;
        let (set, user_errors) = parts(outcome)?;
        Ok(ModerationRulesSetPayload { rules: set.map(ModerationRules::from), user_errors })
    }
}

/// The rules of the site or of an article.
pub async fn moderation_rules(ctx: &Context<'_>, article: Option<ID>) -> Result<ModerationRules> {
    let (service, viewer) = caller(ctx)?;
    let article = article.as_ref().map(article_id).transpose()?;
    Ok(service.moderation_rules(viewer, article).await?.into())
}

/// A dry run.
pub async fn moderation_rules_try(
    ctx: &Context<'_>,
    input: ModerationRulesTryInput,
) -> Result<ModerationRulesTryPayload> {
    let (service, viewer) = caller(ctx)?;
    let article = input.article_id.as_ref().map(article_id).transpose()?;
    let outcome = service.try_rules(viewer, article, input.rules.into(), input.last).await;
    let (trial, user_errors) = parts(outcome)?;
    Ok(ModerationRulesTryPayload { trial: trial.map(ModerationRulesTrial), user_errors })
}

fn given<T, U: From<T>>(value: MaybeUndefined<T>) -> Option<Option<U>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value.into())),
    }
}

impl From<ModerationRulesInput> for LayerChange {
    fn from(input: ModerationRulesInput) -> Self {
        Self {
            rate: given(input.rate),
            address_rate: given(input.address_rate),
            repeats: given(input.repeats),
            banned_words: given(input.banned_words),
            suspect_words: given(input.suspect_words),
            links: given(input.links),
            newcomers: given(input.newcomers),
            hook: given(input.hook),
            reports: given(input.reports),
        }
    }
}
