//! Reading and setting the rules for submissions.

use super::rulebook::compiled;
use super::{Failure, Outcome, Refusal, RefusalCode, Refused, Service};
use crate::domain::ids::ArticleId;
use crate::domain::policy::{self, Permission};
use crate::domain::rules::settings::{
    HookRule, LinkRule, NewcomerRule, RateRule, RepeatRule, ReportRule, WordRule,
};
use crate::domain::rules::{ARTICLE_ENTRIES_MAX, ENTRIES_MAX, Layer, Settings};
use crate::domain::user::Viewer;
use crate::store::{RuleScope, StoredLayer};

/// What is set for the site or for an article, and what is in force there.
#[derive(Clone, PartialEq, Debug)]
pub struct RulesSet {
    /// The article whose own rules these are; `None`: the site's.
    pub article: Option<ArticleId>,
    /// What is set.
    pub own: StoredLayer,
    /// What is in force: with what it leaves out.
    pub in_force: Settings,
}

/// What to change of a layer: `None` leaves a rule, `Some(None)` takes it out, so that the layer under it holds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LayerChange {
    /// Comments of one person.
    pub rate: Option<Option<RateRule>>,
    /// Comments from one address.
    pub address_rate: Option<Option<RateRule>>,
    /// The same text again.
    pub repeats: Option<Option<RepeatRule>>,
    /// Words that are not accepted.
    pub banned_words: Option<Option<WordRule>>,
    /// Words that a moderator wants to see.
    pub suspect_words: Option<Option<WordRule>>,
    /// Links.
    pub links: Option<Option<LinkRule>>,
    /// Newcomers.
    pub newcomers: Option<Option<NewcomerRule>>,
    /// The operator's hook.
    pub hook: Option<Option<HookRule>>,
    /// Readers' reports.
    pub reports: Option<Option<ReportRule>>,
}

impl LayerChange {
    /// The layer with the change.
    #[must_use]
    pub fn over(&self, layer: Layer) -> Layer {
        Layer {
            rate: self.rate.unwrap_or(layer.rate),
            address_rate: self.address_rate.unwrap_or(layer.address_rate),
            repeats: self.repeats.unwrap_or(layer.repeats),
            banned_words: self.banned_words.clone().unwrap_or(layer.banned_words),
            suspect_words: self.suspect_words.clone().unwrap_or(layer.suspect_words),
            links: self.links.clone().unwrap_or(layer.links),
            newcomers: self.newcomers.unwrap_or(layer.newcomers),
            hook: self.hook.unwrap_or(layer.hook),
            reports: self.reports.unwrap_or(layer.reports),
        }
    }
}

impl Service {
    /// The rules of the site, or of an article. For moderators.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn moderation_rules(
        &self,
        viewer: &Viewer,
        article: Option<ArticleId>,
    ) -> Result<RulesSet, Failure> {
        policy::require(viewer, Permission::Moderate)?;
        let snapshot = self.store.snapshot().await?;
        if let Some(article) = article
            && snapshot.articles(&[article]).await?.is_empty()
        {
            return Err(Failure::NotFound("article"));
        }
        let site = snapshot.rule_layer(RuleScope::Site).await?;
        let in_force = Settings::default().under(&site.layer);
        Ok(match article {
            None => RulesSet { article, own: site, in_force },
            Some(id) => {
                let own = snapshot.rule_layer(RuleScope::Article(id)).await?;
                let in_force = in_force.under(&own.layer);
                RulesSet { article, own, in_force }
            }
        })
    }

    /// Changes the rules: the site's are an administrator's, an article's own its editors'. Names the revision that was
    /// read; another one is a conflict that carries the rules as they are now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn set_moderation_rules(
        &self,
        viewer: &Viewer,
        article: Option<ArticleId>,
        revision: i32,
        change: LayerChange,
    ) -> Outcome<RulesSet> {
        let (permission, scope, entries_max) = match article {
            None => (Permission::SetRules, RuleScope::Site, ENTRIES_MAX),
            Some(id) => (Permission::Publish, RuleScope::Article(id), ARTICLE_ENTRIES_MAX),
        };
        policy::require(viewer, permission)?;
        // The change alone is checked, before the transaction: what it leaves was checked when it was set.
        let change = match self.checked(change, entries_max).await {
            Ok(change) => change,
            Err(reasons) => return Ok(Err(Refused { reasons, current: None })),
        };
        match self.set_once(viewer, scope, revision, &change).await {
            Ok(true) => Ok(Ok(self.moderation_rules(viewer, article).await?)),
            Ok(false) => Ok(Err(wrong_revision(self.moderation_rules(viewer, article).await?, revision))),
            // Two set them for the first time at once: by now the other's are there.
            Err(Failure::Store(error)) if error.is_duplicate() => {
                Ok(Err(wrong_revision(self.moderation_rules(viewer, article).await?, revision)))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Whether it was done: not where another revision is there.
    async fn set_once(
        &self,
        viewer: &Viewer,
        scope: RuleScope,
        revision: i32,
        change: &LayerChange,
    ) -> Result<bool, Failure> {
        let tx = self.store.write().await?;
        if let RuleScope::Article(id) = scope {
            tx.article(id).await?.ok_or(Failure::NotFound("article"))?;
        }
        let before = tx.rule_layer(scope).await?;
        if before.revision != revision {
            return Ok(false);
        }
        let layer = change.over(before.layer.clone());
        if layer == before.layer {
            return Ok(true);
        }
        let now = self.clock.now();
        let new =
            StoredLayer { revision: revision + 1, layer, updated_at: Some(now), updated_by: viewer.id() };
        let done = tx.set_rule_layer(scope, &new).await?;
        if done {
            tx.commit().await?;
        }
        Ok(done)
    }

    /// The change with its values in their one form, or everything that is wrong with it.
    pub(super) async fn checked(
        &self,
        mut change: LayerChange,
        entries_max: usize,
    ) -> Result<LayerChange, Vec<Refusal>> {
        let mut layer = change.over(Layer::default());
        let mut reasons: Vec<Refusal> =
            layer.mistakes().into_iter().map(|(rule, message)| invalid(rule, message)).collect();
        change.links = change.links.map(|_| layer.links.clone());
        if let Err((rule, bad)) = compiled(std::sync::Arc::default(), layer, entries_max).await {
            reasons.push(invalid(rule, bad.to_string()));
        }
        if reasons.is_empty() { Ok(change) } else { Err(reasons) }
    }
}

fn invalid(rule: &'static str, message: String) -> Refusal {
    Refusal { code: RefusalCode::Invalid, message, field: vec!["rules", rule] }
}

fn wrong_revision(current: RulesSet, read: i32) -> Refused<RulesSet> {
    let message = format!(
        "The rules are at revision {}, not {read}: read them again, then change them.",
        current.own.revision
    );
    Refused::conflict(Some(current), message)
}
