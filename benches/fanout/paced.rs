//! Events at a pace: how long from the commit to the receipt, and whether all arrive.

use std::thread;
use std::time::{Duration, Instant};

use super::crowd::Receipt;
use super::machine;
use super::subject::Subject;
use super::wire::Transport;

/// What came of it.
pub struct Outcome {
    pub per_second: f64,
    pub readers: usize,
    pub published: u64,
    pub delivered: u64,
    /// From the time that the event bears, which is before its commit: median and 99th percentile, in ms.
    pub from_event: (f64, f64),
    /// From its acknowledgement, where one writer makes them all.
    pub from_ack: Option<(f64, f64)>,
    /// Of its core, how much the server used.
    pub busy: f64,
    /// Deliveries per read of a reader.
    pub coalesced: f64,
}

/// Events that are to come.
#[derive(Clone, Copy)]
pub struct Load {
    pub per_second: u32,
    pub lasting: Duration,
    /// Comments that one moderator approves at once; 1: people post them, and each is shown at once.
    pub together: u32,
}

impl Load {
    /// Those of one connection after the other: nobody has to post more than 75 a second.
    pub fn writers(self) -> u32 {
        if self.together > 1 { 1 } else { (self.per_second / 75).clamp(1, 8) }
    }

    /// Requests of each writer.
    pub fn requests(self) -> u32 {
        let seconds = u32::try_from(self.lasting.as_secs()).unwrap_or(u32::MAX);
        self.per_second * seconds / self.writers() / self.together
    }
}

/// Makes so many events a second, and follows them.
pub fn run(subject: &dyn Subject, transport: Transport, readers: usize, load: Load) -> Outcome {
    let mut crowd = subject.crowd(transport, readers);
    crowd.warm_up(|| subject.publisher(&[], 99).publish());
    let (writers, each, lasting) = (load.writers(), load.requests(), load.lasting);
    let published = u64::from(each) * u64::from(writers) * u64::from(load.together);
    let mut publishers = subject.writers(load);
    crowd.receipts = Some(Vec::with_capacity(usize::try_from(published).unwrap_or(0) * readers));
    crowd.expect(published);
    (crowd.bytes, crowd.reads) = (0, 0);
    let gap = Duration::from_secs(u64::from(writers * load.together)) / load.per_second;
    let (cpu, start) = (machine::cpu(subject.pid()), Instant::now());
    let writing: Vec<_> = (0..writers)
        .map(|number| {
            let mut publisher = publishers.remove(0);
            thread::spawn(move || {
                let mut acknowledged = Vec::new();
                for event in 0..each {
                    let due = start + gap * event + gap / writers * number;
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    publisher.publish();
                    acknowledged.push(machine::now_micros());
                }
                (acknowledged, start.elapsed())
            })
        })
        .collect();
    // What does not arrive in time is told as missing.
    let _ = crowd.all_within(lasting * 3 + Duration::from_secs(10));
    let delivered = crowd.received();
    let elapsed = start.elapsed();
    let cpu = machine::cpu(subject.pid()).saturating_sub(cpu);
    let written: Vec<_> = writing.into_iter().map(|writer| writer.join().expect("a writer writes")).collect();
    let took = written.iter().map(|(_, took)| *took).max().unwrap_or(elapsed);
    let receipts = crowd.receipts.take().unwrap_or_default();
    let first = receipts.first().map_or(0, |receipt| receipt.sequence);
    let from_ack = (writers == 1).then(|| {
        let acknowledged = &written[0].0;
        percentiles(&receipts, |receipt| {
            let index = usize::try_from(receipt.sequence - first).unwrap_or(0) / load.together as usize;
            acknowledged.get(index).map_or(0, |at| (receipt.received_micros - at).max(0))
        })
    });
    Outcome {
        per_second: published as f64 / took.as_secs_f64(),
        readers,
        published,
        delivered,
        from_event: percentiles(&receipts, |receipt| receipt.received_micros - receipt.at_micros),
        from_ack,
        busy: cpu.as_secs_f64() / elapsed.as_secs_f64(),
        coalesced: delivered as f64 / crowd.reads.max(1) as f64,
    }
}

/// Median and 99th percentile, from microseconds to milliseconds.
fn percentiles(receipts: &[Receipt], latency: impl Fn(&Receipt) -> i64) -> (f64, f64) {
    let mut all: Vec<i64> = receipts.iter().map(latency).collect();
    all.sort_unstable();
    let at =
        |share: f64| all.get((all.len() as f64 * share) as usize).map_or(f64::NAN, |us| *us as f64 / 1e3);
    (at(0.5), at(0.99))
}
