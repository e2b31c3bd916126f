//! Readers by the thousand on one thread: sockets, an epoll, and counts.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use serde_json::Value;

use super::machine::now_micros;
use super::wire::{self, Piece, Transport};

/// Every so many readers one has its cursors checked when time is what is measured.
const SAMPLE: usize = 16;

/// See the module.
pub struct Crowd {
    transport: Transport,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    readers: Vec<Reader>,
    buffer: Vec<u8>,
    /// Events that each reader should have by now, and how many readers don't.
    target: u64,
    behind: usize,
    /// The first reader's last event, as it came over the wire.
    pub last: Vec<u8>,
    /// Bytes received, and reads that they took.
    pub bytes: u64,
    pub reads: u64,
    /// Where receipts are noted: the sequence, its time, and the microseconds between the two.
    pub receipts: Option<Vec<Receipt>>,
}

/// One delivery.
#[derive(Clone, Copy)]
pub struct Receipt {
    pub sequence: i64,
    pub at_micros: i64,
    pub received_micros: i64,
}

struct Reader {
    stream: TcpStream,
    rest: Vec<u8>,
    received: u64,
    sequence: Option<i64>,
}

impl Crowd {
    /// So many readers of the same operation.
    pub fn gather(port: u16, transport: Transport, operation: &Value, readers: usize) -> Self {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("an epoll can be made");
        let reader = |number: usize| {
            let stream = wire::subscribe(port, transport, operation, number);
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN).expect("a socket can be watched");
            Reader { stream, rest: Vec::new(), received: 0, sequence: None }
        };
        let readers: Vec<_> = (0..readers).map(reader).collect();
        Self {
            transport,
            events: Vec::with_capacity(256),
            behind: 0,
            target: 0,
            epoll,
            readers,
            buffer: vec![0; 256 * 1024],
            last: Vec::new(),
            bytes: 0,
            reads: 0,
            receipts: None,
        }
    }

    pub fn len(&self) -> usize {
        self.readers.len()
    }

    /// Publishes until every reader has had something, then waits until all that is on its way is there. What is
    /// checked for order begins after it.
    pub fn warm_up(&mut self, mut publish: impl FnMut()) {
        let mut published = 0;
        self.expect(1);
        while !self.all_within(Duration::from_secs(1)) {
            published += 1;
            assert!(published < 60, "{} readers get nothing", self.behind);
            publish();
        }
        while self.pump(Duration::from_millis(300)) {}
        for reader in &mut self.readers {
            reader.received = 0;
            reader.sequence = None;
        }
        self.expect(0);
    }

    /// From now on every reader should have this many events.
    pub fn expect(&mut self, target: u64) {
        self.target = target;
        self.behind = self.readers.iter().filter(|reader| reader.received < target).count();
    }

    /// One event more than before.
    pub fn expect_another(&mut self) {
        self.target += 1;
        // Between two events of a closed loop nobody is ahead: a reader is either there or one behind.
        let target = self.target;
        self.behind = self.readers.iter().filter(|reader| reader.received < target).count();
    }

    /// Reads until every reader has what it should, within a limit.
    pub fn all_within(&mut self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while self.behind > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.pump(left);
        }
        true
    }

    /// Reads what is there, waiting for the first of it; `false`: nothing came.
    pub fn pump(&mut self, limit: Duration) -> bool {
        let limit = Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: limit.subsec_nanos().into() };
        let mut events = std::mem::take(&mut self.events);
        epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&limit)).expect("an epoll can be awaited");
        let some = !events.is_empty();
        for event in events.drain(..) {
            self.read(usize::try_from(event.data.u64()).unwrap_or(usize::MAX));
        }
        self.events = events;
        some
    }

    fn read(&mut self, number: usize) {
        let reader = &mut self.readers[number];
        let kept = reader.rest.len();
        self.buffer[..kept].copy_from_slice(&reader.rest);
        reader.rest.clear();
        let read = match reader.stream.read(&mut self.buffer[kept..]) {
            Ok(0) => panic!("reader {number} is cut off"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => panic!("reader {number} is cut off: {error}"),
        };
        self.bytes += read as u64;
        self.reads += 1;
        let received_micros = if self.receipts.is_some() { now_micros() } else { 0 };
        let mut bytes = &self.buffer[..kept + read];
        while let Some((piece, length)) = wire::piece(self.transport, bytes) {
            let (count, events) = match piece {
                Piece::Event(event) => (1, event),
                Piece::Events(count, events) => (count as u64, events),
                Piece::Ping => {
                    let _ = reader.stream.write(&wire::masked(0xa, &[]));
                    (0, &bytes[..0])
                }
                Piece::Other => (0, &bytes[..0]),
                Piece::End => panic!("reader {number} is sent away"),
            };
            if count > 0 {
                let before = reader.received;
                reader.received += count;
                self.behind -= usize::from(before < self.target && reader.received >= self.target);
                if number == 0 {
                    self.last.clear();
                    self.last.extend_from_slice(events);
                }
                if self.receipts.is_some() || number.is_multiple_of(SAMPLE) {
                    for (sequence, at_micros) in wire::cursors(events) {
                        let expected = reader.sequence.map_or(sequence, |last| last + 1);
                        assert_eq!(sequence, expected, "reader {number} has a gap or a repetition");
                        reader.sequence = Some(sequence);
                        if let Some(receipts) = &mut self.receipts {
                            receipts.push(Receipt { sequence, at_micros, received_micros });
                        }
                    }
                }
            }
            bytes = &bytes[length..];
        }
        reader.rest.extend_from_slice(bytes);
    }

    /// Events that all readers together have.
    pub fn received(&self) -> u64 {
        self.readers.iter().map(|reader| reader.received).sum()
    }
}
