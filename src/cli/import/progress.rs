//! How far an import is, for whoever watches: on a terminal, a line that is written over.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use tokio::time::Instant;

/// How often it is written.
const EVERY: Duration = Duration::from_millis(200);
/// Characters of the bar.
const BAR: usize = 24;

/// See the module.
pub struct Progress {
    bytes: Option<u64>,
    is_watched: bool,
    began: Instant,
    told: Option<Instant>,
    /// The line stands there, and would be written over.
    is_open: bool,
}

impl Progress {
    /// Over so many bytes, if that is known. Without a terminal it says nothing.
    pub fn over(bytes: Option<u64>) -> Self {
        let is_watched = std::io::stderr().is_terminal();
        Self { bytes, is_watched, began: Instant::now(), told: None, is_open: false }
    }

    /// Takes note of how far it is: so many lines, up to that byte.
    pub fn at(&mut self, lines: u64, byte: u64) {
        if !self.is_watched || self.told.is_some_and(|told| told.elapsed() < EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        self.is_open = true;
        let shown = shown(lines, byte, self.bytes, self.began.elapsed());
        let mut out = std::io::stderr().lock();
        let _ = write!(out, "\r\x1b[K{shown}").and_then(|()| out.flush());
    }

    /// Takes the line away: something else is to be written.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.is_open) {
            let mut out = std::io::stderr().lock();
            let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
        }
    }
}

fn shown(lines: u64, byte: u64, bytes: Option<u64>, took: Duration) -> String {
    let pace = (lines as f64 / took.as_secs_f64().max(0.001)).round();
    let Some(bytes) = bytes.filter(|bytes| *bytes > 0) else {
        return format!("{lines} lines, {pace} a second");
    };
    let part = (byte as f64 / bytes as f64).clamp(0.0, 1.0);
    let full = (part * BAR as f64) as usize;
    let left = if part > 0.0 { took.as_secs_f64() * (1.0 - part) / part } else { 0.0 };
    let (bar, percent) = ("#".repeat(full) + &".".repeat(BAR - full), (part * 100.0).floor());
    format!("[{bar}] {percent} %, {lines} lines, {pace} a second, {left:.0} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_far_it_is() {
        let after = Duration::from_secs(10);
        assert_eq!(
            shown(1_000, 25, Some(100), after),
            "[######..................] 25 %, 1000 lines, 100 a second, 30 s left"
        );
        assert_eq!(shown(1_000, 25, None, after), "1000 lines, 100 a second");
        assert!(shown(0, 0, Some(0), Duration::ZERO).starts_with("0 lines"));
        assert!(shown(5, 200, Some(100), after).contains("100 %"), "a file that grew");
    }
}
