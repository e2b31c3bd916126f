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
use super::sso::{Sso, Vouched};
use super::tokens::{Own, Session, Tokens, claims_to_be_ours};
use super::{Refused, TOKEN_MAX};
use crate::clock::Clock;
use crate::domain::ids::{EntryId, SessionId, UserId};
use crate::domain::user::User;
use crate::store::{Introduced, Standing, Store, StoreError};

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
    sso: Option<Sso>,
    register: Register,
}

impl Gate {
    /// The gate of a node.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Arc<Clock>,
        tokens: Tokens,
        passwords: Passwords,
        sso: Option<Sso>,
    ) -> Self {
        let register = Register::default();
        Self { inner: Arc::new(Inner { store, clock, tokens, passwords, sso, register }) }
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
        if let Some(sso) = &self.inner.sso
            && !claims_to_be_ours(token)
        {
            let vouched = sso.check(token, self.inner.clock.now()).await?;
            let session = Fingerprint::session(token);
            let user = self.introduce(sso, &vouched, session).await?;
            let Vouched { as_of: issued_at, key, expires_at, .. } = vouched;
            let basis = Basis::Sso { issued_at, key };
            return self.grant(&Claim { user, session, basis, expires_at, fingerprint }).await;
        }
        let Own { user, session, epoch, expires_at } = self.inner.tokens.check(token)?;
        self.grant(&Claim { user, session, basis: Basis::Own { epoch }, expires_at, fingerprint }).await
    }

    /// Whom a host site vouches for, as a person here: made when they first come, and changed when a later token
    /// than before says something else. Whoever deleted their account here and comes back is somebody new, under
    /// the sanction that bound them; a token from before that is no coming back.
    async fn introduce(&self, sso: &Sso, vouched: &Vouched, session: SessionId) -> Result<UserId, Refused> {
        let Inner { store, clock, .. } = &*self.inner;
        let Vouched { subject, name, role, as_of, .. } = vouched;
        let who = Introduced { issuer: sso.issuer(), subject, name, role: *role, as_of: *as_of };
        for _ in 0..ATTEMPTS {
            let known = store.latest().standing_of_subject(who.issuer, who.subject, session).await?;
            let Some(standing) = known else {
                let deleted_at = store.latest().subject_deleted_at(who.issuer, who.subject).await?;
                if deleted_at.is_some_and(|deleted_at| *as_of <= deleted_at) {
                    return Err(Refused::Gone);
                }
                let id = UserId(clock.new_id());
                let tx = store.write().await?;
                match tx.introduce(id, &who, deleted_at, clock.now()).await {
                    Ok(()) => {
                        tx.impose_kept(id, &who, EntryId(clock.new_id()), clock.now()).await?;
                        tx.commit().await?;
                    }
                    // Their first requests come together, at several nodes.
                    Err(error) if error.is_duplicate() => continue,
                    Err(error) => return Err(error.into()),
                }
                return Ok(id);
            };
            let user = standing.user;
            let is_news = user.display_name != *name || user.role != *role;
            // Issued by a clock ahead of ours: remembered, so that ending all sessions ends this one.
            let is_ahead = *as_of > clock.now();
            if (is_news || is_ahead) && standing.claims_at.is_none_or(|claims_at| claims_at < *as_of) {
                let tx = store.write().await?;
                tx.reintroduce(user.id, &who, clock.now()).await?;
                tx.commit().await?;
                self.catch_up().await?;
            }
            return Ok(user.id);
        }
        Err(Refused::Unavailable)
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
            let mut user = stands(standing, &claim.basis)?.user;
            if let (Basis::Sso { key, .. }, Some(sso)) = (&claim.basis, &self.inner.sso) {
                if !sso.has_key(key) {
                    return Err(Refused::UnknownKey);
                }
                user.role = user.role.min(sso.max_role());
            }
            let grant = Arc::new(Grant {
                user,
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
            Ok(true) => {
                inner.passwords.was_right(name, address);
                user.ok_or(NotSignedIn::Wrong)
            }
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

    /// Keeps the host site's keys current until `stopping`.
    pub async fn watch_keys(self, stopping: CancellationToken) {
        let Some(sso) = &self.inner.sso else { return };
        let changed = || {
            self.inner.register.doubt(|grant| match &grant.basis {
                Basis::Own { .. } => false,
                Basis::Sso { key, .. } => !sso.has_key(key),
            });
        };
        sso.watch(stopping, changed).await;
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
        Basis::Sso { issued_at, .. } => {
            standing.signed_out_at.is_some_and(|signed_out_at| *issued_at <= signed_out_at)
        }
    };
    if is_over || standing.is_ended { Err(Refused::Ended) } else { Ok(standing) }
}
