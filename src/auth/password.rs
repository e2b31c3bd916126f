//! Passwords of local accounts: argon2id, with the crate's defaults, which are those that OWASP's cheat sheet
//! on password storage recommends (19 MiB, two passes, one lane).

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;

use crate::domain::address::network;
use crate::domain::text;
use crate::domain::user::User;
use crate::store::login;

/// The shortest password, in characters as a person counts them (NIST SP 800-63B-4, section 3.1.1.2, asks for
/// 15 where nothing else is asked for, and forbids rules about what is in it).
pub const PASSWORD_MIN: usize = 15;
/// The longest, in bytes: more would only keep the processor busy.
pub const PASSWORD_MAX_BYTES: usize = 1_024;

/// Hashes computed at once: each takes a core and 19 MiB.
const AT_ONCE: usize = 2;
/// Those who may wait for their turn: about two seconds.
const WAITING: usize = 32;
/// Attempts for one name from one network: so many at once, and then as many again in ten minutes.
const NAME: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// Attempts for one name from everywhere. Wide, for nobody is to shut another out; but many who guess together are
/// slowed down. Where somebody signed in under that name before, it does not count.
const NAME_EVERYWHERE: NonZeroU32 = NonZeroU32::new(300).expect("not zero");
/// Attempts from one network, where an office may share an address.
const NETWORK: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
const TEN_MINUTES: u32 = 10;
/// Buckets kept before full ones are let go of.
const BUCKETS_MAX: usize = 50_000;

/// Why a password can't be one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadPassword {
    /// Fewer characters than asked for.
    #[error(
        "a password has at least {PASSWORD_MIN} characters; a few words that nobody else would put together are easy to remember"
    )]
    TooShort,
    /// More than is looked at.
    #[error("a password has at most {PASSWORD_MAX_BYTES} bytes")]
    TooLong,
    /// The machine has no randomness to give, or no memory.
    #[error("the password can't be hashed")]
    Unhashed,
}

/// Why nobody is signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotSignedIn {
    /// There is nobody of that name, or the password is another one: which, is not told.
    #[error("The name or the password is not right.")]
    Wrong,
    /// Too many attempts for this name, or from this network.
    #[error("Too many attempts: wait a few minutes, then try again.")]
    TooOften,
    /// Too many at this moment.
    #[error("Many people are signing in: try again in a few seconds.")]
    Busy,
}

/// Hashes a password. It takes tens of milliseconds of a core.
///
/// # Errors
/// [`BadPassword`].
pub fn hash(password: &str) -> Result<String, BadPassword> {
    if text::length(password) < PASSWORD_MIN {
        return Err(BadPassword::TooShort);
    }
    if password.len() > PASSWORD_MAX_BYTES {
        return Err(BadPassword::TooLong);
    }
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|_| BadPassword::Unhashed)?;
    Ok(hash.to_string())
}

/// Whether a password is the one of the hash. Without a hash it takes as long, and is not.
fn is_right(password: &str, hash: Option<&str>) -> bool {
    static NOBODYS: LazyLock<Option<String>> = LazyLock::new(|| self::hash(&"nobody's ".repeat(3)).ok());
    let is_known = hash.is_some();
    let Some(hash) = hash.or(NOBODYS.as_deref()).and_then(|hash| PasswordHash::new(hash).ok()) else {
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && is_known
}

/// Attempts at passwords, bounded: in number for a name and for a network, and in work at any moment.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    pace: Option<Arc<Attempts>>,
}

struct Attempts {
    names_here: DefaultKeyedRateLimiter<(String, IpAddr)>,
    names: DefaultKeyedRateLimiter<String>,
    networks: DefaultKeyedRateLimiter<IpAddr>,
    /// From which network each account signed in last: one entry an account, at most.
    homes: Mutex<HashMap<String, IpAddr>>,
}

impl Passwords {
    /// `is_paced`: whether attempts are limited in rate.
    #[must_use]
    pub fn new(is_paced: bool) -> Self {
        let quota = |attempts: NonZeroU32| {
            let refill = NonZeroU32::new(attempts.get() / TEN_MINUTES).unwrap_or(NonZeroU32::MIN);
            Quota::per_minute(refill).allow_burst(attempts)
        };
        let pace = is_paced.then(|| {
            Arc::new(Attempts {
                names_here: RateLimiter::keyed(quota(NAME)),
                names: RateLimiter::keyed(quota(NAME_EVERYWHERE)),
                networks: RateLimiter::keyed(quota(NETWORK)),
                homes: Mutex::default(),
            })
        });
        let [turns, queue] = [AT_ONCE, WAITING].map(|permits| Arc::new(Semaphore::new(permits)));
        Self { turns, queue, pace }
    }

