//! Real servers, real nodes, and people who use them. A test builds a [`World`](world::World) and acts through its
//! [`Actor`](client::Actor)s and [`Follower`](follower::Follower)s; the rest is for tests of faults.
//!
//! | file | what lives there |
//! |---|---|
//! | `world` | a whole installation, embedded or scaled, and the people in it |
//! | `node` | the `talkback` binary as a process: start, kill, drain, freeze, start again |
//! | `client`, `operations` | GraphQL over HTTP, by the names of the contract's operations |
//! | `follower`, `ws`, `sse` | subscriptions over both transports, with every raw frame |
//! | `inside` | the service in the test's own process, for what no client sees |
//! | `jwks` | a host site that signs people in: keys, tokens, a key set's address |
//! | `newsroom` | an article to comment on, and comments on it |
//! | `proxy` | a bad network between any two of them |
//! | `postgres`, `database`, `redis`, `servers` | a database per test; private servers that may crash |
//! | `example` | the server with the features that no build has by default |
//! | `pressure` | how long somebody waited for a processor, which no promise counts |
//! | `process`, `reaper` | child processes that are observed, and that never outlive the tests |
//! | `wait` | deadlines: 10 s for anything, more by `TALKBACK_TEST_DEADLINE` |
//! | `own_tests` | tests of the tools themselves |
//!
//! Names matter: `tests/run --quick` skips tests with `scaled`, `Scaled`, `postgres` or `redis` in theirs.

#![allow(
    dead_code,
    reason = "a set of tools: each must be there before its first use, and stay after its last"
)]

pub mod client;
pub mod database;
pub mod example;
pub mod follower;
pub mod inside;
pub mod jwks;
pub mod newsroom;
pub mod node;
pub mod operations;
pub mod postgres;
pub mod pressure;
pub mod process;
pub mod proxy;
pub mod reaper;
pub mod redis;
pub mod servers;
pub mod sse;
pub mod wait;
pub mod world;
pub mod ws;

mod own_tests;
