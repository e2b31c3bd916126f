//! How fast a client may speak. Pings and refusals cost nothing by any rate, so that what may be said in a second is
//! bounded: who has said so much is not listened to until the next.

use std::time::Duration;

use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// What was heard in this second. See the module.
#[derive(Debug)]
pub struct Speech {
    began: Instant,
    heard: u64,
    most: u64,
}

impl Speech {
    /// Nothing was said yet; `most` frames may be in a second.
    pub fn new(now: Instant, most: u64) -> Self {
        Self { began: now, heard: 0, most: most.max(1) }
    }

    /// A frame was heard.
    pub fn hear(&mut self, now: Instant) {
        if now.duration_since(self.began) >= SECOND {
            (self.began, self.heard) = (now, 0);
        }
        self.heard += 1;
    }

    /// Until when nothing is listened to.
    pub fn waits_until(&self, now: Instant) -> Option<Instant> {
        let ends = self.began + SECOND;
        (self.heard >= self.most && now < ends).then_some(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_said_enough_waits_for_the_next_second() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut speech = Speech::new(start, 2);
        speech.hear(at(0));
        assert_eq!(speech.waits_until(at(1)), None);
        speech.hear(at(10));
        assert_eq!(speech.waits_until(at(11)), Some(at(1_000)));
        assert_eq!(speech.waits_until(at(1_000)), None);
        speech.hear(at(1_500));
        assert_eq!(speech.waits_until(at(1_600)), None, "a new second began with it");
    }
}
