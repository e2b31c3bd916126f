//! What README points to is there.

use std::{fs, path::Path};

/// The targets of a Markdown text's links and pictures that are files, without their fragments.
fn files(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    files.map(|target| target.split('#').next().unwrap_or(target))
}

#[test]
fn every_link_of_a_readme_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut checked = 0;
    for readme in ["README.md", "web/README.md"] {
        let readme = root.join(readme);
        let text = fs::read_to_string(&readme).unwrap();
        for file in files(&text) {
            checked += 1;
            assert!(
                readme.with_file_name(file).exists(),
                "{} links to {file}, which is not there",
                readme.display()
            );
        }
    }
    assert!(checked > 20, "only {checked} links were found: the READMEs have more");
}