    /// Counts an attempt, before anything is looked up.
    ///
    /// # Errors
    /// [`NotSignedIn::TooOften`], whether or not there is anybody of that name.
    pub fn attempt(&self, name: &str, address: IpAddr) -> Result<(), NotSignedIn> {
        let Some(pace) = &self.pace else { return Ok(()) };
        if pace.names_here.len().max(pace.names.len()).max(pace.networks.len()) > BUCKETS_MAX {
            pace.names_here.retain_recent();
            pace.names.retain_recent();
            pace.networks.retain_recent();
        }
        let (name, from) = (key(name), network(address));
        let is_home = lock(&pace.homes).get(&name) == Some(&from);
        // The narrow ones first: who is refused by those takes nothing from others who try that name.
        let is_let = pace.networks.check_key(&from).is_ok()
            && pace.names_here.check_key(&(name.clone(), from)).is_ok()
            && (is_home || pace.names.check_key(&name).is_ok());
        if is_let { Ok(()) } else { Err(NotSignedIn::TooOften) }
    }

    /// Remembers from where an account was signed in to: whoever guesses elsewhere does not shut its holder out there.
    pub fn was_right(&self, name: &str, address: IpAddr) {
        if let Some(pace) = &self.pace {
            lock(&pace.homes).insert(key(name), network(address));
        }
    }

    /// Whether a password is the one of the hash; without a hash it takes as long, and is not.
    ///
    /// # Errors
    /// [`NotSignedIn::Busy`].
    pub async fn check(&self, password: String, hash: Option<String>) -> Result<bool, NotSignedIn> {
        if password.len() > PASSWORD_MAX_BYTES {
            return Ok(false);
        }
        let _place = self.queue.try_acquire().map_err(|_| NotSignedIn::Busy)?;
        // Held by the work itself: a caller that goes away must not make room for another one beside it.
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| NotSignedIn::Busy)?;
        let checking = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            is_right(&password, hash.as_deref())
        });
        checking.await.map_err(|_| NotSignedIn::Busy)
    }
}

/// What a name is counted by: one that no account has is no longer than one that some account has.
fn key(name: &str) -> String {
    login(name).chars().take(User::NAME_MAX * 16).collect()
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "a ferry at night, twice";

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let hash = hash(GOOD).expect("it is long enough");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(is_right(GOOD, Some(&hash)));
        assert!(!is_right("a ferry at night, once", Some(&hash)));
        assert!(!is_right(GOOD, None) && !is_right(GOOD, Some("nonsense")));
        assert_eq!(self::hash("too short"), Err(BadPassword::TooShort));
        assert_eq!(self::hash(&"x".repeat(2_000)), Err(BadPassword::TooLong));
    }

    #[tokio::test]
    async fn attempts_are_counted_by_name_and_by_network() {
        let passwords = Passwords::new(true);
        let address = |last| IpAddr::from([192, 0, 2, last]);
        let tried = |name: &str, last| passwords.attempt(name, address(last)).is_ok();
        assert_eq!((0..20).filter(|_| tried("Mo", 1)).count(), 10);
        assert!(!tried(" mO ", 1) && tried(" mO ", 2), "the same name, from elsewhere");
        assert_eq!((0..100).filter(|number| tried(&format!("n{number}"), 3)).count(), 30);
        let household = |last| IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, last]);
        assert_eq!((0..20).filter(|last| passwords.attempt("Mo", household(*last)).is_ok()).count(), 10);
    }

    #[tokio::test]
    async fn many_who_guess_together_are_slowed_down_and_shut_nobody_out_where_they_are_known() {
        let passwords = Passwords::new(true);
        let tried = |third, last| passwords.attempt("Mo", IpAddr::from([10, 0, third, last])).is_ok();
        passwords.was_right("mo", IpAddr::from([10, 0, 99, 1]));
        let guesses =
            (0..100).flat_map(|last| (0..10).map(move |_| last)).filter(|last| tried(1, *last)).count();
        assert!((300..320).contains(&guesses), "{guesses} of a thousand");
        assert!(!tried(2, 1) && tried(99, 1));
    }

    #[tokio::test]
    async fn more_than_can_wait_are_sent_away() {
        let passwords = Passwords::new(false);
        let checks = (0..100).map(|_| passwords.check(GOOD.to_owned(), Some("nonsense".to_owned())));
        let outcomes = futures_util::future::join_all(checks).await;
        let busy = outcomes.iter().filter(|outcome| **outcome == Err(NotSignedIn::Busy)).count();
        assert_eq!(busy, 100 - WAITING);
    }
}
