//! A hook for tests, and whoever vouches for it over TLS.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::support::reaper;

/// A certificate authority, made in the test that uses it.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Its certificate, as PEM.
    pub file: PathBuf,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = reaper::directory("ca").join("ca.pem");
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// A server that it vouches for, as `localhost`.
    fn server(&self) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = versions.unwrap().with_no_client_auth();
        let config = config.with_single_cert(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into());
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }
}

/// A hook that answers by what the comment asks for, and reports each request.
pub struct TestHook {
    pub port: u16,
    pub asked: mpsc::UnboundedReceiver<(String, Value)>,
    /// Lets a request that waits go on.
    pub go_on: Arc<Semaphore>,
}

impl TestHook {
    /// In the clear.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// Over TLS, with a certificate for `localhost` by that authority.
    pub async fn start_tls(authority: &Authority) -> Self {
        Self::listen(Some(authority.server())).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (report, asked) = mpsc::unbounded_channel();
        let go_on = Arc::new(Semaphore::new(0));
        let waiting = Arc::clone(&go_on);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (report, waiting, tls) = (report.clone(), Arc::clone(&waiting), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, report, waiting).await,
                        Some(tls) => {
                            // Whoever does not believe the certificate hangs up.
                            let Ok(stream) = tls.accept(stream).await else { return };
                            serve(stream, report, waiting).await;
                        }
                    }
                });
            }
        });
        Self { port, asked, go_on }
    }
}

/// One request, one answer.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    report: mpsc::UnboundedSender<(String, Value)>,
    go_on: Arc<Semaphore>,
) {
    let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
    let (head, body) = loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        received.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            break (head, body.to_owned());
        }
    };
    let question: Value = serde_json::from_str(&body).unwrap();
    let wish = question["text"].as_str().unwrap().trim().split(':').next().unwrap_or_default().to_owned();
    let _ = report.send((head, question));
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let answer = match &*wish {
        "allow" => ok(r#"{"outcome": "ALLOW"}"#),
        "hold" => ok(r#"{"outcome": "HOLD", "detail": "Sounds\n angry."}"#),
        "spam" => ok(r#"{"outcome": "SPAM"}"#),
        "reject" => ok(r#"{"outcome": "REJECT"}"#),
        "refuse" => ok(r#"{"outcome": "REFUSE"}"#),
        "nonsense" => ok("<html>hello</html>"),
        "unknown" => ok(r#"{"outcome": "PERHAPS"}"#),
        "error" => "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "redirect" => "HTTP/1.1 307 There\r\nlocation: /allow\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "huge" => ok(&format!("{{\"outcome\": \"ALLOW\", \"detail\": \"{}\"}}", "x".repeat(1_000_000))),
        "cut" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned(),
        "wait" => {
            let _go = go_on.acquire().await.unwrap();
            ok(r#"{"outcome": "ALLOW"}"#)
        }
        // It never answers, and keeps the connection.
        _ => return std::future::pending().await,
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}
