//! A TCP proxy that plays a bad network: it cuts, stalls, delays and throttles what passes between two ports.
//!
//! It holds at most 256 KiB per direction of a connection. When those are full it stops reading, so the sender feels the same
//! back-pressure as from a real slow peer.
//!
//! ```ignore
//! let network = Proxy::before(node.port()).await;
//! let reader = world.anyone().at(network.http_url());
//! network.stall(); // the reader's connections stay open, and nothing moves
//! ```

mod pipe;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// The weather, as it is now. A change reaches open connections at once.
#[derive(Clone, Copy, Debug)]
struct Weather {
    target: SocketAddr,
    stalled: bool,
    refusing: bool,
    delay: Duration,
    bytes_per_second: Option<u32>,
    /// Rises with each cut: a connection that was accepted under a smaller number ends.
    cuts: u64,
    /// The same for connections in which nothing moves any more.
    strandings: u64,
}

#[derive(Default)]
struct Counters {
    up: AtomicU64,
    down: AtomicU64,
    open: AtomicUsize,
    accepted: AtomicU64,
    /// Bytes towards clients until the next cut; negative when no such cut is due.
    fuse: AtomicI64,
}

/// Dropping it closes its port and its connections.
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    counters: Arc<Counters>,
    acceptor: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 and forwards to that port of 127.0.0.1.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (weather, _) = watch::channel(Weather {
            target: (Ipv4Addr::LOCALHOST, port).into(),
            stalled: false,
            refusing: false,
            delay: Duration::ZERO,
            bytes_per_second: None,
            cuts: 0,
            strandings: 0,
        });
        let counters = Arc::new(Counters { fuse: AtomicI64::new(-1), ..Counters::default() });
        let acceptor = tokio::spawn({
            let (weather, counters) = (weather.clone(), Arc::clone(&counters));
            async move {
                // Accepting fails only for want of file descriptors: then the test fails on its own deadline.
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(pipe::connection(client, weather.clone(), Arc::clone(&counters)));
                }
            }
        });
        Self { address, weather, counters, acceptor }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:PORT`
    pub fn http_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Resets every open connection. New ones are welcome.
    pub fn cut(&self) {
        self.change(|weather| weather.cuts += 1);
    }

    /// Resets every open connection once so many more bytes have gone to clients: in the middle of a frame, say.
    pub fn cut_after(&self, bytes: u32) {
        assert!(bytes > 0, "to cut now, cut");
        self.counters.fuse.store(i64::from(bytes), Ordering::SeqCst);
    }

    /// Resets every open connection and each new one, until [`resume`](Self::resume).
    pub fn refuse(&self) {
        self.change(|weather| (weather.refusing, weather.cuts) = (true, weather.cuts + 1));
    }

    /// Stops reading and forwarding, both ways: connections stay open and nothing moves, until [`resume`](Self::resume).
    pub fn stall(&self) {
        self.change(|weather| weather.stalled = true);
    }

    /// Nothing moves any more in the connections that are open now, and nobody is told: as when their server lost its power and
    /// another took over its address. New ones are welcome.
    pub fn strand(&self) {
        self.change(|weather| weather.strandings += 1);
    }

    /// Holds what passes for so long, each way. A connection that is faster than its buffer over this delay is throttled too.
    pub fn delay(&self, by: Duration) {
        self.change(|weather| weather.delay = by);
    }

    /// Lets so many bytes a second pass, for each connection and direction.
    pub fn limit(&self, bytes_per_second: u32) {
        assert!(bytes_per_second > 0, "to let nothing pass, stall");
        self.change(|weather| weather.bytes_per_second = Some(bytes_per_second));
    }

    /// Fair weather again. What was held passes now; what was cut stays cut.
    pub fn resume(&self) {
        self.counters.fuse.store(-1, Ordering::SeqCst);
        self.change(|weather| {
            weather.stalled = false;
            weather.refusing = false;
            weather.delay = Duration::ZERO;
            weather.bytes_per_second = None;
        });
    }

    /// Sends new connections to another port: of a node that came back elsewhere, or as a load balancer fails over.
    pub fn retarget(&self, port: u16) {
        self.change(|weather| weather.target.set_port(port));
    }

    /// Bytes forwarded from clients so far.
    pub fn bytes_up(&self) -> u64 {
        self.counters.up.load(Ordering::SeqCst)
    }

    /// Bytes forwarded to clients so far.
    pub fn bytes_down(&self) -> u64 {
        self.counters.down.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.counters.open.load(Ordering::SeqCst)
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> u64 {
        self.counters.accepted.load(Ordering::SeqCst)
    }

    fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.acceptor.abort();
        self.cut();
    }
}
