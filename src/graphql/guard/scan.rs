//! The look at the text before the parser sees it: one pass over the bytes, no allocation, no recursion.
//!
//! The lexical rules are those of the GraphQL specification (section 2.1, September 2025). The parser behind it is
//! a backtracking grammar without a lexer, so it can split a few malformed texts in ways of its own; whatever could
//! be split in two ways is refused here (a number that runs into another or into a name, a block string
//! without an end). What passes is cut into the same tokens by both, and no bracket is hidden from either.

use async_graphql::Pos;

use super::refusal::Refusal;

/// What a text holds, counted exactly.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scan {
    /// Tokens; the parser splits a name that begins with `true`, `false` or `null` where a value may stand, so that
    /// one counts as many as it could become.
    pub tokens: u64,
    /// The most brackets of any kind that are open at once.
    pub nesting: u64,
    /// `@` signs.
    pub directives: u64,
    /// Bytes of the longest name.
    pub longest_name: u64,
}

/// Counts the tokens of a query, or says where it stops being made of tokens.
pub(super) fn scan(text: &str) -> Result<Scan, Refusal> {
    let mut lexer = Lexer { bytes: text.as_bytes(), at: 0, open: 0, nul: None, scan: Scan::default() };
    match lexer.run() {
        Ok(()) => match lexer.nul {
            None => Ok(lexer.scan),
            Some(at) => Err(Refusal::BadCharacter { variable: None, location: Some(position(text, at)) }),
        },
        Err(found) => {
            Err(Refusal::Syntax { message: found.to_owned(), locations: vec![position(text, lexer.at)] })
        }
    }
}

struct Lexer<'a> {
    bytes: &'a [u8],
    /// Where the next token begins; after an error, where the offending one does.
    at: usize,
    open: u64,
    /// Where the first string begins that holds a NUL, spelled out or escaped.
    nul: Option<usize>,
    scan: Scan,
}

type Step<T> = Result<T, &'static str>;

impl Lexer<'_> {
    fn run(&mut self) -> Step<()> {
        while let Some(&byte) = self.bytes.get(self.at) {
            let end = match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                    self.at += 1;
                    continue;
                }
                0xEF if self.follows(self.at, "\u{feff}") => {
                    self.at += '\u{feff}'.len_utf8();
                    continue;
                }
                b'#' => {
                    self.at = self.comment_end()?;
                    continue;
                }
                b'"' if self.follows(self.at, r#"""""#) => self.block_string_end()?,
                b'"' => self.string_end()?,
                b'(' | b'[' | b'{' => {
                    self.open += 1;
                    self.scan.nesting = self.scan.nesting.max(self.open);
                    self.at + 1
                }
                b')' | b']' | b'}' => {
                    self.open =
                        self.open.checked_sub(1).ok_or("a bracket is closed that was never opened")?;
                    self.at + 1
                }
                b'@' => {
                    self.scan.directives += 1;
                    self.at + 1
                }
                b'!' | b'$' | b'&' | b':' | b'=' | b'|' => self.at + 1,
                b'.' if self.follows(self.at, "...") => self.at + 3,
                b'-' | b'0'..=b'9' => self.number_end()?,
                _ if is_name_start(byte) => self.name_end(),
                0 => return Err("a NUL character"),
                _ => return Err("a character that begins no token"),
            };
            self.scan.tokens += 1;
            self.at = end;
        }
        Ok(())
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn follows(&self, at: usize, text: &str) -> bool {
        self.bytes.get(at..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    fn comment_end(&self) -> Step<usize> {
        let mut at = self.at;
        loop {
            match self.byte(at) {
                None | Some(b'\n' | b'\r') => return Ok(at),
                Some(0) => return Err("a NUL character in a comment"),
                Some(_) => at += 1,
            }
        }
    }

    fn string_end(&mut self) -> Step<usize> {
        let mut at = self.at + 1;
        loop {
            match self.byte(at) {
                None | Some(b'\n' | b'\r') => return Err("a string without its closing quote"),
                Some(b'"') => return Ok(at + 1),
                Some(0) => {
                    self.nul.get_or_insert(self.at);
                    at += 1;
                }
                Some(b'\\') => match self.byte(at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                    Some(b'u')
                        if (2..6).all(|i| self.byte(at + i).is_some_and(|b| b.is_ascii_hexdigit())) =>
                    {
                        if self.follows(at + 2, "0000") {
                            self.nul.get_or_insert(self.at);
                        }
                        at += 6;
                    }
                    _ => return Err("a string with an unknown escape"),
                },
                Some(_) => at += 1,
            }
        }
    }

    fn block_string_end(&mut self) -> Step<usize> {
        let mut at = self.at + 3;
        loop {
            match self.byte(at) {
                None => return Err("a block string without its closing quotes"),
                Some(0) => {
                    self.nul.get_or_insert(self.at);
                    at += 1;
                }
                Some(b'\\') if self.follows(at, r#"\""""#) => at += 4,
                Some(b'"') if self.follows(at, r#"""""#) => return Ok(at + 3),
                Some(_) => at += 1,
            }
        }
    }

    fn number_end(&self) -> Step<usize> {
        let mut at = self.at + usize::from(self.byte(self.at) == Some(b'-'));
        at = match self.byte(at) {
            // A zero begins no longer number: `00` would be two values to the parser.
            Some(b'0') => at + 1,
            _ => self.digits_end(at)?,
        };
        if self.byte(at) == Some(b'.') {
            at = self.digits_end(at + 1)?;
        }
        if let Some(b'e' | b'E') = self.byte(at) {
            at += 1 + usize::from(matches!(self.byte(at + 1), Some(b'+' | b'-')));
            at = self.digits_end(at)?;
        }
        match self.byte(at) {
            Some(byte) if byte == b'.' || byte.is_ascii_digit() || is_name_start(byte) => {
                Err("a number that runs into what follows it")
            }
            _ => Ok(at),
        }
    }

    fn digits_end(&self, from: usize) -> Step<usize> {
        let digits =
            self.bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 { Err("a number without digits") } else { Ok(from + digits) }
    }

    fn name_end(&mut self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|&&b| is_name_start(b) || b.is_ascii_digit()).count();
        let splits = ["true", "false", "null"].iter().any(|word| rest.starts_with(word.as_bytes()));
        if splits {
            self.scan.tokens += (length as u64 - 1) / 4;
        }
        self.scan.longest_name = self.scan.longest_name.max(length as u64);
        self.at + length
    }
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// The line and column of a byte, both from one; lines end as the specification says, columns are characters.
fn position(text: &str, byte: usize) -> Pos {
    let mut pos = Pos { line: 1, column: 1 };
    let mut after_return = false;
    for (at, char) in text.char_indices() {
        if at >= byte {
            break;
        }
        match char {
            '\n' if after_return => {}
            '\n' | '\r' => pos = Pos { line: pos.line + 1, column: 1 },
            _ => pos.column += 1,
        }
        after_return = char == '\r';
    }
    pos
}
