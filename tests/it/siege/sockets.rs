//! Sockets: handshakes, frames and messages that no client may send.

use super::Case;
use super::wire::{bye, frame, init, socket, text};

pub fn cases() -> Vec<Case> {
    [handshakes(), frames(), messages()].into_iter().flatten().collect()
}

fn handshakes() -> Vec<Case> {
    let good = String::from_utf8_lossy(&socket(&[])).into_owned();
    let mut all: Vec<Case> = [
        ("version: 13", "version: 12"),
        ("version: 13", "version: x"),
        ("dGhlIHNhbXBsZSBub25jZQ==", ""),
        ("dGhlIHNhbXBsZSBub25jZQ==", "%%%"),
        ("graphql-transport-ws", "graphql-ws"),
        ("graphql-transport-ws", "x, y, z"),
        ("graphql-transport-ws", ""),
        ("connection: upgrade", "connection: close"),
        ("upgrade: websocket", "upgrade: h2c"),
        ("GET", "POST"),
        ("GET", "HEAD"),
        ("HTTP/1.1", "HTTP/1.0"),
        ("host: localhost", "authorization: Bearer x"),
        ("host: localhost", "cookie: talkback_session=x"),
    ]
    .into_iter()
    .map(|(from, to)| {
        Case::hostile(format!("a handshake with {to:?} for {from:?}"), good.replacen(from, to, 1)).cut()
    })
    .collect();
    for at in (1..good.len()).step_by(good.len() / 10) {
        all.push(Case::hostile(format!("a handshake broken off at {at}"), &good.as_bytes()[..at]).cut());
    }
    all
}

fn frames() -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |name: String, frames: &[Vec<u8>]| {
        all.push(Case::hostile(format!("{name}, first"), socket(frames)).cut());
        let later: Vec<Vec<u8>> = std::iter::once(init()).chain(frames.iter().cloned()).collect();
        all.push(Case::hostile(format!("{name}, later"), socket(&later)).cut());
    };
    for opcode in [0x3, 0x4, 0x7, 0xb, 0xc, 0xf] {
        add(format!("opcode {opcode}"), &[frame(0x80 | opcode, b"x")]);
    }
    for reserved in [0x40, 0x20, 0x10, 0x70] {
        add(format!("reserved bits {reserved:x}"), &[frame(0x81 | reserved, b"x")]);
    }
    add("no mask".into(), &[vec![0x81, 1, b'x']]);
    add(
        "a huge length".into(),
        &[vec![0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]],
    );
    add("a length of 300 KiB".into(), &[frame(0x81, &vec![b' '; 300 * 1024])]);
    add("a ping in pieces".into(), &[frame(0x09, b"x")]);
    add("a long ping".into(), &[frame(0x89, &[0; 126])]);
    add("a continuation of nothing".into(), &[frame(0x80, b"x")]);
    add("a message in a message".into(), &[frame(0x01, b"x"), frame(0x81, b"y")]);
    add("bytes".into(), &[frame(0x82, b"{}")]);
    add("bad UTF-8".into(), &[frame(0x81, b"\xff")]);
    add("bad UTF-8 in pieces".into(), &[frame(0x01, b"\xc3"), frame(0x80, b"\x28")]);
    add("a message without an end".into(), &vec![frame(0x01, &[b' '; 100]); 1][..]);
    add(
        "endless pieces".into(),
        &std::iter::once(frame(0x01, b""))
            .chain(std::iter::repeat_n(frame(0x00, &[b' '; 4096]), 80))
            .collect::<Vec<_>>(),
    );
    add("a thousand pings".into(), &vec![frame(0x89, b"x"); 1_000]);
    add(
        "a thousand empty pieces".into(),
        &std::iter::once(frame(0x01, b""))
            .chain(std::iter::repeat_n(frame(0x00, b""), 1_000))
            .collect::<Vec<_>>(),
    );
    add("unasked pongs".into(), &vec![frame(0x8a, b"x"); 100]);
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535_u16] {
        add(format!("close {code}"), &[frame(0x88, &code.to_be_bytes())]);
    }
    add("half a close".into(), &[frame(0x88, &[3])]);
    add("a close with bad words".into(), &[frame(0x88, &[0x03, 0xe8, 0xff])]);
    add("close, and more".into(), &[bye(), text("{}"), init()]);
    add("noise".into(), &[(0..=255).collect()]);
    let whole = text(r#"{"type":"ping"}"#);
    for at in 1..whole.len().min(8) {
        add(format!("half a frame of {at}"), &[whole[..at].to_vec()]);
    }
    all
}

