//! The body of a request, read whole within its bounds: as sent, and as unpacked.

use std::io::Read;
use std::net::IpAddr;

use axum::body::Body;
use flate2::bufread::GzDecoder;
use http::{HeaderMap, StatusCode, header};

use super::problem::Problem;
use crate::graphql::{GraphError, Load};
use crate::http::negotiate::{self, Encoding};
use crate::http::received::{Received, Unread, receive};

/// Unpacked in pieces of so many bytes.
const PIECE: usize = 16 * 1024;

/// Reads what comes from an address: at most `max` bytes, before and after it is unpacked.
///
/// # Errors
/// Its kind, its size or its pace is not what it should be, or there is no room for it now.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    from: IpAddr,
    max: usize,
    load: &Load,
) -> Result<Received, Problem> {
    if !negotiate::is_json(headers) {
        let message = "Send `Content-Type: application/json`, in UTF-8.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let Some(encoding) = negotiate::encoding(headers) else {
        let message = "Send the body as it is, or with `Content-Encoding: gzip`.";
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_ENCODING", message);
        return Err(problem.with(header::ACCEPT_ENCODING, "gzip, identity"));
    };
    let received = receive(body, from, max, load).await.map_err(|unread| problem(unread, max))?;
    match encoding {
        Encoding::Identity => Ok(received),
        Encoding::Gzip => unpack(received.bytes(), from, max, load),
    }
}

/// A bomb is given up at the limit: what is beyond it is never made.
fn unpack(packed: &[u8], from: IpAddr, max: usize, load: &Load) -> Result<Received, Problem> {
    let (mut held, mut unpacking) = (Received::from(from), GzDecoder::new(packed));
    let mut piece = vec![0; PIECE];
    loop {
        match unpacking.read(&mut piece) {
            // Nobody packs a request in several members; empty ones without end would be work without output.
            Ok(0) if unpacking.get_ref().is_empty() => return Ok(held),
            Ok(0) => return Err(Problem::bad_request("The body is more than one gzip member.")),
            Ok(length) => held.push(&piece[..length], max, load).map_err(|unread| problem(unread, max))?,
            Err(_) => return Err(Problem::bad_request("The body is not well-formed gzip.")),
        }
    }
}

/// What is told of a body that could not be read.
fn problem(unread: Unread, max: usize) -> Problem {
    match unread {
        Unread::TooLarge => {
            let message = format!("The request is larger than {} KiB.", max / 1024);
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", &message)
        }
        Unread::NoRoom => Problem::later(GraphError::overloaded()),
        Unread::Late => {
            let message = "The request's body did not come in time.";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message)
        }
        Unread::Broken => Problem::bad_request("The request's body could not be read."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use crate::limits::Limits;

    const MAX: usize = 512 * 1024;
    const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    #[test]
    fn what_was_packed_is_unpacked_up_to_the_limit() {
        let load = Load::new(&Limits::default());
        let unpacked = |bytes: &[u8]| {
            unpack(bytes, FROM, MAX, &load)
                .map(|held| held.bytes().to_vec())
                .map_err(|problem| problem.status())
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
        let held = unpack(&large, FROM, MAX, &load);
        assert!(held.is_ok(), "there is room for one");
        assert_eq!(
            unpack(&large, FROM, MAX, &load).err().map(|problem| problem.status()),
            Some(StatusCode::SERVICE_UNAVAILABLE),
            "not for two"
        );
        assert!(unpack(&small, FROM, MAX, &load).is_ok(), "what is small always finds room");
        drop(held);
        assert!(unpack(&large, FROM, MAX, &load).is_ok());
    }
}
