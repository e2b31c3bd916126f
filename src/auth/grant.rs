//! A credential that was found good, and the register of those: so that neither signatures are computed nor
//! the store is asked for each request, and that whoever is let in can be shown out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::ids::SessionId;
use crate::domain::user::{User, Viewer};
use crate::store::StandingChange;

/// Grants of one generation. There are two, so at most twice as many are kept: about 10 MB.
const GENERATION: usize = 8_192;
/// How old the news may be that a grant is trusted by: the bound on how long a revocation takes while the
/// store can't be read.
pub(super) const TRUSTED_FOR: Duration = Duration::from_secs(5);

/// Half of a SHA-256: enough to tell tokens apart, and nothing that could be used as one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Fingerprint([u8; 16]);

impl Fingerprint {
    pub fn of(token: &str) -> Self {
        let digest = Sha256::digest(token.as_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Self(half)
    }

    /// What a token of somebody else's is called as a session: by what is signed (RFC 7515, section 5.1). One signature is as
    /// good as another, and whoever has one of ECDSA can make a second without the key.
    pub fn session(token: &str) -> SessionId {
        let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
        SessionId(uuid::Uuid::from_bytes(Self::of(signed).0))
    }
}

/// What a grant rests on, beside the account itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Basis {
    /// A token of ours, issued in this epoch of the account.
    Own { epoch: i32 },
    /// A token of a host site: when it says that it was issued, and which of the site's keys signed it.
    Sso { issued_at: DateTime<Utc>, key: String },
}

/// Somebody who was let in.
#[derive(Debug)]
pub struct Grant {
    pub(super) user: User,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) session: SessionId,
    pub(super) basis: Basis,
    pub(super) fingerprint: Fingerprint,
    /// When the store was asked.
    pub(super) checked: Instant,
    /// Something changed: look again before going on.
    pub(super) doubted: CancellationToken,
}

