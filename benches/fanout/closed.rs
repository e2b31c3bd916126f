//! The closed loop: the next event is published when every reader has the last one.

use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::machine;
use super::publisher::Publisher;
use super::subject::Subject;
use super::wire::Transport;

const LIMIT: Duration = Duration::from_secs(20);

/// What an event costs with so many readers.
#[derive(Clone, Copy)]
pub struct Cost {
    pub readers: usize,
    /// From one event to the next.
    pub wall: Duration,
    /// Of the server.
    pub cpu: Duration,
}

/// A subject with its readers, between two rounds.
pub struct Stand<'a> {
    subject: &'a dyn Subject,
    crowd: Crowd,
    publisher: Publisher,
    costs: Vec<Cost>,
}

impl<'a> Stand<'a> {
    pub fn prepare(subject: &'a dyn Subject, transport: Transport, readers: usize, sample: &[u8]) -> Self {
        let mut crowd = subject.crowd(transport, readers);
        let mut publisher = subject.publisher(sample, 0);
        crowd.warm_up(|| publisher.publish());
        Self { subject, crowd, publisher, costs: Vec::new() }
    }

    /// An event as it came over the wire.
    pub fn sample(&self) -> Vec<u8> {
        self.crowd.last.clone()
    }

    pub fn round(&mut self, events: u32) {
        let (cpu, start) = (machine::cpu(self.subject.pid()), Instant::now());
        for _ in 0..events {
            self.crowd.expect_another();
            self.publisher.publish();
            assert!(self.crowd.all_within(LIMIT), "an event does not arrive at {}", self.subject.name());
        }
        let (wall, cpu) = (start.elapsed(), machine::cpu(self.subject.pid()).saturating_sub(cpu));
        self.costs.push(Cost { readers: self.crowd.len(), wall: wall / events, cpu: cpu / events });
    }

    /// The median of the rounds, each of wall and of CPU time.
    pub fn cost(&self) -> Cost {
        let median = |of: fn(&Cost) -> Duration| {
            let mut all: Vec<_> = self.costs.iter().map(of).collect();
            all.sort_unstable();
            all[all.len() / 2]
        };
        Cost { readers: self.crowd.len(), wall: median(|cost| cost.wall), cpu: median(|cost| cost.cpu) }
    }
}

/// How many events a round has: long enough to measure, short enough to interleave.
pub fn events(readers: usize, quick: bool) -> u32 {
    let deliveries = if quick { 40_000 } else { 100_000 };
    u32::try_from(deliveries / readers).unwrap_or(u32::MAX).clamp(8, if quick { 150 } else { 400 })
}
