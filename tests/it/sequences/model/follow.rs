//! How the model follows each step, and compares its outcome.

use std::collections::{BTreeSet, HashSet};

use talkback::domain::article::ModerationMode;
use talkback::domain::comment::CommentStatus;
use talkback::domain::ids::{ActionId, CommentId};
use talkback::domain::moderation::ReasonCode;
use talkback::domain::reaction::ReactionKind;
use talkback::domain::sanction::SanctionKind;
use talkback::service::bulk::BulkDecision;
use talkback::service::comments::{Edit, Submission};
use talkback::service::moderation::{Decision, Verdict};
use talkback::service::sanctions::SanctionOrder;
use talkback::service::{RefusalCode, Service};

use super::{Done, Model, Row};
use crate::sequences::step::Step;

impl Model {
    pub async fn take(&mut self, service: &Service, step: &Step) {
        match step {
            Step::Submit { reader, article, parent } => {
                self.submit(service, reader % 3, article % 2, *parent).await;
            }
            Step::Decide { moderator, comment, verdict, is_stale } => {
                let Some(id) = self.pick(*comment) else { return };
                let revision = self.rows[&id].revision - i32::from(*is_stale);
                let decision = Decision {
                    comment: id,
                    verdict: *verdict,
                    revision,
                    reason: Some(ReasonCode::Abuse),
                    note: None,
                    idempotency_key: None,
                };
                let outcome = service.decide(&self.moderators[moderator % 2], decision).await;
                let code = self.rule(id, leads_to(*verdict), revision).err();
                self.expect(outcome, code);
            }
            Step::Edit { reader, comment } => self.edit(service, reader % 3, *comment).await,
            Step::Delete { reader, comment } => self.delete(service, reader % 3, *comment).await,
            Step::React { reader, comment, on } => {
                let (reader, Some(id)) = (reader % 3, self.pick(*comment)) else { return };
                if !self.sees(id) {
                    return;
                }
                let outcome = service.react(&self.readers[reader], id, ReactionKind::Like, *on).await;
                let code = self.barred(reader);
                if code.is_none() {
                    let liked = &mut self.rows.get_mut(&id).unwrap().liked;
                    if *on {
                        liked.insert(reader)
                    } else {
                        liked.remove(&reader)
                    };
                }
                self.expect(outcome, code);
            }
            Step::Report { reader, comment } => self.report(service, reader % 3, *comment).await,
            Step::Claim { moderator, comment, on } => {
                let Some(id) = self.pick(*comment) else { return };
                // A claim binds nobody, and changes nothing that is counted.
                let claimed =
                    service.claim(&self.moderators[moderator % 2], id, *on).await.expect("no fault");
                claimed.iter().for_each(|comment| self.agrees(comment));
            }
            Step::Bulk { moderator, comments, verdict, is_stale } => {
                self.bulk(service, moderator % 2, comments, *verdict, *is_stale).await;
            }
            Step::Undo { moderator, action } => self.undo(service, moderator % 2, *action).await,
            Step::Sanction { moderator, reader, kind, rejects_all } => {
                self.sanction(service, moderator % 2, reader % 3, *kind, *rejects_all).await;
            }
        }
    }

    /// Whether readers see it: reacting to and reporting anything else is refused in ways of its own.
    fn sees(&self, id: CommentId) -> bool {
        self.rows[&id].status == CommentStatus::Approved
    }

    async fn submit(&mut self, service: &Service, reader: usize, article: usize, parent: Option<usize>) {
        let (article, mode) = (self.articles[article].0.id, self.articles[article].1);
        let parent = parent
            .and_then(|number| self.pick(number))
            .filter(|id| self.rows[id].article == article && self.sees(*id));
        let body = self.words();
        let submission = Submission { article, parent, body, idempotency_key: None };
        let outcome = service.submit(&self.readers[reader], submission).await;
        if let Some(code) = self.barred(reader) {
            return self.expect(outcome, Some(code));
        }
        let comment = outcome.expect("no fault").expect("it is taken");
        let held = mode == ModerationMode::Pre || self.sanctions[reader] == SanctionKind::Premoderate;
        let status = if held { CommentStatus::Pending } else { CommentStatus::Approved };
        let row = Row {
            article,
            parent,
            author: reader,
            status,
            revision: 1,
            past: vec![status],
            liked: BTreeSet::new(),
            reported: HashSet::new(),
            open_reports: 0,
            was_read: false,
        };
        self.rows.insert(comment.id, row);
        self.order.push(comment.id);
        self.agrees(&comment);
    }

    async fn edit(&mut self, service: &Service, reader: usize, comment: usize) {
        let Some(id) = self.pick(comment) else { return };
        if self.rows[&id].author != reader {
            return;
        }
        let edit = Edit { comment: id, body: self.words(), revision: self.rows[&id].revision };
        let outcome = service.edit(&self.readers[reader], edit).await;
        let is_open = self
            .articles
            .iter()
            .any(|(article, mode)| article.id == self.rows[&id].article && *mode == ModerationMode::Post);
        let stays = is_open && self.sanctions[reader] != SanctionKind::Premoderate;
        let code = self.barred(reader).or(match self.rows[&id].status {
            CommentStatus::Pending => None,
            CommentStatus::Approved => None,
            CommentStatus::Rejected | CommentStatus::Spam => Some(RefusalCode::NotEditable),
            CommentStatus::Deleted => Some(RefusalCode::Deleted),
        });
        if code.is_none() {
            let row = self.rows.get_mut(&id).unwrap();
            let stays = row.status == CommentStatus::Approved && stays && !row.was_read;
            row.was_read = false;
            row.move_to(if stays { CommentStatus::Approved } else { CommentStatus::Pending });
        }
        self.expect(outcome, code);
    }

