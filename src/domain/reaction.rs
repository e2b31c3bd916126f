//! What a reader can say of a comment with one click.

/// A reaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReactionKind {
    /// Well put.
    Like,
    /// Worth knowing.
    Insightful,
    /// Said with respect, agreed with or not.
    Respect,
}

impl ReactionKind {
    /// Every kind, in the order they are shown.
    pub const ALL: [Self; 3] = [Self::Like, Self::Insightful, Self::Respect];

    /// The name that the API and the store use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Like => "LIKE",
            Self::Insightful => "INSIGHTFUL",
            Self::Respect => "RESPECT",
        }
    }

    /// The kind with that [`ReactionKind::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How many people reacted so.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ReactionCount {
    /// How.
    pub kind: ReactionKind,
    /// How many people.
    pub count: i32,
}
