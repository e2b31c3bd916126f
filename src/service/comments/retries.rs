//! What makes a retry return the first result: idempotency keys.

use sha2::{Digest, Sha256};

use crate::domain::comment::Comment;
use crate::domain::ids::CommentId;
use crate::domain::user::User;
use crate::service::{Failure, Outcome, Refusal, RefusalCode, refuse};
use crate::store::{FirstResult, Remembered, WriteTx};

/// The longest idempotency key, in bytes.
const KEY_MAX: usize = 200;

/// What a write is remembered by, if its caller gave a key. The parts are told apart by their lengths.
pub(in crate::service) fn remembered(
    user: &User,
    operation: &str,
    key: Option<&str>,
    parts: &[&str],
) -> Result<Option<Remembered>, Refusal> {
    let Some(key) = key else { return Ok(None) };
    if key.is_empty() || key.len() > KEY_MAX {
        let message = format!("An idempotency key has 1 to {KEY_MAX} bytes; a UUID does well.");
        return Err(Refusal::of(RefusalCode::Invalid, "idempotencyKey", message));
    }
    let mut digest = Sha256::new();
    for part in [operation].iter().chain(parts) {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    let fingerprint = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(Remembered { user: user.id, key: key.to_owned(), fingerprint }))
}

/// The first result of a write that was done before, or its refusal if the key stands for another one.
pub(in crate::service) async fn repeated(
    tx: &WriteTx,
    key: Option<&Remembered>,
) -> Result<Option<Outcome<Comment>>, Failure> {
    let Some(key) = key else { return Ok(None) };
    Ok(match tx.first_result(key).await? {
        None => None,
        Some(FirstResult::Same(id)) => {
            Some(Ok(Ok(tx.comment(CommentId(id)).await?.ok_or(Failure::NotFound("comment"))?)))
        }
        Some(FirstResult::Other) => {
            let message =
                "This idempotency key was used for another request: take a new one for a new request.";
            Some(refuse(RefusalCode::IdempotencyKeyReused, "idempotencyKey", message))
        }
    })
}
