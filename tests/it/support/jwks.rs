//! A host site that signs people in: its keys, its tokens, and the address at which it publishes the keys. Each key is
//! made in the test that uses it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use talkback::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{process::lock, servers::free_port};

pub const ISSUER: &str = "https://news.example";
pub const AUDIENCE: &str = "talkback";

/// A key of the site's.
pub struct SiteKey {
    pub kid: String,
    pub algorithm: Algorithm,
    pub key: EncodingKey,
}

impl SiteKey {
    /// A new one, for RS256, ES256 or EdDSA.
    pub fn new(algorithm: Algorithm, kid: &str) -> Self {
        let key = match algorithm {
            Algorithm::RS256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
                let der: Pkcs8V1Der = pair.as_der().expect("its encoding");
                // Of the wrapping of PKCS #8 (RFC 5208), 26 bytes for this size, nothing is wanted: RFC 8017, A.1.2.
                EncodingKey::from_rsa_der(&der.as_ref()[26..])
            }
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("an EC key");
                EncodingKey::from_ec_der(pair.to_pkcs8v1().expect("its encoding").as_ref())
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::generate().expect("an Ed25519 key");
                EncodingKey::from_ed_der(pair.to_pkcs8v1().expect("its encoding").as_ref())
            }
            other => panic!("no site signs with {other:?} here"),
        };
        Self { kid: kid.to_owned(), algorithm, key }
    }

    /// An HS256 secret.
    pub fn secret(secret: &str) -> Self {
        let key = EncodingKey::from_secret(secret.as_bytes());
        Self { kid: String::new(), algorithm: Algorithm::HS256, key }
    }

    /// What the site publishes of it.
    pub fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a key has its public half");
        let mut jwk = serde_json::to_value(jwk).expect("a key is JSON");
        (jwk["kid"], jwk["use"]) = (json!(self.kid), json!("sig"));
        jwk
    }

    /// A good token for a person.
    pub fn token(&self, subject: &str, name: &str) -> String {
        self.token_with(json!({ "sub": subject, "name": name }))
    }

    /// A token whose claims are a good one's but for these; null takes one away.
    pub fn token_with(&self, changes: Value) -> String {
        let kid = Some(self.kid.clone()).filter(|kid| !kid.is_empty());
        let header = Header { kid, ..Header::new(self.algorithm) };
        encode(&header, &claims(changes), &self.key).expect("it signs")
    }
}

/// A good token's claims, but for these.
pub fn claims(changes: Value) -> Value {
    let now = now();
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "7", "name": "Sol", "iat": now - 10, "exp": now + 3600
    });
    for (name, value) in changes.as_object().expect("claims are an object") {
        claims[name] = value.clone();
    }
    claims.as_object_mut().expect("as above").retain(|_, value| !value.is_null());
    claims
}

/// Seconds since 1970, as tokens count.
pub fn now() -> i64 {
    Clock::system().now().timestamp()
}

/// A key set.
pub fn jwks(keys: &[&SiteKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() })
}

/// What the address answers.
#[derive(Clone)]
pub enum Says {
    Keys(Value),
    Text(String),
    Status(u16),
    /// It hangs up.
    Nothing,
}

/// The address of a key set.
pub struct JwksServer {
    pub port: u16,
    says: Arc<Mutex<Says>>,
    asked: Arc<AtomicU64>,
}

impl JwksServer {
    pub async fn start(says: Says) -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port was free just now");
        let says = Arc::new(Mutex::new(says));
        let asked = Arc::new(AtomicU64::new(0));
        let (shared, count) = (Arc::clone(&says), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let says = lock(&shared).clone();
                count.fetch_add(1, Ordering::AcqRel);
                tokio::spawn(answer(stream, says));
            }
        });
        Self { port, says, asked }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/jwks.json", self.port)
    }

    /// From now on it says something else.
    pub fn says(&self, says: Says) {
        *lock(&self.says) = says;
    }

    /// How often it has been asked.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }
}

async fn answer(mut stream: TcpStream, says: Says) {
    let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
    while !received.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => received.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    let (status, body) = match says {
        Says::Keys(keys) => (200, keys.to_string()),
        Says::Text(text) => (200, text),
        Says::Status(status) => (status, String::new()),
        Says::Nothing => return,
    };
    let length = body.len();
    let text =
        format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}
