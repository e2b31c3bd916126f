//! What every bus promises, over each implementation; then what only Redis can do to one.
//!
//! Nothing here sleeps to let something happen: a test waits for the notice, or for the counter, that says
//! so. A bus may lose and repeat, so a test first makes sure that a follow has taken effect (`tune_in`), and
//! shows silence by what does arrive (`fence`).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rstest::rstest;
use talkback::bus::{BusError, CAPACITY, EventBus, Hint, LocalBus, Notice, Notices, RedisBus, Topic};
use talkback::domain::ids::ArticleId;
use tokio::time::timeout;
use uuid::Uuid;

use self::redis_process::RedisProcess;

const DEADLINE: Duration = Duration::from_secs(10);
/// Marks hints that only find out whether a topic is followed yet.
const PROBE: i64 = 0;
const FENCE: Topic = Topic::Article(ArticleId(Uuid::max()));

fn article(number: u128) -> Topic {
    Topic::Article(ArticleId(Uuid::from_u128(number)))
}

struct Node {
    bus: Arc<dyn EventBus>,
    notices: Notices,
    fences: i64,
}

impl Node {
    fn new<B: EventBus>((bus, notices): (Arc<B>, Notices)) -> Self {
        Self { bus, notices, fences: 0 }
    }

    fn publish(&self, topic: Topic, sequence: i64) {
        self.bus.publish(Hint { topic, sequence });
    }

    async fn next(&mut self) -> Notice {
        loop {
            let notice = timeout(DEADLINE, self.notices.recv()).await.expect("a notice in time");
            match notice.expect("a bus that is still there") {
                Notice::Hint(Hint { sequence: PROBE, .. }) => {}
                notice => return notice,
            }
        }
    }

    /// Reads up to and including the hint; returns what came before it.
    async fn until(&mut self, topic: Topic, sequence: i64) -> Vec<Notice> {
        let mut before = Vec::new();
        loop {
            match self.next().await {
                Notice::Hint(hint) if hint == (Hint { topic, sequence }) => return before,
                other => before.push(other),
            }
        }
    }

    async fn until_gap(&mut self) {
        while self.next().await != Notice::Gap {}
    }

    /// Follows all of `topics` (and the fence) and waits until what `other` publishes there arrives.
    async fn tune_in(&mut self, other: &Node, topics: &[Topic]) {
        let started = Instant::now();
        let mut silent: HashSet<Topic> = topics.iter().copied().chain([FENCE]).collect();
        for &topic in &silent {
            self.bus.follow(topic);
        }
        while !silent.is_empty() {
            assert!(started.elapsed() < DEADLINE, "{} topics stay silent", silent.len());
            // Fewer at a time than a queue holds: nobody reads while they are published.
            for &topic in silent.iter().take(CAPACITY / 2) {
                other.publish(topic, PROBE);
            }
            while let Ok(notice) = timeout(Duration::from_millis(20), self.notices.recv()).await {
                match notice.expect("a bus that is still there") {
                    Notice::Hint(hint) => {
                        assert_eq!(
                            hint.sequence, PROBE,
                            "a test that tunes in before reading what it waits for"
                        );
                        silent.remove(&hint.topic);
                    }
                    Notice::Gap => {}
                }
            }
        }
    }

    /// Everything that arrives from what `other`, to which this node is tuned in, has published so far. Hints
    /// that leave together may change places, so one fence could overtake them; the second leaves after them.
    async fn everything_from(&mut self, other: &Node) -> Vec<Notice> {
        let mut arrived = Vec::new();
        for _ in 0..2 {
            self.fences += 1;
            other.publish(FENCE, self.fences);
            arrived.extend(self.until(FENCE, self.fences).await);
        }
        arrived
    }
}

/// Waits for something that shows in no notice.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < DEADLINE, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Local,
    Redis,
}

/// Two nodes on one bus, and what keeps it running.
async fn two_nodes(kind: Kind) -> (Node, Node, Option<RedisProcess>) {
    match kind {
        Kind::Local => {
            let (bus, notices) = LocalBus::new();
            let b = Node::new(bus.endpoint());
            (Node::new((bus, notices)), b, None)
        }
        Kind::Redis => {
            let (a, b, redis) = two_nodes_on_redis().await;
            (a, b, Some(redis))
        }
    }
}

async fn two_nodes_on_redis() -> (Node, Node, RedisProcess) {
    let redis = RedisProcess::start();
    (on_redis(&redis).await, on_redis(&redis).await, redis)
}

async fn on_redis(redis: &RedisProcess) -> Node {
    Node::new(RedisBus::connect(&redis.url(), "talkback").await.expect("a bus"))
}

