//! What clients see: each type reads its own fields from the domain, and what hangs off it through batches.

pub mod action;
pub mod article;
pub mod comment;
pub mod enums;
pub mod event;
pub mod moderation;
pub mod node;
pub mod queue;
pub mod record;
pub mod rules;
pub mod statistics;
pub mod user;
