//! A session that was ended stays ended, however its token is dressed up, and whatever the host site's clock says.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use rstest::rstest;
use serde_json::json;

use super::sso::{SECRET, world};
use super::{assert_refused, look};
use crate::support::jwks::{JwksServer, Says, SiteKey, jwks, now};
use crate::support::world::Backend;

const END: &str = "mutation { sessionEnd { ended userErrors { code } } }";
const END_ALL: &str = "mutation { sessionsEnd { user { id } userErrors { code } } }";

/// The order of the group of P-256 (FIPS 186-5, SP 800-186).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The same token with the other signature that ECDSA has for it: (r, n − s), which takes no key to make.
fn twin(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for (byte, of_order) in signature[32..].iter_mut().zip(ORDER).rev() {
        let difference = i16::from(of_order) - i16::from(*byte) - borrow;
        borrow = i16::from(difference < 0);
        *byte = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn another_signature_of_the_same_token_is_the_same_session(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let key = SiteKey::new(Algorithm::ES256, "ec");
    let server = JwksServer::start(Says::Keys(jwks(&[&key]))).await;
    let world = world(backend, None, Some(&server.url())).await;
    let (first, other) = (key.token("7", "Sol"), key.token("8", "Eve"));
    let eve = world.anyone().with_token(twin(&other));
    look(&eve).await.text("/viewer/id");
    let sol = world.anyone().with_token(&first);
    assert_eq!(sol.raw(END, json!({})).await.data("/sessionEnd/ended"), true);
    for token in [first.clone(), twin(&first)] {
        assert_refused(&look(&world.anyone().with_token(token)).await, "SESSION_ENDED");
    }
    look(&eve).await.text("/viewer/id");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn tokens_say_when_they_were_issued_and_all_of_before_end_together(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let site = SiteKey::secret(SECRET);
    let world = world(backend, Some(SECRET), None).await;
    let (here, there) = (world.anyone(), world.node(1).anyone());
    let undated = here.with_token(site.token_with(json!({ "iat": null })));
    assert_refused(&look(&undated).await, "TOKEN_CLAIM");

    // A site whose clock is ahead, by no more than clocks may differ; and one that is further ahead.
    let ahead = |seconds: i64| site.token_with(json!({ "iat": now() + seconds }));
    assert_refused(&look(&here.with_token(ahead(60))).await, "TOKEN_NOT_YET_VALID");
    look(&here.with_token(site.token("7", "Sol"))).await.text("/viewer/id");
    let token = ahead(20);
    let sol = here.with_token(&token);
    let id = look(&sol).await.text("/viewer/id").to_owned();
    assert_eq!(sol.raw(END_ALL, json!({})).await.text("/sessionsEnd/user/id"), id);
    for node in [&here, &there] {
        assert_refused(&look(&node.with_token(&token)).await, "SESSION_ENDED");
    }
    let fresh = look(&there.with_token(ahead(25))).await;
    assert_eq!(fresh.text("/viewer/id"), id, "signed in again at the site, by the same clock");
    world.check().await;
}
