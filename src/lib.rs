pub mod auth;
pub mod bus;
pub mod clock;
pub mod domain;
pub mod feed;
pub mod graphql;
pub mod service;
pub mod store;
