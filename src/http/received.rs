//! What a client sends along with a request, read whole: within its bounds, in time, and where there is room for it.

use std::io::{Error, ErrorKind};
use std::net::IpAddr;

use axum::body::Body;
use futures_util::StreamExt;

use crate::graphql::{Load, Room};

/// A body, and the room that it takes.
pub struct Received {
    bytes: Vec<u8>,
    room: Room,
}

/// Why there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unread {
    /// It has more bytes than it may.
    TooLarge,
    /// There is no room for it at present.
    NoRoom,
    /// It did not come in time.
    Late,
    /// It broke off.
    Broken,
}

impl Received {
    /// Nothing yet, from an address.
    pub fn from(address: IpAddr) -> Self {
        Self { bytes: Vec::new(), room: Room::new(address) }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes a piece in.
    ///
    /// # Errors
    /// [`Unread::TooLarge`] or [`Unread::NoRoom`].
    pub fn push(&mut self, piece: &[u8], max: usize, load: &Load) -> Result<(), Unread> {
        let bytes = self.bytes.len() + piece.len();
        if bytes > max {
            return Err(Unread::TooLarge);
        }
        if !self.room.fits(bytes, load) {
            return Err(Unread::NoRoom);
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

/// Reads a body of at most `max` bytes that comes from an address.
///
/// # Errors
/// [`Unread`].
pub async fn receive(body: Body, from: IpAddr, max: usize, load: &Load) -> Result<Received, Unread> {
    if http_body::Body::size_hint(&body).lower() > max as u64 {
        return Err(Unread::TooLarge);
    }
    let (mut received, mut pieces) = (Received::from(from), body.into_data_stream());
    while let Some(piece) = pieces.next().await {
        received.push(&piece.map_err(|error| why(&error))?, max, load)?;
    }
    Ok(received)
}

fn why(error: &axum::Error) -> Unread {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let mut causes = causes.filter_map(|cause| cause.downcast_ref::<Error>());
    if causes.any(|cause| cause.kind() == ErrorKind::TimedOut) { Unread::Late } else { Unread::Broken }
}
