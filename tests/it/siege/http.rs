//! HTTP that is wrong before there is a document: heads, bodies, encodings, and clients that dawdle.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use talkback::auth::digest;

use super::Case;
use super::wire::{post, request};

const QUERY: &str = r#"{"query":"{ __typename }"}"#;
const POST: &str = "POST /graphql HTTP/1.1\r\ncontent-type: application/json";

pub fn cases() -> Vec<Case> {
    [bodies(), heads(), packed(), persisted(), broken(), dawdling(), honest()].into_iter().flatten().collect()
}

fn hostile(name: &str, head: &str, body: &[u8]) -> Case {
    Case::hostile(name, request(head, body))
}

fn honest() -> Vec<Case> {
    let get = |parameters: &str, accept: &str| {
        request(&format!("GET /graphql?{parameters} HTTP/1.1\r\naccept: {accept}"), b"")
    };
    vec![
        Case::honest("POST", post("application/json", QUERY)),
        Case::honest("POST for anything", post("*/*", QUERY)),
        Case::honest("POST by quality", post("text/html;q=0.1, application/json;q=0.5", QUERY)),
        Case::honest("GET", get("query=%7B__typename%7D", "application/json")),
        Case::honest("GET as a stream", get("query=%7B__typename%7D", "text/event-stream")),
        Case::honest(
            "GET with variables",
            get(
                "query=query(%24a%3AString!)%7Barticle(slug%3A%24a)%7Bid%7D%7D&variables=%7B%22a%22%3A%22open%22%7D",
                "*/*",
            ),
        ),
        Case::honest(
            "a packed body",
            request(&format!("{POST}\r\ncontent-encoding: gzip"), &gzip(QUERY.as_bytes())),
        ),
        Case::honest(
            "a charset",
            request(
                "POST /graphql HTTP/1.1\r\ncontent-type: application/json; charset=UTF-8",
                QUERY.as_bytes(),
            ),
        ),
        Case::honest(
            "a chunked body",
            format!(
                "{POST}\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n1a\r\n{QUERY}\r\n0\r\n\r\n"
            ),
        ),
        Case::honest(
            "the cost",
            post("application/json", r#"{"query":"{ __typename }","extensions":{"cost":true}}"#),
        ),
    ]
}

fn bodies() -> Vec<Case> {
    let mut all = Vec::new();
    for (number, body) in [
        "",
        " ",
        "null",
        "true",
        "1",
        "\"query\"",
        "[]",
        "[{}]",
        "{}",
        "{",
        "}",
        "{\"query\"}",
        "{\"query\":}",
        "{\"query\":null}",
        "{\"query\":1}",
        "{\"query\":[]}",
        "{\"query\":{}}",
        "{\"query\":\"{a}\"",
        "{'query':'{a}'}",
        "{query:\"{a}\"}",
        "{\"query\":\"{a}\"}}",
        "{\"query\":\"{a}\",}",
        "{\"query\":\"{a}\",\"query\":\"{b}\"}",
        "{\"query\":\"{a}\",\"variables\":[]}",
        "{\"query\":\"{a}\",\"variables\":\"{}\"}",
        "{\"query\":\"{a}\",\"operationName\":1}",
        "{\"query\":\"{a}\",\"operationName\":\"B\"}",
        "{\"query\":\"{a}\",\"extensions\":[]}",
        "{\"query\":\"\\ud800\"}",
        "{\"query\":\"\\u\"}",
        "{\"query\":\"\u{1}\"}",
        "NaN",
        "-",
        "1e999999",
        "\u{feff}{}",
        "{\"query\":\"{a}\"} x",
        "query={a}",
        "<xml/>",
        "{\"documentId\":\"x\"}",
        "{\"documentId\":1}",
        "[{\"query\":\"{a}\"},{\"query\":\"{b}\"}]",
    ]
    .iter()
    .enumerate()
    {
        all.push(hostile(&format!("body {number} {body:?}"), POST, body.as_bytes()));
        all.push(Case::hostile(
            format!("body {number} {body:?} as a stream"),
            post("text/event-stream", body),
        ));
    }
    for (number, bytes) in [
        &b"\xff"[..],
        b"{\"query\":\"\xff\"}",
        b"{\"query\":\"\xc3\x28\"}",
        b"\x00\x00\x00",
        b"{\"query\":\"\xed\xa0\x80\"}",
        b"\xfe\xff\x00{",
    ]
    .iter()
    .enumerate()
    {
        all.push(hostile(&format!("bad UTF-8 {number}"), POST, bytes));
    }
    for depth in [127, 129, 10_000, 200_000] {
        all.push(hostile(&format!("{depth} JSON lists"), POST, "[".repeat(depth).as_bytes()));
        let nested =
            format!(r#"{{"query":"{{a}}","variables":{{"a":{}1{}}}}}"#, "[".repeat(depth), "]".repeat(depth));
        all.push(hostile(&format!("{depth} JSON lists in variables"), POST, nested.as_bytes()));
        let objects =
            format!(r#"{{"query":"{{a}}","extensions":{}1{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
        all.push(hostile(&format!("{depth} JSON objects in extensions"), POST, objects.as_bytes()));
    }
    for bytes in [512 * 1024 + 1, 2 * 1024 * 1024, 8 * 1024 * 1024] {
        all.push(hostile(&format!("a body of {bytes}"), POST, &vec![b' '; bytes]));
    }
    all
}

fn heads() -> Vec<Case> {
    let mut all = Vec::new();
    for method in ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "post", "X", "OPTIONS", "HEAD"] {
        all.push(hostile(&format!("method {method}"), &format!("{method} /graphql HTTP/1.1"), b""));
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/html",
        "application/graphql",
        "",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "application/jsonx",
        "json",
        "application/json;;;",
        "\u{e9}",
    ] {
        let head = format!("POST /graphql HTTP/1.1\r\ncontent-type: {kind}");
        all.push(hostile(&format!("content type {kind:?}"), &head, QUERY.as_bytes()));
    }
    for accept in [
        "image/png",
        "",
        ",,,",
        "application/json;q=abc",
        "application/json;q=0",
        "*/*;q=0",
        "/",
        ";",
        "text/*;q=-1",
        "application/json;q=1e99",
    ] {
        let head = format!("{POST}\r\naccept: {accept}");
        all.push(hostile(&format!("accept {accept:?}"), &head, QUERY.as_bytes()));
    }
    let long = "A".repeat(4_000);
    let token = format!("Bearer {long}.{long}.{long}");
    for authorization in [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer x",
        "Bearer x.y.z",
        "bearer  ",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer ....",
        &token,
        "\u{e9}",
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
    ] {
        let head = format!("{POST}\r\nauthorization: {authorization}");
        all.push(hostile(&format!("authorization {authorization:.30}"), &head, QUERY.as_bytes()));
    }
    for cookie in
        ["talkback_session=x", "talkback_session=", ";;;", "=", "a=b; talkback_session=..", "\u{e9}"]
    {
        all.push(hostile(
            &format!("cookie {cookie:?}"),
            &format!("{POST}\r\ncookie: {cookie}"),
            QUERY.as_bytes(),
        ));
    }
    for resume in ["", "x", "%00", &long, "\u{e9}"] {
        let head = format!("{POST}\r\naccept: text/event-stream\r\nlast-event-id: {resume}");
        all.push(hostile(&format!("last event {resume:.10}"), &head, QUERY.as_bytes()));
    }
    for count in [65, 200, 2_000] {
        let headers: String = (0..count).map(|i| format!("\r\nx-{i}: y")).collect();
        all.push(hostile(&format!("{count} headers"), &format!("{POST}{headers}"), QUERY.as_bytes()));
    }
    for bytes in [40_000, 400_000] {
        all.push(hostile(
            &format!("a header of {bytes}"),
            &format!("{POST}\r\nx: {}", "y".repeat(bytes)),
            b"",
        ));
        all.push(hostile(
            &format!("an address of {bytes}"),
            &format!("GET /graphql?query={} HTTP/1.1", "a".repeat(bytes)),
            b"",
        ));
    }
    for parameters in [
        "",
        "query",
        "query=",
        "query=%",
        "query=%zz",
        "query=%ff",
        "query=%00",
        "query={a}&query={b}",
        "query=%7Ba%7D&variables=1",
        "query=%7Ba%7D&variables=%7B",
        "query=%7Ba%7D&extensions=%5B%5D",
        "query=mutation%7Ba%7D",
        "query=mutation%7BsessionEnd%7B__typename%7D%7D",
        "documentId=x",
        "query=%7Ba%7D&operationName=B",
        "&&&",
        "a=b",
        "query=subscription%7Ba%7D",
        "variables=%7B%7D",
    ] {
        for accept in ["application/json", "text/event-stream"] {
            let head = format!("GET /graphql?{parameters} HTTP/1.1\r\naccept: {accept}");
            all.push(hostile(&format!("GET {parameters:?} for {accept}"), &head, b""));
        }
    }
    for path in [
        "/..",
        "/../../etc/passwd",
        "/graphql/..",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//",
        "/articles/%00",
        "/articles/%ff",
        "/assets/../../Cargo.toml",
        "/graphql%00",
        "*",
    ] {
        all.push(hostile(&format!("path {path}"), &format!("GET {path} HTTP/1.1"), b""));
    }
    all
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn packed() -> Vec<Case> {
    let head = |encoding: &str| format!("{POST}\r\ncontent-encoding: {encoding}");
    let whole = gzip(QUERY.as_bytes());
    let mut spoiled = whole.clone();
    spoiled[12] ^= 0xff;
    let mut all = vec![
        hostile("half of a packed body", &head("gzip"), &whole[..whole.len() / 2]),
        hostile("a spoiled packed body", &head("gzip"), &spoiled),
        hostile("no packed body", &head("gzip"), QUERY.as_bytes()),
        hostile("packed twice", &head("gzip, gzip"), &gzip(&whole)),
        hostile("many packed bodies", &head("gzip"), &whole.repeat(2_000)),
    ];
    for megabytes in [1, 10, 100] {
        let bomb = gzip(&vec![b' '; megabytes * 1024 * 1024]);
        all.push(hostile(&format!("a bomb of {megabytes} MiB"), &head("gzip"), &bomb));
    }
    for other in ["br", "deflate", "zstd", "compress", "gzip;q=1", "identity, br", "\u{e9}"] {
        all.push(hostile(&format!("packed as {other}"), &head(other), QUERY.as_bytes()));
    }
    all
}

fn persisted() -> Vec<Case> {
    let good = digest("{ __typename }");
    let wrong = [
        json!({}),
        json!(null),
        json!([]),
        json!(1),
        json!({ "version": 1 }),
        json!({ "version": 2, "sha256Hash": good }),
        json!({ "version": "1", "sha256Hash": good }),
        json!({ "version": 1, "sha256Hash": 1 }),
        json!({ "version": 1, "sha256Hash": "" }),
        json!({ "version": 1, "sha256Hash": "x".repeat(10_000) }),
        json!({ "version": 1, "sha256Hash": "é".repeat(32) }),
        json!({ "version": 1, "sha256Hash": digest("nobody sent this") }),
    ];
    let mut all = Vec::new();
    for (number, persisted) in wrong.into_iter().enumerate() {
        let alone = json!({ "extensions": { "persistedQuery": persisted } }).to_string();
        all.push(Case::hostile(
            format!("a persisted query, badly {number}"),
            post("application/json", &alone),
        ));
        let with = json!({ "query": "{ other: __typename }", "extensions": { "persistedQuery": persisted } })
            .to_string();
        all.push(Case::hostile(
            format!("a persisted query with another text {number}"),
            post("application/json", &with),
        ));
    }
    all
}

/// What is no HTTP.
fn broken() -> Vec<Case> {
    let mut all: Vec<Case> = [
        "\r\n\r\n", "GET\r\n\r\n", "GET /graphql\r\n\r\n", "GET /graphql HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n", "GET /graphql HTTP/1.1\r\nbad header\r\n\r\n",
        "GET /graphql HTTP/1.1\r\n: x\r\n\r\n", "GET /graphql HTTP/1.1\r\na\0: x\r\n\r\n", "GET  /graphql  HTTP/1.1\r\n\r\n", "GET /gra phql HTTP/1.1\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n", "{\"query\":\"{a}\"}\r\n\r\n", "SSH-2.0-x\r\n\r\n",
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx", "POST /graphql HTTP/1.1\r\nhost: a\r\ntransfer-encoding: x\r\n\r\n",
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}",
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"query\"",
    ]
    .iter()
    .enumerate()
    .map(|(number, text)| Case::hostile(format!("no HTTP {number}"), *text).cut())
    .collect();
    let whole = String::from_utf8_lossy(&post("application/json", QUERY)).into_owned();
    for at in (1..whole.len()).step_by(whole.len() / 16) {
        all.push(Case::hostile(format!("broken off at {at}"), &whole.as_bytes()[..at]).cut());
    }
    all
}

/// Clients that never come to the point.
fn dawdling() -> Vec<Case> {
    let body = format!("{POST}\r\nhost: a\r\ncontent-length: 1000\r\n\r\n");
    [
        "G",
        "POST /graphql HTTP/1.1\r\nx: ",
        "POST /graphql HTTP/1.1\r\nhost: a\r\n",
        &body,
        &format!("{body}{{\"query\":"),
    ]
    .into_iter()
    .enumerate()
    .map(|(number, bytes)| Case::hostile(format!("dawdling {number}"), bytes).patient(2))
    .collect()
}