#[rstest]
#[tokio::test]
async fn a_hint_reaches_every_follower_the_publisher_included(
    #[values(Kind::Local, Kind::Redis)] kind: Kind,
) {
    let (mut a, mut b, _redis) = two_nodes(kind).await;
    let topics = [article(1), Topic::Moderation];
    a.tune_in(&b, &topics).await;
    b.tune_in(&a, &topics).await;
    for topic in topics {
        a.publish(topic, 1);
        a.until(topic, 1).await;
        b.until(topic, 1).await;
        b.publish(topic, 2);
        b.until(topic, 2).await;
        a.until(topic, 2).await;
    }
    assert!(a.bus.is_connected() && b.bus.is_connected());
}

#[rstest]
#[tokio::test]
async fn what_a_node_does_not_follow_does_not_reach_it(#[values(Kind::Local, Kind::Redis)] kind: Kind) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    b.tune_in(&a, &[article(1)]).await;
    a.publish(article(2), 5);
    a.publish(Topic::Moderation, 6);
    assert_eq!(b.everything_from(&a).await, []);
}

#[rstest]
#[tokio::test]
async fn after_unfollowing_there_is_silence_until_following_again(
    #[values(Kind::Local, Kind::Redis)] kind: Kind,
) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    b.tune_in(&a, &[article(1)]).await;
    b.bus.unfollow(article(1));
    b.bus.unfollow(article(1));
    a.publish(article(1), 1);
    assert_eq!(b.everything_from(&a).await, []);
    b.tune_in(&a, &[article(1)]).await;
    a.publish(article(1), 2);
    b.until(article(1), 2).await;
}

#[rstest]
#[tokio::test]
async fn following_twice_is_following_once(#[values(Kind::Local, Kind::Redis)] kind: Kind) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    b.tune_in(&a, &[article(1)]).await;
    b.tune_in(&a, &[article(1)]).await;
    a.publish(article(1), 1);
    let once = Notice::Hint(Hint { topic: article(1), sequence: 1 });
    assert_eq!(b.everything_from(&a).await, [once]);
    b.bus.unfollow(article(1));
    a.publish(article(1), 2);
    assert_eq!(b.everything_from(&a).await, []);
}

#[rstest]
#[tokio::test]
async fn thousands_of_topics_are_followed_at_once(#[values(Kind::Local, Kind::Redis)] kind: Kind) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    let topics: Vec<Topic> = (1..=2_000).map(article).collect();
    let started = Instant::now();
    for &topic in &topics {
        b.bus.follow(topic);
    }
    assert!(started.elapsed() < Duration::from_millis(300), "following waits: {:?}", started.elapsed());
    b.tune_in(&a, &topics).await;
    for &topic in &topics {
        b.bus.unfollow(topic);
    }
    a.publish(article(1_000), 1);
    assert_eq!(b.everything_from(&a).await, []);
}

#[rstest]
#[tokio::test]
async fn a_node_that_cannot_keep_up_gets_one_gap_and_holds_no_more_than_its_queue(
    #[values(Kind::Local, Kind::Redis)] kind: Kind,
) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    let topics: Vec<Topic> = (1..=3 * CAPACITY as u128).map(article).collect();
    b.tune_in(&a, &topics).await;
    b.everything_from(&a).await;
    let before = b.bus.stats();

    for &topic in &topics {
        a.publish(topic, 1);
    }
    eventually("the flood has arrived", || {
        let now = b.bus.stats();
        now.received - before.received + now.dropped - before.dropped >= topics.len() as u64
    })
    .await;

    let now = b.bus.stats();
    assert_eq!(now.received - before.received, CAPACITY as u64);
    assert_eq!(now.gaps - before.gaps, 1);
    assert_eq!(b.next().await, Notice::Gap);
    // The gap stood for all of them; from here on hints flow again.
    assert_eq!(b.everything_from(&a).await, []);
    a.publish(article(1), 2);
    b.until(article(1), 2).await;
}

#[rstest]
#[tokio::test]
async fn a_dropped_bus_ends_its_notices_and_leaves_the_others_alone(
    #[values(Kind::Local, Kind::Redis)] kind: Kind,
) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    b.tune_in(&a, &[article(1)]).await;
    let Node { bus, mut notices, .. } = a;
    bus.publish(Hint { topic: article(1), sequence: 7 });
    drop(bus);
    assert_eq!(timeout(DEADLINE, notices.recv()).await, Ok(None));
    // What was published before still went out.
    b.until(article(1), 7).await;
    b.publish(article(1), 8);
    b.until(article(1), 8).await;
}

