//! The report: Markdown tables and a plot, ratios first.

use std::fmt::Write as _;
use std::path::PathBuf;

/// Tables under headings, with a sentence each.
#[derive(Default)]
pub struct Report {
    text: String,
}

impl Report {
    pub fn heading(&mut self, heading: &str, what: &str) {
        let _ = write!(self.text, "\n## {heading}\n\n{what}\n");
    }

    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        self.text.push('\n');
        self.text.push_str(&line(&head));
        let rule: Vec<String> =
            (0..head.len()).map(|at| if at == 0 { "---".to_owned() } else { "---:".to_owned() }).collect();
        self.text.push_str(&line(&rule));
        for row in rows {
            self.text.push_str(&line(row));
        }
    }

    /// Writes the report and the plot, and answers where they are.
    pub fn write(&self, title: &str, plot: &str) -> std::io::Result<PathBuf> {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
        let directory = target.join("bench-report");
        std::fs::create_dir_all(&directory)?;
        std::fs::write(directory.join("fanout.svg"), plot)?;
        let path = directory.join("fanout.md");
        std::fs::write(&path, format!("# {title}\n\n![Deliveries a second](fanout.svg)\n{}", self.text))?;
        Ok(path)
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A number as people read it: three figures, thousands apart.
pub fn figure(number: f64) -> String {
    if number >= 1000.0 {
        let whole = (number / 100.0).round() as i64 * 100;
        let text = whole.to_string();
        let mut grouped = String::new();
        for (at, digit) in text.chars().enumerate() {
            if at > 0 && (text.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        return grouped;
    }
    match number {
        number if number >= 100.0 => format!("{number:.0}"),
        number if number >= 10.0 => format!("{number:.1}"),
        number => format!("{number:.2}"),
    }
}
