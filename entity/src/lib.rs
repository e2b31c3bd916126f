//! The rows of the store, one file per table. They know columns and keys; what a row means is the domain's.

pub mod account;
pub mod article;
pub mod article_event;
pub mod article_tag;
pub mod comment;
pub mod ended_session;
pub mod idempotency_key;
pub mod imported;
pub mod kept_sanction;
pub mod key_point;
pub mod moderation_action;
pub mod moderation_entry;
pub mod moderation_rules;
pub mod queue_event;
pub mod queue_log;
pub mod reaction;
pub mod report;
pub mod setting;
pub mod sign_in_code;
pub mod standing_change;
pub mod submission_mark;
pub mod user;
pub mod user_sanction;
