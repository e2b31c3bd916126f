//! What somebody may try. Numbers choose among what there is when their turn comes, so that a shorter sequence still means
//! something.

use proptest::prelude::*;
use talkback::domain::sanction::SanctionKind;
use talkback::service::moderation::Verdict;

/// One thing that somebody tries.
#[derive(Clone, Debug)]
pub enum Step {
    Submit { reader: usize, article: usize, parent: Option<usize> },
    Decide { moderator: usize, comment: usize, verdict: Verdict, is_stale: bool },
    Edit { reader: usize, comment: usize },
    Delete { reader: usize, comment: usize },
    React { reader: usize, comment: usize, on: bool },
    Report { reader: usize, comment: usize },
    Claim { moderator: usize, comment: usize, on: bool },
    Bulk { moderator: usize, comments: Vec<usize>, verdict: Verdict, is_stale: bool },
    Undo { moderator: usize, action: usize },
    Sanction { moderator: usize, reader: usize, kind: SanctionKind, rejects_all: bool },
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![
        Verdict::Approve,
        Verdict::Approve,
        Verdict::Reject,
        Verdict::Spam,
        Verdict::Requeue,
    ])
}

/// A sequence, shrinkable.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (who, which) = (0..6_usize, 0..64_usize);
    let is_stale = || prop::bool::weighted(0.1);
    let kind = prop::sample::select(vec![
        SanctionKind::None,
        SanctionKind::None,
        SanctionKind::Ban,
        SanctionKind::Suspend,
        SanctionKind::Premoderate,
    ]);
    let pair = || (who.clone(), which.clone());
    let step = prop_oneof![
        8 => (pair(), 0..2_usize, prop::option::weighted(0.5, which.clone()))
            .prop_map(|((reader, _), article, parent)| Step::Submit { reader, article, parent }),
        8 => (pair(), verdict(), is_stale()).prop_map(|((moderator, comment), verdict, is_stale)| {
            Step::Decide { moderator, comment, verdict, is_stale }
        }),
        3 => pair().prop_map(|(reader, comment)| Step::Edit { reader, comment }),
        1 => pair().prop_map(|(reader, comment)| Step::Delete { reader, comment }),
        2 => (pair(), any::<bool>()).prop_map(|((reader, comment), on)| Step::React { reader, comment, on }),
        3 => pair().prop_map(|(reader, comment)| Step::Report { reader, comment }),
        1 => (pair(), any::<bool>())
            .prop_map(|((moderator, comment), on)| Step::Claim { moderator, comment, on }),
        3 => (who.clone(), prop::collection::vec(which.clone(), 1..8), verdict(), is_stale()).prop_map(
            |(moderator, comments, verdict, is_stale)| Step::Bulk { moderator, comments, verdict, is_stale }
        ),
        3 => pair().prop_map(|(moderator, action)| Step::Undo { moderator, action }),
        1 => (who.clone(), who, kind, any::<bool>()).prop_map(|(moderator, reader, kind, rejects_all)| {
            Step::Sanction { moderator, reader, kind, rejects_all }
        }),
    ];
    prop::collection::vec(step, 5..40)
}
