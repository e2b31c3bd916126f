//! Talkback: articles, threaded reader comments, moderation and a live feed, as one GraphQL service.
//!
//! # The map
//! - [`cli`] reads the command line, [`config`] what an operator set, [`app`] puts everything together.
//! - [`domain`] is what it is about: the comment state machine, who may do what, what happened.
//! - [`service`] are the use cases: check, write, commit, and only then tell.
//! - [`store`] is the only code that knows the database; its event log is the truth.
//! - [`bus`] tells other nodes that something was committed: a hint, never the truth.
//! - [`feed`] turns the log into bytes, once for all readers who asked for the same.
//! - [`graphql`] is the API, behind its guard; [`http`] speaks its protocols and shows the pages.
//! - [`pace`] is how fast one person or address may act; [`metrics`] is what a node counts, [`trace`] the id of
//!   a request, [`telemetry`] where the log and traces go.
//! - [`auth`] turns credentials into a viewer; [`clock`] is time; [`upkeep`] tidies up; [`demo`] is a newsroom
//!   to look at.
//!
//! # The life of one comment
//! `commentSubmit` reaches [`http`], passes the guard and [`graphql`], and becomes a submission to
//! [`service::comments`]: the rules of its article hold it, or let it through. A moderator's `commentApprove`
//! names the revision that was read; [`domain::comment`] says what becomes of the comment, and
//! [`store`] writes it in one transaction with every count above it, the line of history and the article's
//! next event. After the commit the [`bus`] carries `(article, sequence)` to every node; the hub of the
//! article reads the event from the store, each group of like subscriptions renders it once, and every
//! reader's next write takes it along.

pub mod app;
pub mod auth;
pub mod bus;
pub mod cli;
pub mod clock;
mod complaints;
pub mod config;
mod crowd;
pub mod demo;
pub mod domain;
pub mod feed;
pub mod graphql;
mod handles;
pub mod http;
pub mod limits;
mod memory;
pub mod metrics;
pub mod pace;
#[cfg(feature = "planted-bugs")]
pub mod planted;
mod private;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod trace;
pub mod upkeep;
