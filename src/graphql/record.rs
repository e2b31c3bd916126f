//! The batches that people's records, and what moderators did to many comments at once, are read in.

use std::collections::HashMap;
use std::hash::Hash;

use super::batch::Batch;
use super::context::Scope;
use super::error::Result;
use crate::domain::action::BulkAction;
use crate::domain::comment::{Comment, CommentStatus};
use crate::domain::ids::{ActionId, EntryId, UserId};
use crate::domain::moderation::HistoryEntry;
use crate::domain::sanction::SanctionEntry;
use crate::store::{Lines, Page, PageRequest, StatusCounts};

/// How the comments of a person are to be read.
type WrittenKey = (UserId, (Option<CommentStatus>, PageRequest));
/// How the sanctions of a person are to be read.
type SanctionsKey = (UserId, (Lines, PageRequest<EntryId>));

/// What hangs off people.
pub(super) struct RecordBatches {
    counts: Batch<UserId, StatusCounts>,
    written: Batch<WrittenKey, Page<Comment>>,
    sanctions: Batch<SanctionsKey, Page<SanctionEntry>>,
    decisions: Batch<(UserId, PageRequest<EntryId>), Page<HistoryEntry>>,
    line_counts: Batch<(UserId, Lines), i64>,
    actions: Batch<ActionId, BulkAction>,
    changes: Batch<(ActionId, PageRequest<EntryId>), Page<HistoryEntry>>,
    change_counts: Batch<ActionId, i64>,
}

impl RecordBatches {
    pub fn new(frozen: bool) -> Self {
        Self {
            counts: Batch::new(frozen),
            written: Batch::new(frozen),
            sanctions: Batch::new(frozen),
            decisions: Batch::new(frozen),
            line_counts: Batch::new(frozen),
            actions: Batch::new(frozen),
            changes: Batch::new(frozen),
            change_counts: Batch::new(frozen),
        }
    }
}

impl Scope {
    /// How many comments of a person are in each state.
    pub(super) async fn status_counts(&self, person: UserId) -> Result<StatusCounts> {
        let read = async |people: Vec<UserId>| self.view().await?.status_counts(&people).await;
        Ok(self.batches.record.counts.get(person, read).await?.unwrap_or_default())
    }

    /// A page of what a person wrote.
    pub(super) async fn written(
        &self,
        person: UserId,
        status: Option<CommentStatus>,
        request: PageRequest,
    ) -> Result<Page<Comment>> {
        let read = async |keys: Vec<WrittenKey>| {
            let mut found = HashMap::new();
            for ((status, request), people) in alike(keys) {
                let pages = self.view().await?.written(&people, status, request).await?;
                found.extend(pages.into_iter().map(|(person, page)| ((person, (status, request)), page)));
            }
            Ok(found)
        };
        let page = self.batches.record.written.get((person, (status, request)), read).await?;
        Ok(page.unwrap_or_else(|| none(&request)))
    }

    /// A page of the sanctions on a person, or of those that they imposed.
    pub(super) async fn sanction_lines(
        &self,
        person: UserId,
        which: Lines,
        request: PageRequest<EntryId>,
    ) -> Result<Page<SanctionEntry>> {
        let read = async |keys: Vec<SanctionsKey>| {
            let mut found = HashMap::new();
            for ((which, request), people) in alike(keys) {
                let pages = self.view().await?.sanctions_over_time(&people, which, request).await?;
                found.extend(pages.into_iter().map(|(person, page)| ((person, (which, request)), page)));
            }
            Ok(found)
        };
        let page = self.batches.record.sanctions.get((person, (which, request)), read).await?;
        Ok(page.unwrap_or_else(|| none(&request)))
    }

    /// A page of what a person decided.
    pub(super) async fn decisions(
        &self,
        person: UserId,
        request: PageRequest<EntryId>,
    ) -> Result<Page<HistoryEntry>> {
        let read = async |keys: Vec<(UserId, PageRequest<EntryId>)>| {
            let mut found = HashMap::new();
            for (request, people) in alike(keys) {
                let pages = self.view().await?.decisions(&people, request).await?;
                found.extend(pages.into_iter().map(|(person, page)| ((person, request), page)));
            }
            Ok(found)
        };
        let page = self.batches.record.decisions.get((person, request), read).await?;
        Ok(page.unwrap_or_else(|| none(&request)))
    }

    /// How many lines a list of a person's record has.
    pub(super) async fn line_count(&self, person: UserId, which: Lines) -> Result<i64> {
        let read = async |keys: Vec<(UserId, Lines)>| {
            let mut found = HashMap::new();
            for (which, people) in alike(keys) {
                let counts = self.view().await?.line_counts(&people, which).await?;
                found.extend(counts.into_iter().map(|(person, count)| ((person, which), count)));
            }
            Ok(found)
        };
        Ok(self.batches.record.line_counts.get((person, which), read).await?.unwrap_or(0))
    }

    /// An action by id.
    pub(super) async fn action(&self, id: ActionId) -> Result<Option<BulkAction>> {
        let read = async |ids: Vec<ActionId>| self.view().await?.actions(&ids).await;
        Ok(self.batches.record.actions.get(id, read).await?)
    }

    /// A page of what an action changed.
    pub(super) async fn changes(
        &self,
        action: ActionId,
        request: PageRequest<EntryId>,
    ) -> Result<Page<HistoryEntry>> {
        let read = async |keys: Vec<(ActionId, PageRequest<EntryId>)>| {
            let mut found = HashMap::new();
            for (request, actions) in alike(keys) {
                let pages = self.view().await?.changes(&actions, request).await?;
                found.extend(pages.into_iter().map(|(action, page)| ((action, request), page)));
            }
            Ok(found)
        };
        let page = self.batches.record.changes.get((action, request), read).await?;
        Ok(page.unwrap_or_else(|| none(&request)))
    }

    /// How many comments an action changed.
    pub(super) async fn change_count(&self, action: ActionId) -> Result<i64> {
        let read = async |ids: Vec<ActionId>| self.view().await?.change_counts(&ids).await;
        Ok(self.batches.record.change_counts.get(action, read).await?.unwrap_or(0))
    }
}

/// The owners of whom the same is asked: one statement for each way of asking.
fn alike<O, K: Eq + Hash>(keys: Vec<(O, K)>) -> HashMap<K, Vec<O>> {
    let mut groups: HashMap<K, Vec<O>> = HashMap::new();
    for (owner, how) in keys {
        groups.entry(how).or_default().push(owner);
    }
    groups
}

/// The page of somebody who has nothing of the kind.
const fn none<T, K>(request: &PageRequest<K>) -> Page<T> {
    Page { items: Vec::new(), has_next: request.before.is_some(), has_previous: request.after.is_some() }
}
