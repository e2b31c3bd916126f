//! The lists that the schema answers with whole, and what each counts for. A list that may grow belongs into this
//! table, or becomes a connection: a test holds the schema against it.

/// The name of an unpaged list, and the rows that its selection is taken to be executed for.
pub(super) const LISTS: [(&str, u64); 7] = [
    // Five comments for each rule and outcome that a dry run met.
    ("samples", 100),
    // A hundred at most. It counts for more, so that even the least selection of a comment's ancestors' ancestors is over
    // the default limit: that list grows with the square of the depth, and answers nothing that the first doesn't.
    ("ancestors", 160),
    // The last two hundred, but a comment is seldom sent in, decided on and edited more than a few times: as much as
    // lets the moderators' queue be read with it, in pages of any size.
    ("history", 15),
    // As many as a period may have, and as the busiest are listed.
    ("slices", 400),
    ("heldBy", 50),
    ("decidedBy", 50),
    // One for each comment that a bulk action names or undoes: a hundred at most.
    ("results", 100),
];

/// The rows of a field if it is an unpaged list, else one.
pub(super) fn rows(field: &str) -> u64 {
    LISTS.iter().find(|(name, _)| *name == field).map_or(1, |(_, rows)| *rows)
}
