//! A file, line by line: read in a thread of its own, a few lines ahead, and never more of one than a line may have.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use tokio::sync::mpsc;

use super::ImportError;

/// Bytes of one line: an article's body has at most 200,000, and JSON may write a byte in six.
pub const LINE_MAX: usize = 2 * 1024 * 1024;
/// Lines read ahead.
const AHEAD: usize = 16;

/// A line with its number, from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Numbered {
    pub number: u64,
    /// What it says; or why it can't be read.
    pub text: Result<String, String>,
    /// Bytes of the file up to its end.
    pub end: u64,
}

/// See the module.
pub struct Lines {
    lines: mpsc::Receiver<std::io::Result<Numbered>>,
    bytes: Option<u64>,
    path: String,
}

impl Lines {
    /// Of a file, or of standard input where it is called `-`.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let name = path.display().to_string();
        if path == Path::new("-") {
            return Ok(Self::of(std::io::stdin(), None, name));
        }
        let file = std::fs::File::open(path)?;
        let about = file.metadata()?;
        let bytes = about.is_file().then_some(about.len());
        Ok(Self::of(file, bytes, name))
    }

    fn of(from: impl Read + Send + 'static, bytes: Option<u64>, path: String) -> Self {
        let (send, lines) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            let (mut from, mut number, mut end) = (BufReader::new(from), 0, 0);
            loop {
                number += 1;
                let line = match next_line(&mut from, &mut end) {
                    Ok(Some(text)) => Ok(Numbered { number, text, end }),
                    Ok(None) => return,
                    Err(error) => Err(error),
                };
                let failed = line.is_err();
                // Nobody listens any more: the import has ended.
                if send.blocking_send(line).is_err() || failed {
                    return;
                }
            }
        });
        Self { lines, bytes, path }
    }

    /// How large the file is, where that is known.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// The next line; `None`: that was the last.
    pub async fn next(&mut self) -> Result<Option<Numbered>, ImportError> {
        let unreadable = |error: std::io::Error| ImportError::Unreadable {
            path: self.path.clone(),
            reason: error.to_string(),
        };
        self.lines.recv().await.transpose().map_err(unreadable)
    }
}

/// The next line; what is beyond the limit is passed over, not held.
fn next_line(from: &mut impl BufRead, end: &mut u64) -> std::io::Result<Option<Result<String, String>>> {
    let (mut line, mut length) = (Vec::new(), 0_usize);
    loop {
        let piece = from.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        let (taken, ended) = match piece.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (piece.len(), false),
        };
        if length + taken <= LINE_MAX {
            line.extend_from_slice(&piece[..taken]);
        }
        length += taken;
        from.consume(taken);
        *end += taken as u64;
        if ended {
            break;
        }
    }
    if length == 0 {
        return Ok(None);
    }
    if length > LINE_MAX {
        return Ok(Some(Err(format!("it has {length} bytes; {LINE_MAX} are the most"))));
    }
    Ok(Some(String::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_have_numbers_and_bounds() {
        let long = vec![b'x'; LINE_MAX];
        let file = [b"a\n\n".as_slice(), &long, b"y\n\xff\nlast"].concat();
        let mut lines = Lines::of(std::io::Cursor::new(file), None, "test".to_owned());
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.expect("memory can be read") {
            all.push((line.number, line.text.map_err(|why| why.chars().take(12).collect::<String>())));
        }
        let expected = [
            (1, Ok("a\n".to_owned())),
            (2, Ok("\n".to_owned())),
            (3, Err(format!("it has {}", LINE_MAX + 2).chars().take(12).collect())),
            (4, Err("it is not UT".to_owned())),
            (5, Ok("last".to_owned())),
        ];
        assert_eq!(all, expected);
    }
}
