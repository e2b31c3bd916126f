//! Every integration test: real servers, the public API, assertions that a user would make.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests say what they saw, and fail by panicking"
)]

mod accounts;
mod actions;
mod answering;
mod bus;
mod claims;
mod corpus;
mod corrupted;
mod deciding;
mod dependencies;
mod edge;
mod faults;
mod finding;
mod first_light;
mod following;
mod forgetting;
mod hook;
mod hostile;
mod identity;
mod importing;
mod moderating;
mod operating;
mod pages;
mod policy;
mod precision;
mod queues;
mod racing;
mod rates;
mod readme;
mod record;
mod refusals;
mod rereading;
mod restored;
mod resuming;
mod rules;
mod schema;
mod sequences;
mod sharing;
mod siege;
mod statements;
mod statistics;
mod support;
mod undoing;
