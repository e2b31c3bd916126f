//! The rules in force: read from the store by revision, compiled once, and kept ready for the next submission.
//!
//! Each submission asks the store for the revisions first, in one cheap read: it is judged by the rules that were in force
//! when it arrived, on every node. Nothing has to be told from node to node, and nothing can be missed.

use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, OnceCell};

use super::Service;
use super::hook::Hook;
use crate::domain::address::network;
use crate::domain::ids::ArticleId;
use crate::domain::rules::{ARTICLE_ENTRIES_MAX, BadList, ENTRIES_MAX, Layer, Rules};
use crate::store::{AddressDigest, RuleScope, StoreError};

/// Articles with rules of their own that are kept ready.
const ARTICLES_MAX: usize = 64;

/// See the module.
#[derive(Default)]
pub struct Rulebook {
    shelf: Mutex<Shelf>,
    salt: OnceCell<String>,
    is_unhurried: bool,
    hook: Option<Hook>,
}

#[derive(Default)]
struct Shelf {
    /// The site's, with their revision.
    site: (i32, Arc<Rules>),
    /// Articles' own, over the site's of a revision; the last used first.
    articles: Vec<((ArticleId, i32, i32), Arc<Rules>)>,
}

impl Rulebook {
    /// A rulebook whose rules on rates and repeats are off, whatever is set: load tests say the same again and again.
    #[must_use]
    pub fn unhurried() -> Self {
        Self { is_unhurried: true, ..Self::default() }
    }

    /// The same with a hook.
    #[must_use]
    pub fn with_hook(self, hook: Option<Hook>) -> Self {
        Self { hook, ..self }
    }

    /// The operator's hook, if one is configured.
    #[must_use]
    pub const fn hook(&self) -> Option<&Hook> {
        self.hook.as_ref()
    }

    /// Whether the rules on rates and repeats are off.
    #[must_use]
    pub const fn is_unhurried(&self) -> bool {
        self.is_unhurried
    }
}

impl Service {
    /// The rules in force now, for an article or for the site alone.
    ///
    /// # Errors
    /// The database failed, or holds rules that no version of this program wrote.
    pub(super) async fn rules_in_force(&self, article: Option<ArticleId>) -> Result<Arc<Rules>, StoreError> {
        let (site, own) = self.store.latest().rule_revisions(article).await?;
        let mut shelf = self.rulebook.shelf.lock().await;
        if shelf.site.0 != site {
            let stored = self.store.latest().rule_layer(RuleScope::Site).await?;
            shelf.site = (stored.revision, compile(Arc::default(), stored.layer, ENTRIES_MAX).await?);
        }
        let Some(article) = article.filter(|_| own > 0) else { return Ok(Arc::clone(&shelf.site.1)) };
        let key = (article, own, shelf.site.0);
        if let Some(at) = shelf.articles.iter().position(|(kept, _)| *kept == key) {
            shelf.articles[..=at].rotate_right(1);
            return Ok(Arc::clone(&shelf.articles[0].1));
        }
        let stored = self.store.latest().rule_layer(RuleScope::Article(article)).await?;
        let rules = compile(Arc::clone(&shelf.site.1), stored.layer, ARTICLE_ENTRIES_MAX).await?;
        shelf.articles.retain(|((kept, ..), _)| *kept != article);
        shelf.articles.insert(0, ((article, stored.revision, key.2), Arc::clone(&rules)));
        shelf.articles.truncate(ARTICLES_MAX);
        Ok(rules)
    }

    /// What the rules remember of an address.
    ///
    /// # Errors
    /// The database failed.
    pub(super) async fn digest_of(&self, address: IpAddr) -> Result<AddressDigest, StoreError> {
        let salt = self.rulebook.salt.get_or_try_init(|| async {
            let made = format!("{}{}", self.clock.new_id().simple(), self.clock.new_id().simple());
            self.store.setting_or("address_salt", made).await
        });
        let digest = Sha256::digest(format!("{} {}", salt.await?, network(address)));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Ok(AddressDigest(bytes))
    }
}

async fn compile(under: Arc<Rules>, layer: Layer, entries_max: usize) -> Result<Arc<Rules>, StoreError> {
    match compiled(under, layer, entries_max).await {
        Ok(rules) => Ok(rules),
        Err((rule, bad)) => Err(StoreError::Corrupt(format!("{rule}: {bad}"))),
    }
}

/// Rules under a layer. A long list takes a while: not on a thread that answers requests.
pub(super) async fn compiled(
    under: Arc<Rules>,
    layer: Layer,
    entries_max: usize,
) -> Result<Arc<Rules>, (&'static str, BadList)> {
    let shared = Arc::new((under, layer));
    let task = {
        let shared = Arc::clone(&shared);
        tokio::task::spawn_blocking(move || shared.0.under(&shared.1, entries_max).map(Arc::new))
    };
    // The task ends without a result only with the runtime, which then waits for this request alone.
    task.await.unwrap_or_else(|_| shared.0.under(&shared.1, entries_max).map(Arc::new))
}
