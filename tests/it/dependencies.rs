//! What the binary is built from: licences and sources as `.deny.toml` has them, and no unsafe code of our own.
//! `cargo deny` checks more (advisories, what crates really contain); this needs nothing but cargo.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use spdx::{Expression, LicenseReq, ParseMode};

/// Crates that are compiled, with all features, as `cargo tree` knows them: name, licence and where they come from.
fn crates() -> Vec<(String, String, String)> {
    let lines = tree(&["--format", "{p}|{l}|{r}"]).expect("the workspace has a tree");
    let distinct: BTreeSet<(String, String, String)> = lines
        .lines()
        .filter_map(|line| {
            let [package, licence, _] = line.splitn(3, '|').collect::<Vec<_>>().try_into().ok()?;
            let (name, source) = package.split_once(' ')?;
            Some((name.to_owned(), licence.to_owned(), source.to_owned()))
        })
        .collect();
    distinct.into_iter().collect()
}

/// Crates that need this one directly; none, where it is not compiled.
fn wants(name: &str) -> BTreeSet<String> {
    let lines = match tree(&["--format", "{p}", "--depth", "1", "--invert", name]) {
        Ok(lines) => lines,
        Err(why) => {
            assert!(why.contains("did not match any packages"), "{name}: {why}");
            return BTreeSet::new();
        }
    };
    lines
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|it| *it != name)
        .map(str::to_owned)
        .collect()
}

fn tree(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--locked", "--offline", "--workspace", "--all-features"])
        .args(["--edges", "normal,build,dev", "--prefix", "none"])
        .args(arguments)
        .output()
        .expect("cargo runs, for it runs this test");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("cargo speaks UTF-8");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn strings(value: &toml::Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|entry| entry.as_str().expect("a string")).collect()
}

#[test]
fn every_licence_is_one_that_was_agreed_to() {
    let deny = include_str!("../../.deny.toml").parse::<toml::Table>().expect(".deny.toml is TOML");
    let licences = &deny["licenses"];
    let allowed = strings(&licences["allow"]);
    let exceptions = licences["exceptions"].as_array().expect("a list");
    let mut known = BTreeSet::new();
    for (name, licence, source) in crates() {
        let exception = exceptions.iter().find(|entry| entry["crate"].as_str() == Some(&name));
        let own: Vec<&str> = exception.map(|entry| strings(&entry["allow"])).unwrap_or_default();
        // Older manifests say `MIT/Apache-2.0`.
        let expression = Expression::parse_mode(&licence, ParseMode::LAX);
        let expression =
            expression.unwrap_or_else(|why| panic!("{name} {source} has the licence {licence:?}: {why}"));
        let agreed = |wanted: &LicenseReq| {
            let wanted = wanted.to_string();
            allowed.contains(&wanted.as_str()) || own.contains(&wanted.as_str())
        };
        assert!(expression.evaluate(agreed), "{name} {source} has the licence {licence}: not in .deny.toml");
        known.insert(name);
    }
    assert!(known.len() > 200 && known.contains("async-graphql"), "all were looked at: {}", known.len());
    for entry in exceptions {
        let name = entry["crate"].as_str().expect("a name");
        assert!(known.contains(name), "{name} is used no longer: take its exception out of .deny.toml");
    }
}

#[test]
fn everything_comes_from_the_public_registry_and_is_pinned() {
    let lock = include_str!("../../Cargo.lock").parse::<toml::Table>().expect("Cargo.lock is TOML");
    let members = ["talkback", "entity", "migration"];
    for package in lock["package"].as_array().expect("a list") {
        let name = package["name"].as_str().expect("a name");
        match package.get("source").and_then(toml::Value::as_str) {
            Some(source) => {
                assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{name}");
                assert!(package.get("checksum").is_some(), "{name} has no checksum");
            }
            None => assert!(members.contains(&name), "{name} comes from nowhere"),
        }
    }
}

#[test]
fn nothing_that_is_banned_is_built_in() {
    let deny = include_str!("../../.deny.toml").parse::<toml::Table>().expect(".deny.toml is TOML");
    for ban in deny["bans"]["deny"].as_array().expect("a list") {
        let banned = ban["crate"].as_str().expect("a name");
        let wrappers = ban.get("wrappers").map(strings).unwrap_or_default();
        for name in wants(banned) {
            assert!(wrappers.contains(&name.as_str()), "{name} needs {banned}: {}", ban["reason"]);
        }
    }
    assert!(wants("tokio").contains("talkback"), "what is needed would be found");
}

#[test]
fn no_unsafe_code_is_our_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for manifest in ["Cargo.toml", "entity/Cargo.toml", "migration/Cargo.toml"] {
        let text = std::fs::read_to_string(root.join(manifest)).expect("it is there");
        let manifest = text.parse::<toml::Table>().expect("a manifest is TOML");
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true));
    }
    let text = include_str!("../../Cargo.toml").parse::<toml::Table>().expect("a manifest is TOML");
    // `forbid` can't be undone by an attribute further down.
    assert_eq!(text["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
}
