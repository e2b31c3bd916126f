//! The body of a request, read whole within its bounds: as sent, and as unpacked.

use std::io::Read;

use axum::body::Body;
use flate2::bufread::GzDecoder;
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header};

use super::problem::Problem;
use crate::graphql::{GraphError, Load, Room};
use crate::http::negotiate::{self, Encoding};

/// Unpacked in pieces of so many bytes.
const PIECE: usize = 16 * 1024;

/// A body, and the room that it takes.
#[derive(Debug, Default)]
pub struct Held {
    bytes: Vec<u8>,
    room: Room,
}

impl Held {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn push(&mut self, piece: &[u8], max: usize, load: &Load) -> Result<(), Problem> {
        let bytes = self.bytes.len() + piece.len();
        if bytes > max {
            return Err(too_large(max));
        }
        if !self.room.fits(bytes, load) {
            return Err(Problem::later(GraphError::overloaded()));
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

/// Reads it: at most `max` bytes, before and after it is unpacked.
///
/// # Errors
/// Its kind, its size or its pace is not what it should be, or there is no room for it now.
pub async fn read(headers: &HeaderMap, body: Body, max: usize, load: &Load) -> Result<Held, Problem> {
    if !negotiate::is_json(headers) {
        let message = "Send `Content-Type: application/json`, in UTF-8.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let Some(encoding) = negotiate::encoding(headers) else {
        let message = "Send the body as it is, or with `Content-Encoding: gzip`.";
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_ENCODING", message);
        return Err(problem.with(header::ACCEPT_ENCODING, "gzip, identity"));
    };
    let received = receive(body, max, load).await?;
    match encoding {
        Encoding::Identity => Ok(received),
        Encoding::Gzip => unpack(&received.bytes, max, load),
    }
}

async fn receive(body: Body, max: usize, load: &Load) -> Result<Held, Problem> {
    if http_body::Body::size_hint(&body).lower() > max as u64 {
        return Err(too_large(max));
    }
    let (mut held, mut pieces) = (Held::default(), body.into_data_stream());
    while let Some(piece) = pieces.next().await {
        held.push(&piece.map_err(|error| unread(&error))?, max, load)?;
    }
    Ok(held)
}

/// A bomb is given up at the limit: what is beyond it is never made.
fn unpack(packed: &[u8], max: usize, load: &Load) -> Result<Held, Problem> {
    let (mut held, mut unpacking) = (Held::default(), GzDecoder::new(packed));
    let mut piece = vec![0; PIECE];
    loop {
        match unpacking.read(&mut piece) {
            // Nobody packs a request in several members; empty ones without end would be work without output.
            Ok(0) if unpacking.get_ref().is_empty() => return Ok(held),
            Ok(0) => return Err(Problem::bad_request("The body is more than one gzip member.")),
            Ok(length) => held.push(&piece[..length], max, load)?,
            Err(_) => return Err(Problem::bad_request("The body is not well-formed gzip.")),
        }
    }
}

fn too_large(max: usize) -> Problem {
    let message = format!("The request is larger than {} KiB.", max / 1024);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", &message)
}

fn unread(error: &axum::Error) -> Problem {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let late = causes
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::TimedOut);
    if late {
        let message = "The request's body did not come in time.";
        return Problem::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message);
    }
    Problem::bad_request("The request's body could not be read.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use crate::limits::Limits;

    const MAX: usize = 512 * 1024;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    #[test]
    fn what_was_packed_is_unpacked_up_to_the_limit() {
        let load = Load::new(&Limits::default());
        let unpacked = |bytes: &[u8]| {
            unpack(bytes, MAX, &load).map(|held| held.bytes).map_err(|problem| problem.status())
        };
        assert_eq!(unpacked(&packed(b"{}")), Ok(b"{}".to_vec()));
        assert_eq!(unpacked(&packed(&vec![b' '; MAX])).map(|bytes| bytes.len()), Ok(MAX));
        assert_eq!(unpacked(&packed(&vec![b' '; 50 * 1024 * 1024])), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(unpacked(b"{}"), Err(StatusCode::BAD_REQUEST));
        assert_eq!(unpacked(&packed(b"{}")[..12]), Err(StatusCode::BAD_REQUEST), "half of it");
    }

    #[test]
    fn what_is_unpacked_needs_room_as_well() {
        let load = Load::new(&Limits { bodies_kib: 192, ..Limits::default() });
        let (small, large) = (packed(&[b' '; 1_000]), packed(&vec![b' '; 200 * 1024]));
        let held = unpack(&large, MAX, &load).expect("there is room for one");
        assert_eq!(
            unpack(&large, MAX, &load).expect_err("not for two").status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert!(unpack(&small, MAX, &load).is_ok(), "what is small always finds room");
        drop(held);
        assert!(unpack(&large, MAX, &load).is_ok());
    }
}
