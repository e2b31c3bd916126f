//! What a newsroom does about a person: what they write is refused for good, refused for a time, or read
//! first. It binds what they do as a reader (submit, edit, react, report); taking back what is theirs they
//! always may, and a role that they have stays theirs until somebody takes it.

use chrono::{DateTime, Utc};

use super::ids::{ActionId, EntryId, UserId};
use super::rules::{Rule, Trace};
use super::user::User;

/// A sanction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sanction {
    /// They may not write any more.
    Ban,
    /// They may not write for a time.
    Suspend {
        /// Until when; it ends by itself.
        until: DateTime<Utc>,
    },
    /// What they write is read first.
    Premoderate,
}

/// Which sanction, without what it holds; none lifts the one that was there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SanctionKind {
    /// See [`Sanction::Ban`].
    Ban,
    /// See [`Sanction::Suspend`].
    Suspend,
    /// See [`Sanction::Premoderate`].
    Premoderate,
    /// No sanction.
    None,
}

impl SanctionKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Ban, Self::Suspend, Self::Premoderate, Self::None];

    /// The name that the API and the store use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ban => "BAN",
            Self::Suspend => "SUSPEND",
            Self::Premoderate => "PREMODERATE",
            Self::None => "NONE",
        }
    }

    /// The kind with that [`SanctionKind::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A sanction with what the person is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imposed {
    /// Which.
    pub sanction: Sanction,
    /// Why.
    pub reason: Option<String>,
}

/// Why a person may not write.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Barred {
    /// For good.
    #[error("You can no longer take part here.{}", because(.0.as_deref()))]
    Banned(Option<String>),
    /// For a time.
    #[error("You can take part here again from {}.{}", .until.format("%Y-%m-%d %H:%M UTC"), because(.reason.as_deref()))]
    Suspended {
        /// Until when.
        until: DateTime<Utc>,
        /// Why.
        reason: Option<String>,
    },
}

fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(" The newsroom's reason: {reason}"))
}

impl Sanction {
    /// Which kind.
    #[must_use]
    pub const fn kind(self) -> SanctionKind {
        match self {
            Self::Ban => SanctionKind::Ban,
            Self::Suspend { .. } => SanctionKind::Suspend,
            Self::Premoderate => SanctionKind::Premoderate,
        }
    }

    /// Until when; `None`: until it is lifted.
    #[must_use]
    pub const fn until(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Suspend { until } => Some(until),
            Self::Ban | Self::Premoderate => None,
        }
    }

    /// Whether it binds now, or has run out.
    #[must_use]
    pub fn is_in_force(self, now: DateTime<Utc>) -> bool {
        self.until().is_none_or(|until| now < until)
    }
}

impl Imposed {
    /// Whether it keeps the person from writing now, and what to tell them.
    ///
    /// # Errors
    /// [`Barred`].
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Barred> {
        match self.sanction {
            Sanction::Ban => Err(Barred::Banned(self.reason.clone())),
            Sanction::Suspend { until } if now < until => {
                Err(Barred::Suspended { until, reason: self.reason.clone() })
            }
            Sanction::Suspend { .. } | Sanction::Premoderate => Ok(()),
        }
    }

    /// The mark of a sanction that holds back what the person writes.
    #[must_use]
    pub fn holds(&self) -> Option<Trace> {
        match self.sanction {
            Sanction::Premoderate => Some(Trace::of(
                Rule::PersonPremoderated,
                "Everything that this person writes is read before it appears.",
            )),
            Sanction::Ban | Sanction::Suspend { .. } => None,
        }
    }
}

/// One line of the history of what was done about a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SanctionEntry {
    /// Which line.
    pub id: EntryId,
    /// About whom.
    pub user_id: UserId,
    /// What; `None`: the sanction before it was lifted.
    pub sanction: Option<Sanction>,
    /// Why, as the person is told.
    pub reason: Option<String>,
    /// By whom; `None` once their account is gone, and where it was kept of an account that the person deleted.
    pub by: Option<User>,
    /// The bulk action that refused their comments along with it.
    pub action: Option<ActionId>,
    /// When.
    pub at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspension_ends_by_itself() {
        let until = DateTime::UNIX_EPOCH + chrono::Duration::hours(1);
        let imposed = Imposed { sanction: Sanction::Suspend { until }, reason: Some("Insults.".into()) };
        let before = until - chrono::Duration::microseconds(1);
        let barred = imposed.check(before).unwrap_err().to_string();
        assert_eq!(
            barred,
            "You can take part here again from 1970-01-01 01:00 UTC. The newsroom's reason: Insults."
        );
        assert_eq!(imposed.check(until), Ok(()));
        assert!(imposed.sanction.is_in_force(before) && !imposed.sanction.is_in_force(until));
    }
}