#[tokio::test]
async fn a_killed_redis_delays_no_write_and_comes_back_with_a_gap() {
    let (mut a, mut b, mut redis) = two_nodes_on_redis().await;
    a.tune_in(&b, &[article(1)]).await;
    b.tune_in(&a, &[article(1)]).await;

    redis.kill();
    let started = Instant::now();
    for sequence in 1..=100 {
        a.publish(article(1), sequence);
    }
    assert!(started.elapsed() < Duration::from_millis(300), "publishing waits: {:?}", started.elapsed());
    // A node hears itself without Redis.
    a.until(article(1), 100).await;
    eventually("the outage is noticed", || !a.bus.is_connected() && !b.bus.is_connected()).await;
    // Long enough for the pauses between attempts to have grown to their longest.
    let failures = b.bus.stats().failures;
    eventually("the node keeps trying", || b.bus.stats().failures >= failures + 7).await;
    b.bus.follow(article(2));

    redis.restart();
    let started = Instant::now();
    b.until_gap().await;
    // What was not followed before the outage is, too, and everything else still is.
    a.publish(article(1), 101);
    a.publish(article(2), 1);
    b.until(article(2), 1).await;
    a.publish(article(1), 102);
    b.until(article(1), 102).await;
    assert!(started.elapsed() < Duration::from_secs(3), "back after {:?}", started.elapsed());
    assert!(a.bus.is_connected() && b.bus.is_connected());
}

#[tokio::test]
async fn a_killed_subscriber_connection_is_replaced_with_a_gap() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[article(1)]).await;
    for sequence in 1..=3 {
        redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
        let started = Instant::now();
        b.until_gap().await;
        assert!(started.elapsed() < Duration::from_secs(3), "back after {:?}", started.elapsed());
        a.publish(article(1), sequence);
        assert_eq!(b.until(article(1), sequence).await, []);
    }
}

#[tokio::test]
async fn a_killed_publisher_connection_loses_no_hint() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[article(1)]).await;
    for sequence in 1..=3 {
        redis.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        a.publish(article(1), sequence);
        b.until(article(1), sequence).await;
    }
}

#[tokio::test]
async fn a_short_pause_of_redis_delays_hints_and_no_write() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[article(1)]).await;
    redis.command(&["CLIENT", "PAUSE", "700", "ALL"]).await;
    let started = Instant::now();
    a.publish(article(1), 1);
    assert!(started.elapsed() < Duration::from_millis(300), "publishing waits: {:?}", started.elapsed());
    assert_eq!(b.until(article(1), 1).await, []);
    assert!(b.bus.is_connected(), "a pause shorter than the patience of a PING is no outage");
}

#[tokio::test]
async fn a_redis_that_hangs_is_noticed_and_comes_back_with_a_gap() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[article(1)]).await;
    redis.signal("STOP");
    eventually("a server that answers nothing is noticed", || !b.bus.is_connected()).await;
    a.publish(article(1), 1);
    redis.signal("CONT");
    let started = Instant::now();
    b.until_gap().await;
    a.publish(article(1), 2);
    b.until(article(1), 2).await;
    assert!(started.elapsed() < Duration::from_secs(3), "back after {:?}", started.elapsed());
}

#[tokio::test]
async fn dropping_the_bus_during_an_outage_leaves_nothing_behind() {
    let (a, b, mut redis) = two_nodes_on_redis().await;
    redis.kill();
    eventually("the outage is noticed", || !a.bus.is_connected()).await;
    let Node { bus, mut notices, .. } = a;
    bus.publish(Hint { topic: article(1), sequence: 1 });
    drop(bus);
    assert_eq!(timeout(DEADLINE, notices.recv()).await, Ok(None));

    redis.restart();
    eventually("the other node is back", || b.bus.is_connected()).await;
    let connections = || async { redis.command(&["CLIENT", "LIST"]).await.lines().count() };
    assert_eq!(connections().await, 3, "two of the node that is left, and the one that asks");
    drop(b);
    let started = Instant::now();
    while connections().await > 1 {
        assert!(started.elapsed() < DEADLINE, "connections stay open");
    }
}

#[tokio::test]
async fn messages_that_are_no_hints_are_ignored() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[Topic::Moderation]).await;
    for payload in ["", "what?", "1.5", "99999999999999999999"] {
        redis.command(&["PUBLISH", "talkback:moderation", payload]).await;
    }
    redis.command(&["PUBLISH", "talkback:moderation", "5"]).await;
    assert_eq!(b.until(Topic::Moderation, 5).await, []);
}

#[tokio::test]
async fn buses_with_different_prefixes_do_not_hear_each_other() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    let stranger = Node::new(RedisBus::connect(&redis.url(), "elsewhere").await.expect("a bus"));
    let mut witness = Node::new(RedisBus::connect(&redis.url(), "elsewhere").await.expect("a bus"));
    b.tune_in(&a, &[article(1)]).await;
    witness.tune_in(&stranger, &[article(1)]).await;
    stranger.publish(article(1), 1);
    witness.until(article(1), 1).await;
    assert_eq!(b.everything_from(&a).await, []);
}

