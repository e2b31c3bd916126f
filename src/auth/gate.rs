//! The one way in: a token → somebody who is let in, and the moment when they no longer are.
//!
//! What a token says is checked once; then the store is asked how its person and its session stand, and the
//! grant is kept. Each change of a standing is a line in the store's log. Every node reads on in that log once
//! a second, for as long as it has let anybody in, and doubts the grants that a line concerns: the next
//! request asks the store again, and so does each open connection, at once.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::grant::{Basis, Fingerprint, Grant, Register};
use super::password::{NotSignedIn, Passwords};
use super::tokens::{Own, Session, Tokens};
use super::{Refused, TOKEN_MAX};
use crate::clock::Clock;
use crate::domain::ids::{SessionId, UserId};
use crate::domain::user::User;
use crate::store::{Standing, Store, StoreError};

/// How often a node reads on in the log. What this node changes itself, it hears of at once.
const LISTEN_EVERY: Duration = Duration::from_secs(1);
/// Changes read at a time.
const CHANGES: u64 = 1_000;
/// How often a standing is read again because it changed meanwhile, before the caller is told to come back.
const ATTEMPTS: usize = 5;

/// Why somebody who was let in no longer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The token's time is over.
    Expired,
    /// The session was ended, or the account deleted.
    Ended,
    /// The role is another one: the same token is good, but what was begun with it was begun in the old role.
    RoleChanged,
}

/// What a token proves: who it is, for how long, and what that rests on.
struct Claim {
    user: UserId,
    session: SessionId,
    basis: Basis,
    expires_at: DateTime<Utc>,
    fingerprint: Fingerprint,
}

/// See the module.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Arc<Clock>,
    tokens: Tokens,
    passwords: Passwords,
    register: Register,
}

impl Gate {
    /// The gate of a node.
    #[must_use]
    pub fn new(store: Store, clock: Arc<Clock>, tokens: Tokens, passwords: Passwords) -> Self {
        Self { inner: Arc::new(Inner { store, clock, tokens, passwords, register: Register::default() }) }
    }

    /// Whoever a token stands for.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn admit(&self, token: &str) -> Result<Arc<Grant>, Refused> {
        if token.len() > TOKEN_MAX {
            return Err(Refused::Invalid);
        }
        let fingerprint = Fingerprint::of(token);
        let grant = match self.inner.register.get(fingerprint) {
            Some(grant) => grant,
            None => self.look_up(token, fingerprint).await?,
        };
        if grant.expires_at <= self.inner.clock.now() {
            return Err(Refused::Expired);
        }
        Ok(grant)
    }

    async fn look_up(&self, token: &str, fingerprint: Fingerprint) -> Result<Arc<Grant>, Refused> {
        let own = self.inner.tokens.check(token)?;
        let Own { user, session, epoch, expires_at } = own;
        self.grant(&Claim { user, session, basis: Basis::Own { epoch }, expires_at, fingerprint }).await
    }

    /// Looks again at a grant that is doubted.
    async fn renew(&self, held: &Grant) -> Result<Arc<Grant>, Refused> {
        if held.expires_at <= self.inner.clock.now() {
            return Err(Refused::Expired);
        }
        let claim = Claim {
            user: held.user.id,
            session: held.session,
            basis: held.basis.clone(),
            expires_at: held.expires_at,
            fingerprint: held.fingerprint,
        };
        self.grant(&claim).await
    }

    /// Grants a claim that was proved, as its person and its session stand now; and looks again where a change
    /// was heard of in between.
    async fn grant(&self, claim: &Claim) -> Result<Arc<Grant>, Refused> {
        for _ in 0..ATTEMPTS {
            let seen = self.inner.register.seen();
            let standing = self.inner.store.latest().standing(claim.user, claim.session).await?;
            let grant = Arc::new(Grant {
                user: stands(standing, &claim.basis)?.user,
                expires_at: claim.expires_at,
                session: claim.session,
                basis: claim.basis.clone(),
                fingerprint: claim.fingerprint,
                checked: Instant::now(),
                doubted: CancellationToken::new(),
            });
            if self.inner.register.put(&grant, seen) {
                return Ok(grant);
            }
        }
        Err(Refused::Unavailable)
    }

    /// Waits until somebody who was let in no longer is, for another reason than the time, which the caller
    /// keeps an eye on itself.
    pub async fn withdrawn(self, mut held: Arc<Grant>) -> End {
        loop {
            held.doubted.cancelled().await;
            match self.renew(&held).await {
                Ok(now) if now.user.role == held.user.role => held = now,
                Ok(_) => return End::RoleChanged,
                Err(Refused::Expired) => return End::Expired,
                // The store can't say: whatever it was, it is no reason to cut anybody off.
                Err(Refused::Fault(_) | Refused::Unavailable) => tokio::time::sleep(LISTEN_EVERY).await,
                Err(_) => return End::Ended,
            }
        }
    }

    /// Whoever has that name and password. An unknown name takes as long as a known one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn recognise(
        &self,
        name: &str,
        password: String,
        address: IpAddr,
    ) -> Result<Result<User, NotSignedIn>, StoreError> {
        let inner = &self.inner;
        if let Err(refused) = inner.passwords.attempt(name, address) {
            return Ok(Err(refused));
        }
        let (user, hash) = inner.store.password_of(name).await?.unzip();
        Ok(match inner.passwords.check(password, hash).await {
            Ok(true) => user.ok_or(NotSignedIn::Wrong),
            Ok(false) => Err(NotSignedIn::Wrong),
            Err(refused) => Err(refused),
        })
    }

    /// A session of somebody who has just proved who they are.
    ///
    /// # Errors
    /// [`Refused::Gone`], [`Refused::Fault`].
    pub async fn open(&self, user: &User, ttl: chrono::Duration) -> Result<Session, Refused> {
        let epoch = self.inner.store.epoch(user.id).await?.ok_or(Refused::Gone)?;
        self.inner.tokens.issue(user, epoch, ttl)
    }

    /// The first session of somebody whose account was just made.
    ///
    /// # Errors
    /// [`Refused::Fault`].
    pub fn open_first(&self, user: &User, ttl: chrono::Duration) -> Result<Session, Refused> {
        self.inner.tokens.issue(user, 0, ttl)
    }

    /// Reads on in the log: after this, every change that was committed before is heard of at this node.
    ///
    /// # Errors
    /// The store failed.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        loop {
            let asked = Instant::now();
            let changes = self.inner.store.standing_changes(self.inner.register.seen(), CHANGES).await?;
            let was_all = (changes.len() as u64) < CHANGES;
            self.inner.register.hear(&changes, was_all, asked);
            if was_all {
                return Ok(());
            }
        }
    }

    /// Listens for changes until `stopping`.
    pub async fn listen(self, stopping: CancellationToken) {
        let mut tick = tokio::time::interval(LISTEN_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut hears = true;
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = tick.tick() => {}
            }
            if self.inner.register.is_idle() {
                continue;
            }
            let heard = self.catch_up().await;
            if let Err(error) = &heard
                && hears
            {
                tracing::warn!(%error, "changes of sessions and roles can't be read; each request asks the store until they can");
            }
            hears = heard.is_ok();
        }
    }
}

/// Whether somebody's account and session still stand, by what their token rests on.
fn stands(standing: Option<Standing>, basis: &Basis) -> Result<Standing, Refused> {
    let standing = standing.ok_or(Refused::Gone)?;
    let is_over = match basis {
        Basis::Own { epoch } => *epoch != standing.epoch,
    };
    if is_over || standing.is_ended { Err(Refused::Ended) } else { Ok(standing) }
}
