//! What should come of each step, in a few maps and without a database.

mod follow;

use std::collections::{BTreeSet, HashMap, HashSet};

use talkback::domain::article::{Article, ModerationMode};
use talkback::domain::comment::{Comment, CommentStatus};
use talkback::domain::ids::{ActionId, ArticleId, CommentId, UserId};
use talkback::domain::sanction::SanctionKind;
use talkback::domain::user::{Role, User, UserKind, Viewer};
use talkback::service::articles::PolicyChange;
use talkback::service::bulk::ItemOutcome;
use talkback::service::{Outcome, RefusalCode, Service};

use crate::support::inside::Inside;

/// A comment as it should be.
#[derive(Clone, Debug)]
pub struct Row {
    pub article: ArticleId,
    pub parent: Option<CommentId>,
    pub author: usize,
    pub status: CommentStatus,
    pub revision: i32,
    /// Its statuses, one for each revision: a line of history each.
    pub past: Vec<CommentStatus>,
    /// Who reacted to it.
    pub liked: BTreeSet<usize>,
    /// Who reported it, ever.
    pub reported: HashSet<usize>,
    pub open_reports: i32,
    /// Whether readers see it because a moderator let it through: an edit sends it back then.
    pub was_read: bool,
}

/// What an action did to one comment.
#[derive(Clone, Debug)]
struct Done {
    comment: CommentId,
    before: CommentStatus,
    was_read: bool,
    revision: i32,
    reports: i32,
}

/// See the module.
pub struct Model {
    moderators: Vec<Viewer>,
    readers: Vec<Viewer>,
    sanctions: Vec<SanctionKind>,
    articles: Vec<(Article, ModerationMode)>,
    /// In the order of their submission, of the sequence that is under way.
    order: Vec<CommentId>,
    /// Of all sequences in this store.
    pub rows: HashMap<CommentId, Row>,
    actions: Vec<ActionId>,
    done: HashMap<ActionId, Vec<Done>>,
    /// The undo of an action, if there was one.
    undone: HashMap<ActionId, ActionId>,
    /// Makes every text another.
    texts: u32,
    entered: u32,
}

async fn person(service: &Service, name: &str, role: Role) -> Viewer {
    let user = User { id: UserId(service.clock.new_id()), display_name: name.into(), role };
    service.store.add_user(&user, UserKind::Guest, service.clock.now()).await.unwrap();
    Viewer::acting(user)
}

impl Model {
    pub async fn begin(inside: &Inside) -> Self {
        let mut moderators = Vec::new();
        for name in ["Mia", "Max"] {
            moderators.push(person(&inside.service, name, Role::Moderator).await);
        }
        Self {
            moderators,
            readers: Vec::new(),
            sanctions: Vec::new(),
            articles: Vec::new(),
            order: Vec::new(),
            rows: HashMap::new(),
            actions: Vec::new(),
            done: HashMap::new(),
            undone: HashMap::new(),
            texts: 0,
            entered: 0,
        }
    }

    /// New readers, and two new articles: comments on one are read first, on the other they show at once.
    pub async fn enter(&mut self, inside: &Inside) {
        self.entered += 1;
        self.readers.clear();
        for name in ["Ana", "Ben", "Cleo"] {
            self.readers.push(person(&inside.service, name, Role::Reader).await);
        }
        self.sanctions = vec![SanctionKind::None; 3];
        self.articles.clear();
        for (name, mode) in [("held", ModerationMode::Pre), ("open", ModerationMode::Post)] {
            let article = inside.article(&format!("{name}-{}", self.entered)).await;
            let change = PolicyChange { moderation: Some(mode), ..PolicyChange::default() };
            let set = inside.service.set_commenting(&inside.people[0], article.id, change).await;
            self.articles.push((set.unwrap().unwrap(), mode));
        }
        self.order.clear();
        self.actions.clear();
    }

    /// The articles of the sequence that is under way.
    pub fn articles(&self) -> impl Iterator<Item = ArticleId> {
        self.articles.iter().map(|(article, _)| article.id)
    }

    fn words(&mut self) -> String {
        self.texts += 1;
        format!("Text {} has fifty characters or more, as comments here have to.", self.texts)
    }

    fn pick(&self, number: usize) -> Option<CommentId> {
        (!self.order.is_empty()).then(|| self.order[number % self.order.len()])
    }

    fn barred(&self, reader: usize) -> Option<RefusalCode> {
        match self.sanctions[reader] {
            SanctionKind::Ban => Some(RefusalCode::Banned),
            SanctionKind::Suspend => Some(RefusalCode::Suspended),
            SanctionKind::Premoderate | SanctionKind::None => None,
        }
    }

    /// A moderator's decision, if it is one: the model follows, or says the code of the refusal. Approving what is
    /// approved is one where it answers reports.
    fn rule(&mut self, id: CommentId, to: CommentStatus, revision: i32) -> Result<Option<Done>, RefusalCode> {
        let row = self.rows.get_mut(&id).unwrap();
        if row.status == CommentStatus::Deleted {
            return Err(RefusalCode::Deleted);
        }
        let answers_reports = to == CommentStatus::Approved && row.open_reports > 0;
        if row.status == to && !answers_reports {
            return Ok(None);
        }
        if row.revision != revision {
            return Err(RefusalCode::Conflict);
        }
        let done = row.decided(id, to, 0);
        row.was_read = to == CommentStatus::Approved;
        Ok(Some(done))
    }

    /// What an action did is undone, with the reports that it had answered.
    fn bring_back(&mut self, change: &Done) -> Result<Option<Done>, RefusalCode> {
        let row = self.rows.get_mut(&change.comment).unwrap();
        if row.status == CommentStatus::Deleted {
            return Err(RefusalCode::Deleted);
        }
        if row.revision != change.revision {
            return Err(RefusalCode::Conflict);
        }
        let done = row.decided(change.comment, change.before, (row.open_reports + change.reports).max(0));
        row.was_read = change.was_read;
        Ok(Some(done))
    }

    fn agrees(&self, comment: &Comment) {
        let row = &self.rows[&comment.id];
        assert_eq!((comment.state.status(), comment.revision), (row.status, row.revision), "{row:?}");
    }

    /// Both say the same: done, with the comment as the model has it, or refused, with this code.
    #[track_caller]
    fn expect(&self, outcome: Outcome<Comment>, code: Option<RefusalCode>) {
        match (outcome.expect("no fault"), code) {
            (Ok(comment), None) => self.agrees(&comment),
            (Err(refused), Some(code)) => {
                assert!(refused.reasons.iter().any(|it| it.code == code), "{code:?}, not {refused:?}");
            }
            (outcome, code) => panic!("{code:?} was expected, not {outcome:?}"),
        }
    }

    #[track_caller]
    fn expect_item(&self, item: &ItemOutcome, code: Option<RefusalCode>) {
        assert_eq!(item.refusal.as_ref().map(|it| it.code), code, "{item:?} {:?}", self.rows[&item.id]);
        self.agrees(item.comment.as_ref().expect("it is there"));
    }
}

impl Row {
    fn decided(&mut self, comment: CommentId, to: CommentStatus, open_reports: i32) -> Done {
        let (before, was_read) = (self.status, self.was_read);
        let reports = self.open_reports - open_reports;
        self.open_reports = open_reports;
        self.move_to(to);
        Done { comment, before, was_read, revision: self.revision, reports }
    }

    fn move_to(&mut self, status: CommentStatus) {
        self.status = status;
        self.revision += 1;
        self.past.push(status);
    }
}
