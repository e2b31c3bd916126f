//! Random walks through the states: whatever is done to a comment, and in whatever order, what readers are told adds up
//! to what they see.

use proptest::prelude::*;

use super::*;

/// What somebody tries.
#[derive(Clone, Copy, Debug)]
enum Try {
    Decide(CommentStatus),
    Edit,
    Delete,
    /// Of the latest decision, as long as nothing has happened to the comment since.
    Undo,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    use CommentStatus as S;
    let decided = prop::sample::select(vec![S::Pending, S::Approved, S::Rejected, S::Spam]);
    let one = prop_oneof![
        8 => decided.prop_map(Try::Decide),
        3 => Just(Try::Edit),
        1 => Just(Try::Delete),
        2 => Just(Try::Undo),
    ];
    prop::collection::vec(one, 1..40)
}

/// A comment, and what its readers have been told of it.
struct Walk {
    state: CommentState,
    mode: ModerationMode,
    step: i64,
    /// Where the latest decision came from, until something else happens.
    undoable: Option<CommentState>,
    /// Whether a moderator, or the article's policy, let these very words through.
    are_words_passed: bool,
    told: Vec<ReaderChange>,
}

impl Walk {
    fn begin(held: bool, mode: ModerationMode) -> Self {
        let state = if held { CommentState::Pending } else { CommentState::Approved { at: at(0), by: None } };
        let told = if held { vec![] } else { vec![ReaderChange::Published] };
        Self { state, mode, step: 0, undoable: None, are_words_passed: !held, told }
    }

    fn take(&mut self, what: Try) {
        let action = match (what, self.undoable) {
            (Try::Decide(CommentStatus::Approved), _) => Action::Approve,
            (Try::Decide(CommentStatus::Rejected), _) => Action::Reject(Some(ReasonCode::Abuse)),
            (Try::Decide(CommentStatus::Spam), _) => Action::MarkSpam,
            (Try::Decide(CommentStatus::Pending | CommentStatus::Deleted), _) => Action::Requeue,
            (Try::Edit, _) => Action::Edit,
            (Try::Delete, _) => Action::Delete,
            (Try::Undo, Some(before)) => Action::Undo(before),
            (Try::Undo, None) => return,
        };
        self.step += 1;
        let before = self.state;
        let by = match what {
            Try::Decide(_) | Try::Undo => Some(UserId(uuid::Uuid::from_u128(1))),
            Try::Edit | Try::Delete => None,
        };
        match before.after(action, self.mode, at(self.step), by) {
            Ok(Next::Changed(next)) => {
                assert_ne!(before.status(), CommentStatus::Deleted, "deleted is final");
                self.tell(&before, &next, matches!(what, Try::Edit));
                self.remember(what, before, next);
            }
            Ok(Next::Unchanged) => {}
            Err(Refused::Deleted) => assert_eq!(before.status(), CommentStatus::Deleted),
            Err(Refused::NotEditable) => {
                assert!(matches!(before.status(), CommentStatus::Rejected | CommentStatus::Spam));
            }
        }
        // Asking again for what is there changes nothing.
        if matches!(what, Try::Decide(_) | Try::Delete) && self.state.status() != CommentStatus::Deleted {
            assert_eq!(self.state.after(action, self.mode, at(self.step + 1), None), Ok(Next::Unchanged));
        }
    }

    fn tell(&mut self, before: &CommentState, next: &CommentState, is_edited: bool) {
        let was_seen = !self.told.is_empty();
        self.told.extend(ReaderChange::between(before, next, was_seen, is_edited));
    }

    fn remember(&mut self, what: Try, before: CommentState, next: CommentState) {
        self.state = next;
        match what {
            Try::Decide(status) => {
                assert_eq!(next.status(), status);
                self.undoable = Some(before);
                self.are_words_passed |= next.is_visible();
            }
            Try::Undo => self.undoable = None,
            Try::Edit => {
                self.undoable = None;
                assert!(
                    !(before.was_read() && next.is_visible()),
                    "unread words in the place of words that were read"
                );
                self.are_words_passed = self.mode == ModerationMode::Post && next.is_visible();
            }
            Try::Delete => self.undoable = None,
        }
    }

    fn check(&self) {
        let count: i32 = self.told.iter().map(|change| change.count_delta()).sum();
        assert_eq!(
            count,
            i32::from(self.state.is_visible()),
            "the count is what readers see: {:?}",
            self.told
        );
        let mut is_seen = false;
        for (place, change) in self.told.iter().enumerate() {
            match change {
                ReaderChange::Published => assert_eq!(place, 0, "once, and before everything else"),
                ReaderChange::Restored => assert!(!is_seen && place > 0),
                ReaderChange::Edited | ReaderChange::Removed => assert!(is_seen),
            }
            is_seen = match change {
                ReaderChange::Removed => false,
                ReaderChange::Published | ReaderChange::Restored | ReaderChange::Edited => true,
            };
        }
        if self.state.is_visible() {
            assert!(self.are_words_passed, "readers see words that nobody let through");
        }
    }
}

fn at(step: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::Duration::seconds(step)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_a_comment_readers_are_told_what_they_see(
        held in any::<bool>(),
        pre in any::<bool>(),
        tries in tries(),
    ) {
        let mode = if pre { ModerationMode::Pre } else { ModerationMode::Post };
        let mut walk = Walk::begin(held, mode);
        walk.check();
        for what in tries {
            walk.take(what);
            walk.check();
        }
    }
}
