//! The dry run: what rules would have done to the last comments. Nothing is written.

use std::sync::Arc;

use super::rule_settings::LayerChange;
use super::rulebook::compiled;
use super::{Failure, Outcome, Refusal, RefusalCode, Refused, Service};
use crate::domain::ids::ArticleId;
use crate::domain::policy::{self, Permission};
use crate::domain::rules::trial::{self, Trial};
use crate::domain::rules::{ENTRIES_MAX, Layer, TextDigest, Words};
use crate::domain::user::Viewer;

/// The most comments that rules are tried on.
pub const LAST_MAX: u32 = 1_000;

impl Service {
    /// Tries the rules in force, with a change, on the last comments of the site or of an article. For moderators.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn try_rules(
        &self,
        viewer: &Viewer,
        article: Option<ArticleId>,
        change: LayerChange,
        last: u32,
    ) -> Outcome<Trial> {
        policy::require(viewer, Permission::Moderate)?;
        if last == 0 || last > LAST_MAX {
            let message = format!("Rules are tried on 1 to {LAST_MAX} comments.");
            return Ok(Err(Refusal::of(RefusalCode::Invalid, "last", message).into()));
        }
        let change = match self.checked(change, ENTRIES_MAX).await {
            Ok(change) => change,
            Err(reasons) => return Ok(Err(Refused { reasons, current: None })),
        };
        let in_force = self.rules_in_force(article).await?;
        // What the change takes out is tried at its default: the layer under it is part of what is in force already.
        let layer = change.over(Layer::default());
        let rules = match compiled(in_force, layer, ENTRIES_MAX).await {
            Ok(rules) => rules,
            Err((_, bad)) => {
                return Ok(Err(Refusal::of(RefusalCode::Invalid, "rules", bad.to_string()).into()));
            }
        };
        let snapshot = self.store.snapshot().await?;
        let comments = snapshot.last_comments(article, last).await?;
        let min_length = rules.settings.repeats.min_length;
        let (comments, texts) = aside(move || {
            let mut texts: Vec<TextDigest> = comments
                .iter()
                .filter_map(|comment| {
                    TextDigest::of(&Words::of(&comment.body, &comment.body_html).folded, min_length)
                })
                .collect();
            texts.sort_unstable_by_key(|text| text.0);
            texts.dedup();
            (comments, texts)
        })
        .await?;
        let past = snapshot.past_of(&comments, &texts, &rules.settings).await?;
        drop(snapshot);
        let rules = Arc::clone(&rules);
        Ok(Ok(aside(move || trial::run(&rules, comments, past)).await?))
    }
}

/// Work of a tenth of a second, off the threads that answer requests.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Failure::Store(crate::store::StoreError::Corrupt(format!("a trial of rules ended: {error}")))
    })
}