async fn refused(url: &str) -> BusError {
    let started = Instant::now();
    let error = RedisBus::connect(url, "talkback").await.map(drop).expect_err("a refusal");
    assert!(started.elapsed() < Duration::from_secs(5), "{error} took {:?}", started.elapsed());
    let text = error.to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!format!("{text} {error:?}").contains("hunter2"), "{text}");
    error
}

#[tokio::test]
async fn a_start_without_redis_fails_with_one_line() {
    let mut redis = RedisProcess::start();
    redis.kill();
    let error = refused(&redis.url()).await;
    assert!(matches!(error, BusError::Unreachable { .. }), "{error:?}");

    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let error = refused(&format!("redis://:hunter2@{address}")).await;
    assert!(matches!(error, BusError::Unreachable { .. }), "{error:?}");

    for url in
        ["redis://:hunter2@", "http://:hunter2@localhost", "redis://:hunter2@127.0.0.1/seven", "hunter2"]
    {
        let error = refused(url).await;
        assert!(matches!(error, BusError::Url { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_start_that_redis_refuses_fails_with_one_line() {
    let redis = RedisProcess::start();
    let url = |login: &str| redis.url().replace("redis://", &format!("redis://{login}@"));
    redis.command(&["ACL", "SETUSER", "bus", "on", ">right", "+@all", "&talkback:*"]).await;
    redis.command(&["ACL", "SETUSER", "outsider", "on", ">hunter2", "+@all", "resetchannels"]).await;
    redis.command(&["CONFIG", "SET", "requirepass", "right"]).await;

    for login in ["", "bus:hunter2", "outsider:hunter2"] {
        let error = refused(&url(login).replace("//@", "//")).await;
        assert!(matches!(error, BusError::Refused { .. }), "{login}: {error:?}");
    }
    let mut a = Node::new(RedisBus::connect(&url("bus:right"), "talkback").await.expect("a bus"));
    let b = Node::new(RedisBus::connect(&url(":right"), "talkback").await.expect("a bus"));
    a.tune_in(&b, &[article(1)]).await;
}

/// A Redis of one's own, on a port of its own.
pub mod redis_process {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::process::{Child, Command, Stdio};

    use tempfile::TempDir;

    pub struct RedisProcess {
        port: u16,
        folder: TempDir,
        server: Option<Child>,
    }

    impl RedisProcess {
        /// Starts a server and waits until it accepts connections.
        pub fn start() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            // Between asking for a free port and using it, another test may take it.
            for _ in 0..10 {
                let port = TcpListener::bind("127.0.0.1:0")
                    .and_then(|listener| listener.local_addr())
                    .expect("a free port")
                    .port();
                if let Some(server) = launch(port, &folder) {
                    return Self { port, folder, server: Some(server) };
                }
            }
            panic!("redis-server found no port that stayed free");
        }

        pub fn url(&self) -> String {
            format!("redis://127.0.0.1:{}", self.port)
        }

        /// As `kill -9` does it.
        pub fn kill(&mut self) {
            if let Some(mut server) = self.server.take() {
                server.kill().expect("a server to kill");
                server.wait().expect("its end");
            }
        }

        /// On the same port, after [`RedisProcess::kill`].
        pub fn restart(&mut self) {
            self.server = Some(launch(self.port, &self.folder).expect("a server on the same port"));
        }

        /// STOP makes the server hang, CONT lets it go on.
        pub fn signal(&self, name: &str) {
            let pid = self.server.as_ref().expect("a running server").id();
            let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status();
            assert!(status.expect("kill").success());
        }

        /// What an operator types; the answer as text.
        pub async fn command(&self, words: &[&str]) -> String {
            let client = redis::Client::open(self.url()).expect("a client");
            let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
            let mut command = redis::cmd(words[0]);
            command.arg(&words[1..]);
            let answer: redis::Value = command.query_async(&mut connection).await.expect("an answer");
            match answer {
                redis::Value::BulkString(text) => String::from_utf8(text).expect("text"),
                redis::Value::VerbatimString { text, .. } => text,
                other => format!("{other:?}"),
            }
        }
    }

    impl Drop for RedisProcess {
        fn drop(&mut self) {
            self.kill();
        }
    }

    /// `None` when the server gave up, which on an empty folder means that the port is taken.
    fn launch(port: u16, folder: &TempDir) -> Option<Child> {
        let mut server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
            .arg(port.to_string())
            .arg("--dir")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server, which these tests need installed");
        let mut log = BufReader::new(server.stdout.take().expect("its log"));
        let mut line = String::new();
        while log.read_line(&mut line).is_ok_and(|length| length > 0) {
            if line.contains("Ready to accept connections") {
                // Read to the end by a thread, or the server would block on a full pipe.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Some(server);
            }
            line.clear();
        }
        server.wait().expect("its end");
        None
    }
}