fn messages() -> Vec<Case> {
    let mut all = Vec::new();
    for (number, message) in [
        "",
        " ",
        "{}",
        "[]",
        "null",
        "1",
        "\"ping\"",
        "{",
        "{\"type\":1}",
        "{\"type\":null}",
        "{\"type\":\"\"}",
        "{\"type\":\"nothing\"}",
        "{\"type\":\"connection_ack\"}",
        "{\"type\":\"next\",\"id\":\"1\",\"payload\":{}}",
        "{\"type\":\"start\",\"id\":\"1\"}",
        "{\"type\":\"connection_terminate\"}",
        "{\"type\":\"subscribe\"}",
        "{\"type\":\"subscribe\",\"id\":\"1\"}",
        "{\"type\":\"subscribe\",\"id\":1,\"payload\":{\"query\":\"{a}\"}}",
        "{\"type\":\"subscribe\",\"id\":\"\",\"payload\":{\"query\":\"{a}\"}}",
        "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{}}",
        "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":[]}",
        "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":1}}",
        "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":\"{a}\",\"variables\":[]}}",
        "{\"type\":\"complete\"}",
        "{\"type\":\"complete\",\"id\":1}",
        "{\"type\":\"complete\",\"id\":\"nobody\"}",
        "{\"type\":\"ping\",\"payload\":1}",
        "{\"type\":\"connection_init\",\"payload\":1}",
        "{\"type\":\"connection_init\",\"payload\":{\"Authorization\":1}}",
        "{\"type\":\"connection_init\",\"payload\":{\"Authorization\":\"Bearer x\"}}",
        "{\"type\":\"connection_init\"}",
        "{\"type\":\"ping\",\"type\":\"pong\"}",
    ]
    .iter()
    .enumerate()
    {
        all.push(Case::hostile(
            format!("message {number} {message:.40}, first"),
            socket(&[text(message), bye()]),
        ));
        all.push(Case::hostile(
            format!("message {number} {message:.40}, later"),
            socket(&[init(), text(message), bye()]),
        ));
    }
    let long = format!(
        r#"{{"type":"subscribe","id":"{}","payload":{{"query":"{{ __typename }}"}}}}"#,
        "i".repeat(200)
    );
    all.push(Case::hostile("a long id", socket(&[init(), text(&long), bye()])));
    let follow = |id: usize| {
        text(&format!(
            r#"{{"type":"subscribe","id":"{id}","payload":{{"query":"subscription {{ commentApproved(articleId: \"x\") {{ cursor }} }}"}}}}"#
        ))
    };
    all.push(Case::hostile(
        "a hundred operations",
        socket(&std::iter::once(init()).chain((0..100).map(follow)).chain([bye()]).collect::<Vec<_>>()),
    ));
    all.push(Case::hostile("one id twice", socket(&[init(), follow(1), follow(1), bye()])));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    all.push(Case::hostile("a deep message", socket(&[init(), text(&deep), bye()])));
    let wide = format!(r#"{{"type":"ping","payload":[{}0]}}"#, "0,".repeat(100_000));
    all.push(Case::hostile("a wide message", socket(&[init(), text(&wide), bye()])));
    all
}
