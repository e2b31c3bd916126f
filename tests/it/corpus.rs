//! What the fuzzers have been through stays good: every input of the saved corpus, through its target.

use std::path::Path;

#[path = "../../fuzz/targets.rs"]
mod targets;

/// What is done with one input.
type Target = fn(&[u8]);

#[test]
fn the_saved_corpus_finds_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let all: [(&str, Target); 4] = [
        ("guard", targets::guard),
        ("names", targets::names),
        ("socket", targets::socket),
        ("markdown", targets::markdown),
    ];
    for (name, target) in all {
        let files: Vec<_> =
            std::fs::read_dir(corpus.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in files {
            target(&std::fs::read(&file).unwrap());
        }
    }
}
