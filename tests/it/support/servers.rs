//! What every server of the tests needs: its program, a port, and a user that it agrees to run as.
//!
//! `tests/run` starts one PostgreSQL and one Redis for all tests and names them in `TALKBACK_TEST_*`. Under a plain
//! `cargo test` they are started here on first use, if they are installed.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex},
};

use super::process::lock;

/// A port of 127.0.0.1 that is free now, and that the kernel gives to nobody by itself: below its range of outgoing ports,
/// so that a server that is killed finds its port again. Each is handed out once per process.
pub fn free_port() -> u16 {
    static NEXT: LazyLock<Mutex<u16>> = LazyLock::new(|| Mutex::new(10_000 + random() % 20_000));
    let mut next = lock(&NEXT);
    for _ in 0..1_000 {
        *next = if *next >= 30_000 { 10_000 } else { *next + 1 };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, *next)).is_ok() {
            return *next;
        }
    }
    panic!("no port of 127.0.0.1 between 10000 and 30000 is free");
}

/// A server's URL, on another port: that of a proxy before it.
pub fn with_port(url: &str, port: u16) -> String {
    let host = url.find('@').map_or_else(|| url.find("//").map_or(0, |at| at + 2), |at| at + 1);
    let path = url[host..].find('/').map_or(url.len(), |at| host + at);
    let name = url[host..path].split(':').next().unwrap_or_default();
    format!("{}{name}:{port}{}", &url[..host], &url[path..])
}

/// A secret for a server of ours: even on loopback, another user of this machine must not get a superuser's session.
pub fn password() -> String {
    format!("{:016x}{:016x}", hash(), hash())
}

fn random() -> u16 {
    u16::try_from(hash() & 0x7fff).expect("15 bits fit")
}

fn hash() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Whether `tests/run --quick` said to do without PostgreSQL and Redis.
pub fn refuse_when_quick(server: &str) {
    assert!(
        std::env::var_os("TALKBACK_TEST_QUICK").is_none(),
        "this test needs {server}, which `tests/run --quick` leaves out; quick runs skip tests by name: put `scaled`, \
         `postgres` or `redis` into this one's"
    );
}

/// Where PostgreSQL's programs are: `TALKBACK_TEST_POSTGRES_BIN`, the PATH, or Debian's newest version.
pub fn postgres_bin() -> PathBuf {
    if let Some(named) = std::env::var_os("TALKBACK_TEST_POSTGRES_BIN") {
        return named.into();
    }
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = installed.map(|entry| entry.path().join("bin")).collect();
    versions.sort_by_key(|path| {
        let version = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|text| text.parse::<u32>().ok()).unwrap_or(0)
    });
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&on_path)
        .chain(versions.into_iter().rev())
        .find(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file())
        .unwrap_or_else(|| panic!("PostgreSQL is not installed; tests/run installs it, and runs all tests"))
}

/// The Redis server's program: `TALKBACK_TEST_REDIS_SERVER`, or `redis-server` on the PATH.
pub fn redis_server() -> PathBuf {
    if let Some(named) = std::env::var_os("TALKBACK_TEST_REDIS_SERVER") {
        return named.into();
    }
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&on_path)
        .chain([PathBuf::from("/usr/bin")])
        .map(|dir| dir.join("redis-server"))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("Redis is not installed; tests/run installs it, and runs all tests"))
}

/// The user and group that PostgreSQL runs as when we are root, which it refuses: `postgres`, else `nobody`.
pub fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    assert!(found.is_some(), "PostgreSQL won't run as root, and there is neither a user postgres nor nobody");
    found
}
