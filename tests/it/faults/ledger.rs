//! What writers sent, and what they were told.

use std::{collections::HashMap, time::Instant};

use uuid::Uuid;

use super::Violation;

/// What was sent and what was answered.
#[derive(Default)]
pub struct Ledger {
    pub comments: Vec<Known>,
    /// By the number in the text: which comment, and the revision that it came with; none while nobody knows.
    pub marks: Vec<Option<(Uuid, i32)>>,
    pub acks: Vec<Ack>,
    pub refusals: HashMap<String, u64>,
    pub repeats: u64,
    pub violations: Vec<Violation>,
}

/// A comment, as its writers last heard of it.
#[derive(Clone, Debug)]
pub struct Known {
    pub id: Uuid,
    pub global: String,
    pub article: usize,
    pub author: usize,
    pub root: Uuid,
    pub depth: u32,
    pub revision: i32,
    pub status: String,
}

/// An answer that said: this is how the comment stands.
#[derive(Clone, Debug)]
pub struct Ack {
    pub at: Instant,
    pub what: &'static str,
    pub comment: Uuid,
    pub revision: i32,
    pub status: String,
}
