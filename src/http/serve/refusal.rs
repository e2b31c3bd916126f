//! What a connection too many is told.

use std::net::{IpAddr, Shutdown};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::malformed::last_words;
use crate::complaints::Complaints;
use crate::crowd::Crowded;
use crate::graphql::GraphError;
use crate::metrics;

/// Refusals that are waited for until their client has read them; others are cut.
const AT_ONCE: usize = 64;
/// How long such a client may take.
const WAIT: Duration = Duration::from_secs(2);

/// Refuses, counts how often, and says so in the log now and then.
pub struct Refusals {
    permits: Arc<Semaphore>,
    complaints: Complaints,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), complaints: Complaints::default() }
    }
}

impl Refusals {
    /// Refuses one.
    pub fn refuse(&self, stream: TcpStream, from: IpAddr, why: Crowded, tasks: &TaskTracker) {
        metrics::all().turned_away("connection", why.name());
        if self.complaints.is_due() {
            match why {
                Crowded::All => tracing::warn!("connections are refused: as many are open as there may be"),
                Crowded::Each => {
                    tracing::warn!(%from, "connections are refused: one address has as many as it may");
                }
            }
        }
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            tasks.spawn(async move {
                let _ = tokio::time::timeout(WAIT, tell(stream)).await;
                drop(permit);
            });
        }
    }
}

/// Says that there is no room, and waits until that was read: what is closed with something unread is reset, and
/// the answer lost with it.
async fn tell(stream: TcpStream) -> std::io::Result<()> {
    let error = GraphError::new("OVERLOADED", "Too many connections are open: try again in a moment.");
    let answer = last_words(StatusCode::SERVICE_UNAVAILABLE, "retry-after: 5\r\n", error);
    let mut rest = &answer[..];
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    socket2::SockRef::from(&stream).shutdown(Shutdown::Write)?;
    let mut buffer = [0; 1024];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
