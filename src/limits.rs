//! Every limit that an operator can set: its name, what it bounds and its default, in one place.
//!
//! `--limit NAME=NUMBER` sets one; `--help` is written out of the list below.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// One line of what there is.
struct Entry {
    name: &'static str,
    default: u64,
    says: &'static str,
}

macro_rules! limits {
    ($($field:ident $name:literal = $default:expr, $says:literal;)+) => {
        /// The limits in force. What meets one exactly passes.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $says] pub $field: u64,)+
            /// Names of the schema's types: not a number, and not for operators to set; see
            /// [`with_types_of`](Self::with_types_of).
            pub known_types: Arc<BTreeSet<String>>,
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)+ known_types: Arc::default() }
            }
        }

        impl Limits {
            fn slot(&mut self, name: &str) -> Option<&mut u64> {
                match name {
                    $($name => Some(&mut self.$field),)+
                    _ => None,
                }
            }
        }

        const ALL: &[Entry] = &[$(Entry { name: $name, default: $default, says: $says },)+];
    };
}

limits! {
    // One request.
    body_bytes "body-bytes" = 512 * 1024, "Bytes of a request's body, before and after it is unpacked";
    query_bytes "query-bytes" = 16 * 1024, "Bytes of the query text";
    tokens "tokens" = 4_000, "Lexical tokens of the query text";
    name_bytes "name-bytes" = 128, "Bytes of one name in the query text: errors quote names, some of them many times";
    nesting "nesting" = 32, "Levels of brackets in the query text, and of selection sets once fragments are expanded; at most 64";
    directives "directives" = 64, "Directives, both as written and once fragments are expanded";
    aliases "aliases" = 64, "Aliases of the operation, once fragments are expanded";
    root_fields "root-fields" = 20, "Root fields of the operation; a subscription has one, whatever this says";
    depth "depth" = 20, "Levels of fields, once fragments are expanded; standard introspection has fifteen";
    fields "fields" = 1_000, "Fields and fragments of the operation, once expanded; a field asked for twice counts twice";
    document "document" = 10_000, "The same sum and all values in arguments, over the whole document";
    cost "cost" = 25_000, "Points of cost of an operation: one for each field, times the rows of the lists that it is in";
    subscription_cost "subscription-cost" = 2_000, "The same for a subscription, whose selection is executed for each event";
    followed_cost "followed-cost" = 64_000, "Points of all different subscriptions from one address to one article, loopback apart";
    assumed_page "assumed-page" = 20, "Rows that a list counts for when it names no `first` or `last`";
    largest_page "largest-page" = 100, "Rows that a page counts for at most: connections give no more than 100";
    carried_bytes "carried-bytes" = 4 * 1024 * 1024, "Bytes of arguments, variables included, once for each row that they are read for";
    introspection_lists "introspection-lists" = 2, "Lists of types or fields inside each other in an introspection query";
    fragments "fragments" = 64, "Fragment definitions of the document";
    operations "operations" = 64, "Operations of the document";
    variables "variables" = 64, "Variables that one operation defines";
    variables_bytes "variables-bytes" = 256 * 1024, "Bytes of the variables sent: names, text, and sixteen for each value";
    variables_nesting "variables-nesting" = 16, "Levels of lists and objects in the variables sent";
    conflicts "conflicts" = 16, "Fields of one name and two meanings before validation is spared the list of them";
    // What runs.
    execution_seconds "execution-seconds" = 10, "Seconds that a query or a mutation may run";
    executions "executions" = 256, "Queries and mutations that run at a time";
    executions_waiting "executions-waiting" = 2_048, "Those that wait for a turn, two seconds at most";
    bodies_kib "bodies-kib" = 16 * 1024, "KiB of large request bodies and messages that are held at a time, as sent and as unpacked; a quarter for one address";
    answer_bytes "answer-bytes" = 4 * 1024 * 1024, "Bytes of an answer";
    event_bytes "event-bytes" = 2 * 1024 * 1024, "The same for an event of a subscription";
    answers_kib "answers-kib" = 32 * 1024, "KiB of large answers that are held at a time until clients have taken them; a quarter for one address";
    memory_mib "memory-mib" = 0, "MiB that the process may occupy before it turns requests away; 0: four fifths of what there is";
    // Sockets and connections.
    socket_message_bytes "socket-message-bytes" = 256 * 1024, "Bytes of one message on a WebSocket, in however many frames";
    socket_init_seconds "socket-init-seconds" = 10, "Seconds for the first message on a WebSocket, connection_init";
    socket_ping_seconds "socket-ping-seconds" = 25, "Seconds between two pings on a WebSocket";
    socket_silence_seconds "socket-silence-seconds" = 60, "Seconds that a client may leave them unanswered, seen at the next ping";
    heartbeat_seconds "heartbeat-seconds" = 15, "Seconds of silence on a stream of events before it says that it is alive";
    socket_frames_per_second "socket-frames-per-second" = 2_000, "Frames that are read from one WebSocket in a second";
    socket_operations "socket-operations" = 32, "Operations of one WebSocket at a time";
    streams_per_address "streams-per-address" = 1_000, "Streams of events from one address, loopback apart";
    sockets_per_address "sockets-per-address" = 500, "WebSockets from one address, loopback apart";
    sockets_per_person "sockets-per-person" = 64, "WebSockets of one person on one node";
    connections "connections" = 50_000, "Connections at a time, streams and sockets included";
    connections_per_address "connections-per-address" = 1_000, "The same from one address, loopback apart";
    head_seconds "head-seconds" = 10, "Seconds for the head of a request, from its first byte to its last";
    idle_seconds "idle-seconds" = 75, "Seconds between two requests on one connection";
    body_seconds "body-seconds" = 30, "Seconds for the body of a request, all of it";
    write_seconds "write-seconds" = 30, "Seconds without a byte taken, while there is something to send";
    leave_seconds "leave-seconds" = 0, "Seconds that /readyz says so before the node stops: what a balancer takes to notice";
    drain_seconds "drain-seconds" = 8, "Seconds for requests under way, once the node stops";
}

