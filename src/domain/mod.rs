//! What Talkback is about, without a database, a web server or a query language: ids, articles,
//! comments and their states, who may do what, what happens to a submission, and what happened.

pub mod action;
pub mod address;
pub mod article;
pub mod comment;
pub mod cursor;
pub mod event;
pub mod ids;
pub mod markdown;
pub mod moderation;
pub mod policy;
pub mod queue;
pub mod reaction;
pub mod rules;
pub mod sanction;
pub mod statistics;
pub mod text;
pub mod user;