    async fn delete(&mut self, service: &Service, reader: usize, comment: usize) {
        let Some(id) = self.pick(comment) else { return };
        if self.rows[&id].author != reader {
            return;
        }
        let outcome = service.delete(&self.readers[reader], id).await;
        let row = self.rows.get_mut(&id).unwrap();
        if row.status != CommentStatus::Deleted {
            row.move_to(CommentStatus::Deleted);
            row.open_reports = 0;
        }
        self.expect(outcome, None);
    }

    async fn report(&mut self, service: &Service, reader: usize, comment: usize) {
        let Some(id) = self.pick(comment).filter(|id| self.sees(*id)) else { return };
        let outcome = service.report(&self.readers[reader], id, ReasonCode::Abuse, None).await;
        let row = self.rows.get_mut(&id).unwrap();
        let is_own = row.author == reader;
        let code = match self.sanctions[reader] {
            SanctionKind::Ban => Some(RefusalCode::Banned),
            SanctionKind::Suspend => Some(RefusalCode::Suspended),
            SanctionKind::Premoderate | SanctionKind::None => is_own.then_some(RefusalCode::OwnComment),
        };
        if code.is_none() && row.reported.insert(reader) {
            row.open_reports += 1;
        }
        self.expect(outcome, code);
    }

    async fn bulk(&mut self, service: &Service, by: usize, which: &[usize], verdict: Verdict, stale: bool) {
        let chosen: BTreeSet<CommentId> = which.iter().filter_map(|number| self.pick(*number)).collect();
        let items: Vec<_> =
            chosen.iter().map(|id| (*id, self.rows[id].revision - i32::from(stale))).collect();
        if items.is_empty() {
            return;
        }
        let decision = BulkDecision {
            items: items.clone(),
            to: leads_to(verdict),
            reason: Some(ReasonCode::OffTopic),
            note: None,
            idempotency_key: None,
        };
        let outcome = service.moderate_many(&self.moderators[by], decision).await;
        let outcome = outcome.expect("no fault").expect("it is a decision");
        let mut done = Vec::new();
        for ((id, revision), item) in items.into_iter().zip(&outcome.items) {
            let ruled = self.rule(id, leads_to(verdict), revision);
            self.expect_item(item, ruled.as_ref().err().copied());
            done.extend(ruled.ok().flatten());
        }
        self.did(outcome.action, done);
    }

    fn did(&mut self, action: ActionId, done: Vec<Done>) {
        self.actions.push(action);
        self.done.insert(action, done);
    }

    async fn undo(&mut self, service: &Service, by: usize, action: usize) {
        if self.actions.is_empty() {
            return;
        }
        let action = self.actions[action % self.actions.len()];
        let outcome =
            service.undo(&self.moderators[by], action).await.expect("no fault").expect("there is one");
        let is_first = !self.undone.contains_key(&action);
        if !is_first {
            assert_eq!(outcome.action, self.undone[&action], "undoing twice is undoing once");
            return;
        }
        let (mut done, mut left) = (Vec::new(), 0);
        for change in self.done[&action].clone() {
            let item =
                outcome.items.iter().find(|item| item.id == change.comment).expect("each has its outcome");
            let ruled = self.bring_back(&change);
            self.expect_item(item, ruled.as_ref().err().copied());
            left += u64::from(ruled.is_err());
            done.extend(ruled.ok().flatten());
        }
        assert_eq!(outcome.left_alone, left);
        self.undone.insert(action, outcome.action);
        self.did(outcome.action, done);
    }

    async fn sanction(&mut self, service: &Service, by: usize, reader: usize, kind: SanctionKind, all: bool) {
        let user = self.readers[reader].id().expect("a reader is somebody");
        let until = (kind == SanctionKind::Suspend).then(|| service.clock.now() + chrono::Duration::days(1));
        let all = all && kind == SanctionKind::Ban;
        let order = SanctionOrder { user, kind, until, reason: None, reject_all: all };
        let outcome = service.sanction(&self.moderators[by], order).await.expect("no fault").expect("it may");
        self.sanctions[reader] = kind;
        let Some(rejection) = outcome.rejection else { return assert!(!all) };
        let mut done = Vec::new();
        for id in self.order.clone() {
            let row = &self.rows[&id];
            let is_open = matches!(row.status, CommentStatus::Pending | CommentStatus::Approved);
            if row.author == reader && is_open {
                let revision = row.revision;
                done.extend(self.rule(id, CommentStatus::Rejected, revision).expect("it is as it was read"));
            }
        }
        assert_eq!((rejection.rejected, rejection.is_complete), (done.len() as u64, true));
        self.did(rejection.action, done);
    }
}

fn leads_to(verdict: Verdict) -> CommentStatus {
    match verdict {
        Verdict::Approve => CommentStatus::Approved,
        Verdict::Reject => CommentStatus::Rejected,
        Verdict::Spam => CommentStatus::Spam,
        Verdict::Requeue => CommentStatus::Pending,
    }
}
