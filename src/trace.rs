//! The id under which a request is spoken of: in the answer, in the log, and to whoever reports a fault.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Characters of an id from outside, at most.
const ID_MAX: usize = 64;

tokio::task_local! {
    static CURRENT: Trace;
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Trace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: Box<str>,
    /// Whether a fault of this request has been logged.
    told: AtomicBool,
}

impl Trace {
    /// A new one: sixteen hexadecimal digits.
    #[must_use]
    pub fn fresh() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        static START: std::sync::LazyLock<u64> = std::sync::LazyLock::new(|| getrandom::u64().unwrap_or(0));
        // SplitMix64: every number once, in no order that can be seen, without asking the system each time.
        let count = COUNT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut id = START.wrapping_add(count);
        id = (id ^ (id >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        id = (id ^ (id >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self::named(&format!("{:016x}", id ^ (id >> 31)))
    }

    /// One that a proxy gave, if it is of a form that does no harm in a log or a header.
    #[must_use]
    pub fn given(id: &str) -> Option<Self> {
        let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_good = (8..=ID_MAX).contains(&id.len()) && id.as_bytes().iter().all(harmless);
        is_good.then(|| Self::named(id))
    }

    fn named(id: &str) -> Self {
        Self(Arc::new(Inner { id: id.into(), told: AtomicBool::new(false) }))
    }

    /// That of the request that is being answered, or a new one.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_else(|_| Self::fresh())
    }

    /// Runs what belongs to this request.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Whether nothing has been logged of this request yet: the first fault is, those that follow from it are
    /// not.
    #[must_use]
    pub fn is_first_fault(&self) -> bool {
        !self.0.told.swap(true, Ordering::Relaxed)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_from_outside_are_taken_only_when_harmless() {
        for good in ["01890a5d-ac96-774b", "req_12345678", &"a".repeat(64)] {
            assert_eq!(Trace::given(good).map(|trace| trace.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "short", "with space", "line\nbreak", "<script>..", &"a".repeat(65), "naïve-naïve"]
        {
            assert!(Trace::given(bad).is_none(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn what_runs_inside_knows_the_id_and_tells_one_fault() {
        let trace = Trace::fresh();
        assert_ne!(trace.id(), Trace::fresh().id());
        let inside = trace.clone().scope(async { (Trace::current().to_string(), Trace::current()) }).await;
        assert_eq!(inside.0, trace.id());
        assert!(inside.1.is_first_fault() && !trace.is_first_fault());
        assert_ne!(Trace::current().id(), trace.id(), "outside there is none");
    }
}
