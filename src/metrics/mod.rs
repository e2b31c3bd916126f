//! What a node counts while it works, and how it is read: `/metrics`, in the text format of OpenMetrics.
//!
//! Counting is a relaxed addition, and on the path of the feed one per batch of events, not one per event and
//! reader. What can be asked for when somebody looks (pools, hubs, memory) is not counted at all.
//!
//! - `histogram`: a histogram without a lock
//! - `present`: what is asked for when somebody looks

mod histogram;
mod present;

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::clock::{Clock, Instant};
use histogram::Histogram;

pub use present::Present;

/// Requests by what they are and how they ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Ended {
    kind: &'static str,
    /// `ok`, or the code of the first error.
    outcome: Cow<'static, str>,
}

/// Whether what was asked for was kept.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Found {
    found: &'static str,
}

impl From<bool> for Found {
    fn from(found: bool) -> Self {
        Self { found: if found { "yes" } else { "no" } }
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Status {
    status: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Who or what was refused for want of room, and of which.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct TurnedAway {
    what: &'static str,
    why: &'static str,
}

/// Everything that this process counts.
#[derive(Debug, Default)]
pub struct Metrics {
    answers: Family<Status, Counter>,
    turned_away: Family<TurnedAway, Counter>,
    operations: Family<Ended, Counter>,
    took: Family<Kind, Histogram>,
    readers: Gauge,
    sockets: Gauge,
    delivered: Counter,
    batches: Counter,
    commit_to_socket: Histogram,
    named: Family<Found, Counter>,
    pages: Family<Found, Counter>,
    resumes: Counter,
    lags: Counter,
    resets: Family<Reason, Counter>,
}

/// Those of this process.
pub fn all() -> &'static Metrics {
    static ALL: LazyLock<Metrics> = LazyLock::new(Metrics::default);
    &ALL
}

/// Counted up while it lives.
#[derive(Debug)]
#[must_use]
pub struct Counted(&'static Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// An HTTP answer was begun.
    pub fn answered(&self, status: StatusCode) {
        self.answers.get_or_create(&Status { status: status.as_u16() }).inc();
    }

    /// There was no room: for which kind of thing, and what there is too much of.
    pub fn turned_away(&self, what: &'static str, why: &'static str) {
        self.turned_away.get_or_create(&TurnedAway { what, why }).inc();
    }

    /// A GraphQL operation ended, or, for a subscription, began: `ok` or a code.
    pub fn ended(&self, kind: &'static str, outcome: Cow<'static, str>, took: Duration) {
        self.operations.get_or_create(&Ended { kind, outcome }).inc();
        self.took.get_or_create(&Kind { kind }).observe(took);
    }

    /// A reader follows an article until this is dropped.
    pub fn reader(&'static self) -> Counted {
        self.readers.inc();
        Counted(&self.readers)
    }

    /// A WebSocket is open until this is dropped.
    pub fn socket(&'static self) -> Counted {
        self.sockets.inc();
        Counted(&self.sockets)
    }

    /// Batches went to so many readers' sockets, with so many events in all; the latest of them was committed
    /// `at`, where it is live.
    pub fn delivered(&self, batches: u64, events: u64, at: Option<Instant>) {
        if batches == 0 {
            return;
        }
        self.delivered.inc_by(events);
        self.batches.inc_by(batches);
        if let Some(at) = at {
            self.commit_to_socket
                .observe_all((Clock::system().now() - at).to_std().unwrap_or_default(), batches);
        }
    }

    /// A document was asked for by its name: whether it is known here.
    pub fn named(&self, is_known: bool) {
        self.named.get_or_create(&is_known.into()).inc();
    }

    /// A page of the past was asked for: whether another's could be shared.
    pub fn page(&self, is_shared: bool) {
        self.pages.get_or_create(&is_shared.into()).inc();
    }

    /// A reader came back with a cursor.
    pub fn resumed(&self) {
        self.resumes.inc();
    }

    /// A reader fell behind what is kept in memory, and reads from the store.
    pub fn lagged(&self) {
        self.lags.inc();
    }

    /// A reader was told to start over.
    pub fn reset(&self, reason: &'static str) {
        self.resets.get_or_create(&Reason { reason }).inc();
    }

    fn register(&self, registry: &mut Registry) {
        let told = "HTTP answers by status";
        registry.register("http_answers", told, self.answers.clone());
        let told = "What was refused for want of room, by what it was and what there was too much of";
        registry.register("turned_away", told, self.turned_away.clone());
        let told = "GraphQL operations by kind and outcome; a subscription counts when it begins";
        registry.register("operations", told, self.operations.clone());
        let told = "How long an operation took, or a subscription to begin";
        registry.register_with_unit("operation_duration", told, Unit::Seconds, self.took.clone());
        registry.register("readers", "Subscriptions that share their events", self.readers.clone());
        registry.register("websockets", "Open WebSockets", self.sockets.clone());
        let told = "Events handed to the sockets of readers";
        registry.register("deliveries", told, self.delivered.clone());
        registry.register("delivery_batches", "Writes that carried them", self.batches.clone());
        let told = "From the commit of an event to the write to a live reader's socket, once per write";
        registry.register_with_unit("commit_to_socket", told, Unit::Seconds, self.commit_to_socket.clone());
        let told = "Requests that named a document instead of sending it, by whether it is known here";
        registry.register("documents_named", told, self.named.clone());
        let told = "Pages of the past that the feed was asked for, by whether somebody else's was at hand";
        registry.register("feed_pages", told, self.pages.clone());
        registry.register("feed_resumes", "Readers who came with a cursor", self.resumes.clone());
        let told = "Times that a reader fell behind what is kept in memory";
        registry.register("feed_lags", told, self.lags.clone());
        registry.register("feed_resets", "Readers who were told to start over", self.resets.clone());
    }
}

/// All of it as text: what was counted, and how things are at present.
///
/// # Errors
/// None that a string can have.
pub fn text(present: Present) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("talkback");
    all().register(&mut registry);
    registry.register_collector(Box::new(present));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}
