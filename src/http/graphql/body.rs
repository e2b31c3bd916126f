//! The body of a request, read whole within its bounds: as sent, and as unpacked.

use std::io::Read;

use axum::body::Body;
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header};

use super::problem::Problem;
use crate::graphql::Load;
use crate::http::negotiate::{self, Encoding};

/// Bodies up to here are held by as many as come; for more of one, there has to be room.
const SMALL: usize = 16 * 1024;
/// Room is taken in pieces of so many KiB.
const PIECE_KIB: u32 = 64;

/// Reads it: at most `max` bytes, before and after it is unpacked.
///
/// # Errors
/// Its kind, its size or its pace is not what it should be, or there is no room for it now.
pub async fn read(headers: &HeaderMap, body: Body, max: usize, load: &Load) -> Result<Vec<u8>, Problem> {
    if !negotiate::is_json(headers) {
        let message = "Send `Content-Type: application/json`, in UTF-8.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let Some(encoding) = negotiate::encoding(headers) else {
        let message = "Send the body as it is, or with `Content-Encoding: gzip`.";
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_ENCODING", message);
        return Err(problem.with(header::ACCEPT_ENCODING, "gzip, identity"));
    };
    let bytes = receive(body, max, load).await?;
    match encoding {
        Encoding::Identity => Ok(bytes),
        Encoding::Gzip => unpack(&bytes, max),
    }
}

async fn receive(body: Body, max: usize, load: &Load) -> Result<Vec<u8>, Problem> {
    if http_body::Body::size_hint(&body).lower() > max as u64 {
        return Err(too_large(max));
    }
    let (mut bytes, mut rooms) = (Vec::new(), Vec::new());
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| unread(&error))?;
        if bytes.len() + piece.len() > max {
            return Err(too_large(max));
        }
        while bytes.len() + piece.len() > SMALL + rooms.len() * PIECE_KIB as usize * 1024 {
            let room = load.room(PIECE_KIB);
            rooms.push(room.ok_or_else(Problem::overloaded)?);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A bomb is given up at the limit: what is beyond it is never made.
fn unpack(packed: &[u8], max: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let most = max as u64 + 1;
    let read = MultiGzDecoder::new(packed).take(most).read_to_end(&mut bytes);
    if bytes.len() > max {
        return Err(too_large(max));
    }
    read.map_err(|_| Problem::bad_request("The body is not well-formed gzip."))?;
    Ok(bytes)
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

    const MAX: usize = 512 * 1024;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    #[test]
    fn what_was_packed_is_unpacked_up_to_the_limit() {
        let unpacked = |bytes: &[u8]| unpack(bytes, MAX).map_err(|problem| problem.status());
        assert_eq!(unpacked(&packed(b"{}")), Ok(b"{}".to_vec()));
        assert_eq!(unpacked(&packed(&vec![b' '; MAX])).map(|bytes| bytes.len()), Ok(MAX));
        assert_eq!(unpacked(&packed(&vec![b' '; 50 * 1024 * 1024])), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(unpacked(b"{}"), Err(StatusCode::BAD_REQUEST));
        assert_eq!(unpacked(&packed(b"{}")[..12]), Err(StatusCode::BAD_REQUEST), "half of it");
    }
}
