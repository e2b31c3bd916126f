//! `talkback import`: articles and comments from elsewhere, a JSON object a line.
//!
//! - `line`: what a line may hold
//! - `lines`: a file, line by line, within bounds
//! - `progress`: how far it is, for whoever watches

mod line;
mod lines;
mod progress;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use self::line::Line;
use self::lines::{Lines, Numbered};
use self::progress::Progress;
use crate::app::{self, AppError};
use crate::config::Config;
use crate::domain::ids::UserId;
use crate::domain::user::{Role, User, Viewer};
use crate::service::import::{Brought, ForeignComment, Outcome};
use crate::service::{Failure, Service};

/// Comments of one transaction: it holds other writers up for as long as it lasts.
const BATCH: usize = 100;
/// Lines that are told of one by one; more are counted.
const TOLD_MAX: u64 = 200;

/// What `talkback import --help` says of the format.
pub const FORMAT: &str = r#"The format jsonl: one JSON object a line, in UTF-8. An article comes before its comments, a comment
before its replies.

An article has "type": "article" and
  "id"        required: what it is called where it comes from, 1 to 200 bytes
  "slug"      required: the name in its address, of a-z, 0-9 and -
  "headline"  required
  "body" (Markdown), "url", "publishedAt" (such as "2024-05-01T06:30:00Z"), "summary", "byline",
  "section", "language", "storyHeadline", "standfirst", "keyPointsHeading", "keyPoints" ["…"],
  "tags" ["…"], "pullQuote" {"text", "attribution"}, "dateline" {"place", "date"},
  "source" {"name", "url"}, "commenting" {"state": "OPEN" or "CLOSED", "moderation": "PRE" or
  "POST", "minLength", "maxLength", "closesAt", "guidelines"}

A comment has "type": "comment" and
  "id"         required
  "article"    required: the id of an article, or the slug of one that is here
  "author"     required: {"id": "u7", "name": "Ana"}
  "body"       required: Markdown, 1 to 5,000 characters
  "createdAt"  required: a time that is over
  "parent"     the id of the comment that it replies to
  "status"     APPROVED (where it is left out), PENDING, REJECTED or SPAM
  "reason"     why it was rejected, such as OFF_TOPIC

  {"type": "article", "id": "4711", "slug": "night-ferry", "headline": "The Night Ferry"}
  {"type": "comment", "id": "c1", "article": "4711", "author": {"id": "u7", "name": "Ana"},
   "body": "Well said.", "createdAt": "2024-05-01T07:12:00Z"}   (in one line)

By the ids, a second run adds what is missing and nothing twice: run it again after an error, or
with a longer file. A line that can't be taken is named with its number and left out; the others
go on, and the command ends with 1. An article whose slug is taken stays as it is, and its
comments go under it. Authors become guests: nobody can sign in as one of them.

Examples:
  talkback import jsonl archive.jsonl
  export-my-old-system | talkback import jsonl -"#;

/// A format that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
}

/// What to import.
#[derive(Args)]
pub struct Import {
    /// How it is written
    format: Format,
    /// The file; `-` is standard input
    file: PathBuf,
}

/// Why an import ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The store or what it needs.
    #[error(transparent)]
    App(#[from] AppError),
    /// It can't be read.
    #[error("can't read {path}: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// It could not be stored.
    #[error(
        "stopped at line {line}: {failure}; what came before it is stored, and a second run goes on from there"
    )]
    Failed {
        /// Where.
        line: u64,
        /// Why.
        failure: Failure,
    },
}

/// What an import came to.
#[derive(Default)]
pub struct Tally {
    articles: u64,
    comments: u64,
    there: u64,
    left_out: u64,
}

impl Tally {
    /// Lines that were left out.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { articles, comments, there, left_out } = self;
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        let was = |count: u64| if count == 1 { "was" } else { "were" };
        write!(
            f,
            "Added {articles} article{} and {comments} comment{}; {there} {} there already; {left_out} line{} {} left out.",
            plural(*articles),
            plural(*comments),
            was(*there),
            plural(*left_out),
            was(*left_out),
        )
    }
}

/// Brings in what a file holds.
///
/// # Errors
/// [`ImportError`].
pub async fn run(config: &Config, import: &Import) -> Result<Tally, ImportError> {
    let Import { format: Format::Jsonl, file } = import;
    let lines = Lines::open(file).map_err(|error| ImportError::Unreadable {
        path: file.display().to_string(),
        reason: error.to_string(),
    })?;
    let opened = app::open(config).await?;
    let service = app::service_alone(&opened);
    let editor =
        User { id: UserId(service.clock.new_id()), display_name: "import".to_owned(), role: Role::Admin };
    let mut importer = Importer {
        service,
        editor: Viewer::acting(editor),
        progress: Progress::over(lines.bytes()),
        waiting: Vec::new(),
        tally: Tally::default(),
    };
    let done = importer.take_all(lines).await;
    importer.progress.end();
    opened.store.close().await;
    done.map(|()| importer.tally)
}

struct Importer {
    service: Service,
    editor: Viewer,
    progress: Progress,
    /// Comments of the next transaction, with the numbers of their lines.
    waiting: Vec<(u64, ForeignComment)>,
    tally: Tally,
}

impl Importer {
    async fn take_all(&mut self, mut lines: Lines) -> Result<(), ImportError> {
        while let Some(Numbered { number, text, end }) = lines.next().await? {
            match text.and_then(|text| line::read(&text)) {
                Ok(None) => {}
                Ok(Some(Line::Comment(comment))) => {
                    // What one batch may reply to is what it has; the same id twice is seen in the next.
                    self.waiting.push((number, *comment));
                    if self.waiting.len() >= BATCH {
                        self.store_waiting().await?;
                    }
                }
                Ok(Some(Line::Article(article))) => {
                    let brought = self.service.import_article(&self.editor, *article).await;
                    let outcome = brought.map_err(|failure| ImportError::Failed { line: number, failure })?;
                    self.count(number, outcome, true);
                }
                Err(why) => self.count(number, Err(why), false),
            }
            self.progress.at(number, end);
        }
        self.store_waiting().await
    }

    async fn store_waiting(&mut self) -> Result<(), ImportError> {
        let waiting = std::mem::take(&mut self.waiting);
        let Some((first, _)) = waiting.first() else { return Ok(()) };
        let first = *first;
        let (numbers, comments): (Vec<u64>, Vec<ForeignComment>) = waiting.into_iter().unzip();
        let outcomes = self.service.import_comments(&comments).await;
        let outcomes = outcomes.map_err(|failure| ImportError::Failed { line: first, failure })?;
        for (number, outcome) in numbers.into_iter().zip(outcomes) {
            self.count(number, outcome, false);
        }
        Ok(())
    }

    fn count(&mut self, number: u64, outcome: Outcome, is_article: bool) {
        match outcome {
            Ok(Brought::Added) if is_article => self.tally.articles += 1,
            Ok(Brought::Added) => self.tally.comments += 1,
            Ok(Brought::There) => self.tally.there += 1,
            Err(why) => {
                self.tally.left_out += 1;
                self.progress.end();
                let told = match self.tally.left_out {
                    ..TOLD_MAX => format!("line {number}: {why}"),
                    TOLD_MAX => {
                        format!("line {number}: {why} (further lines that are left out are only counted)")
                    }
                    _ => return,
                };
                let _ = writeln!(std::io::stderr().lock(), "{told}");
            }
        }
    }
}
