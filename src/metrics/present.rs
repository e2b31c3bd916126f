//! How things are at present: asked for when somebody looks.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::bus::BusStats;
use crate::feed::Kept;
use crate::graphql::Loaded;
use crate::memory;
use crate::store::PoolState;

/// See the module.
#[derive(Clone, Debug)]
pub struct Present {
    /// What is kept for those who follow.
    pub feed: Kept,
    /// Texts of persisted queries that are remembered, and their bytes.
    pub documents: (usize, usize),
    /// Open connections, streams and sockets included.
    pub connections: usize,
    /// Of these, streams of events.
    pub streams: usize,
    /// What runs, what waits for its turn, and whether memory is short.
    pub load: Loaded,
    /// SQL statements sent so far.
    pub statements: u64,
    /// Writes that wait for their turn.
    pub writes_waiting: usize,
    /// Connections to the database, by what they are for.
    pub pools: Vec<(&'static str, PoolState)>,
    /// What passed over the bus.
    pub bus: BusStats,
    /// Whether it carries.
    pub is_connected: bool,
}

impl Collector for Present {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut gauge = |name: &str, told: &str, value: usize| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, told, None, gauge.metric_type())?)
        };
        gauge("hubs", "Articles that somebody follows on this node", self.feed.hubs)?;
        gauge("groups", "Distinct subscriptions that this node renders", self.feed.groups)?;
        gauge("feed_events_kept", "Events of what is followed, as read from the store", self.feed.events)?;
        let told = "Rendered events kept for live readers, all of them together";
        gauge("feed_frames_kept_bytes", told, self.feed.frame_bytes)?;
        let told = "Rendered pages of the past that are kept for a moment";
        gauge("feed_pages_kept", told, self.feed.pages)?;
        let (texts, bytes) = self.documents;
        gauge("documents_remembered", "Texts of persisted queries that are remembered", texts)?;
        gauge("documents_remembered_bytes", "Their bytes", bytes)?;
        gauge("bus_connected", "Whether hints flow between nodes", usize::from(self.is_connected))?;
        gauge("connections", "Open connections, streams and sockets included", self.connections)?;
        gauge("streams", "Of these, streams of events", self.streams)?;
        gauge("executions", "Queries, mutations and pages that run", self.load.running)?;
        gauge("executions_waiting", "Those that wait for a turn", self.load.waiting)?;
        let told = "Large answers that clients have yet to take, twice their bytes";
        gauge("answers_held_bytes", told, self.load.answers_kib.saturating_mul(1024))?;
        gauge(
            "memory_short",
            "Whether requests are turned away to save memory",
            usize::from(self.load.is_short),
        )?;
        let told = "Writes that wait for the turn of another";
        gauge("database_writes_waiting", told, self.writes_waiting)?;
        for (name, pool) in &self.pools {
            let told = "Open connections to the database";
            gauge(&format!("database_{name}_connections"), told, pool.open)?;
            let told = "Of these, not in use";
            gauge(&format!("database_{name}_connections_idle"), told, pool.idle)?;
            let told = "As many as there may be";
            gauge(&format!("database_{name}_connections_max"), told, pool.most)?;
        }
        if let Some(bytes) = memory::resident() {
            gauge(
                "resident_memory_bytes",
                "Memory of this process",
                usize::try_from(bytes).unwrap_or(usize::MAX),
            )?;
        }
        let mut counter = |name: &str, told: &str, value: u64| {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, told, None, counter.metric_type())?)
        };
        counter("database_statements", "SQL statements sent", self.statements)?;
        counter("bus_published", "Hints that this node published", self.bus.published)?;
        counter("bus_received", "Hints put before this node", self.bus.received)?;
        counter("bus_dropped", "Hints dropped because a queue was full", self.bus.dropped)?;
        counter("bus_gaps", "Times that this node was told to compare with the store", self.bus.gaps)?;
        counter("bus_failures", "Failed attempts to reach Redis", self.bus.failures)
    }
}