impl Grant {
    /// Who it is.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        let (user, session) = (self.user.clone(), self.session);
        Viewer::Known { user, expires_at: self.expires_at, session }
    }

    fn concerns(&self, change: &StandingChange) -> bool {
        self.user.id == change.user && change.session.is_none_or(|session| session == self.session)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Register(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The last change that was heard of.
    seen: i64,
    /// When there was nothing later than that.
    current_at: Option<Instant>,
    young: HashMap<Fingerprint, Arc<Grant>>,
    old: HashMap<Fingerprint, Arc<Grant>>,
    /// Everything granted that somebody holds: in here, or by an open connection.
    given: Vec<Weak<Grant>>,
    tidy_at: usize,
}

impl Register {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The grant of a token, if it is known and can be trusted now.
    pub fn get(&self, fingerprint: Fingerprint) -> Option<Arc<Grant>> {
        let mut inner = self.lock();
        let grant = match inner.young.get(&fingerprint) {
            Some(grant) => Arc::clone(grant),
            None => {
                let grant = inner.old.remove(&fingerprint)?;
                inner.keep(Arc::clone(&grant));
                grant
            }
        };
        let heard = inner.current_at.map_or(grant.checked, |at| at.max(grant.checked));
        let is_good = !grant.doubted.is_cancelled() && heard.elapsed() <= TRUSTED_FOR;
        is_good.then_some(grant)
    }

    /// The last change heard of: ask before reading the store for [`Register::put`].
    pub fn seen(&self) -> i64 {
        self.lock().seen
    }

    /// Registers a grant that was read from the store while `seen` was the last change heard of. `false`:
    /// something was heard since, so it has to be read again.
    #[must_use]
    pub fn put(&self, grant: &Arc<Grant>, seen: i64) -> bool {
        let mut inner = self.lock();
        if inner.seen != seen {
            return false;
        }
        inner.keep(Arc::clone(grant));
        if inner.given.len() >= inner.tidy_at {
            inner.given.retain(|grant| grant.strong_count() > 0);
            inner.tidy_at = (inner.given.len() * 2).max(1_024);
        }
        inner.given.push(Arc::downgrade(grant));
        true
    }

    /// Whether anybody could be concerned by a change.
    pub fn is_idle(&self) -> bool {
        self.lock().given.iter().all(|grant| grant.strong_count() == 0)
    }

    /// Takes in what the log said at `asked`: the changes after [`Register::seen`], and whether that was all.
    pub fn hear(&self, changes: &[StandingChange], was_all: bool, asked: Instant) {
        let mut inner = self.lock();
        for change in changes.iter().filter(|change| change.sequence > inner.seen) {
            for grant in inner.given.iter().filter_map(Weak::upgrade) {
                if grant.concerns(change) {
                    grant.doubted.cancel();
                }
            }
        }
        if let Some(last) = changes.last() {
            inner.seen = inner.seen.max(last.sequence);
        }
        if was_all {
            inner.current_at = Some(asked);
        }
    }

    /// Doubts every grant that is like this.
    pub fn doubt(&self, is_meant: impl Fn(&Grant) -> bool) {
        for grant in self.lock().given.iter().filter_map(Weak::upgrade) {
            if is_meant(&grant) {
                grant.doubted.cancel();
            }
        }
    }
}

impl Inner {
    fn keep(&mut self, grant: Arc<Grant>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(grant.fingerprint, grant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UserId;
    use crate::domain::user::Role;

    fn grant(number: u128) -> Arc<Grant> {
        let id = UserId(uuid::Uuid::from_u128(number));
        Arc::new(Grant {
            user: User { id, display_name: "Ana".into(), role: Role::Reader },
            expires_at: DateTime::<Utc>::MAX_UTC,
            session: SessionId(uuid::Uuid::from_u128(number)),
            basis: Basis::Own { epoch: 0 },
            fingerprint: Fingerprint(number.to_be_bytes()),
            checked: Instant::now(),
            doubted: CancellationToken::new(),
        })
    }

    fn change(sequence: i64, grant: &Grant, session: Option<SessionId>) -> StandingChange {
        StandingChange { sequence, user: grant.user.id, session }
    }

    #[tokio::test]
    async fn a_change_is_felt_by_those_it_concerns_and_by_nobody_else() {
        let register = Register::default();
        let (ana, ben) = (grant(1), grant(2));
        assert!(register.put(&ana, 0) && register.put(&ben, 0));
        let other = SessionId(uuid::Uuid::from_u128(9));
        register.hear(&[change(1, &ana, Some(other))], true, Instant::now());
        assert!(register.get(ana.fingerprint).is_some(), "another session of hers");
        register.hear(&[change(2, &ana, None)], true, Instant::now());
        assert!(register.get(ana.fingerprint).is_none() && ana.doubted.is_cancelled());
        assert!(register.get(ben.fingerprint).is_some());
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_registered_after_it() {
        let register = Register::default();
        let ana = grant(1);
        let seen = register.seen();
        register.hear(&[change(1, &ana, None)], true, Instant::now());
        assert!(!register.put(&ana, seen));
    }

    #[tokio::test]
    async fn without_news_nothing_is_trusted_for_long() {
        let register = Register::default();
        let long_ago =
            Instant::now().checked_sub(TRUSTED_FOR + Duration::from_secs(1)).expect("it was up by then");
        let ana = Arc::new(Grant { checked: long_ago, ..Arc::into_inner(grant(1)).expect("only here") });
        assert!(register.put(&ana, 0));
        assert!(register.get(ana.fingerprint).is_none());
        register.hear(&[], true, Instant::now());
        assert!(register.get(ana.fingerprint).is_some());
    }

    #[tokio::test]
    async fn however_many_come_so_many_are_kept() {
        let register = Register::default();
        for number in 0..(3 * GENERATION as u128) {
            assert!(register.put(&grant(number), 0));
        }
        let inner = register.lock();
        assert!(inner.young.len() + inner.old.len() <= 2 * GENERATION);
        assert!(inner.given.len() <= 6 * GENERATION);
    }
}