/// Limits that mean something when nothing is left of them.
const MAY_BE_ZERO: [&str; 15] = [
    "directives",
    "aliases",
    "assumed-page",
    "introspection-lists",
    "fragments",
    "variables",
    "variables-bytes",
    "variables-nesting",
    "conflicts",
    "executions-waiting",
    "memory-mib",
    "socket-silence-seconds",
    "heartbeat-seconds",
    "leave-seconds",
    "drain-seconds",
];
/// Levels of brackets that the parser is known to survive.
const NESTING_MAX: u64 = 64;

impl Limits {
    /// Sets one: `depth=30`.
    ///
    /// # Errors
    /// There is no such limit, or that is no number; in one line.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let (name, number) = text.split_once('=').ok_or("a limit is NAME=NUMBER")?;
        let name = name.trim();
        let slot = self.slot(name).ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|entry| entry.name).collect();
            format!("there is no limit {name:?}; the limits are {}", names.join(", "))
        })?;
        let number =
            number.trim().parse().map_err(|_| format!("{name} is a whole number, not {number:?}"))?;
        if number == 0 && !MAY_BE_ZERO.contains(&name) {
            return Err(format!("{name} is at least 1: with 0 nobody would be answered"));
        }
        if name == "nesting" && number > NESTING_MAX {
            return Err(format!("nesting is at most {NESTING_MAX}, which is what the parser's stack bears"));
        }
        *slot = number;
        Ok(())
    }
}

/// What `--help` says of them.
#[must_use]
pub fn help() -> String {
    let mut text = "Limits (--limit NAME=NUMBER; repeatable), with their defaults:\n".to_owned();
    for Entry { name, default, says } in ALL {
        let setting = format!("{name}={default}");
        let _ = writeln!(text, "  {setting:<28} {says}");
    }
    text
}

/// A limit that counts things.
#[must_use]
pub fn size(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// A limit in seconds. What is further away than a timer reaches is a year.
#[must_use]
pub fn seconds(limit: u64) -> Duration {
    Duration::from_secs(limit.min(365 * 24 * 60 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_limit_of_its_own() {
        let mut all = std::collections::HashSet::new();
        for Entry { name, default, .. } in ALL {
            let mut limits = Limits::default();
            assert_eq!(limits.slot(name).copied(), Some(*default), "{name}");
            let other = if *name == "nesting" { 33 } else { 123_456 };
            limits.set(&format!("{name}={other}")).unwrap_or_else(|why| panic!("{why}"));
            assert!(all.insert(format!("{limits:?}")), "{name} sets what another does");
            assert!(help().contains(&format!("{name}={default}")));
        }
    }

    #[test]
    fn what_is_no_limit_is_told() {
        for text in
            ["depth", "depth=", "depth=-1", "depth=many", "depth=0", "nesting=65", "nothing=1", "=", ""]
        {
            assert!(Limits::default().set(text).is_err(), "{text}");
        }
    }
}
