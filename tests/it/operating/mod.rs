//! What an operator needs: health, metrics, ids to look for, a server that stops well and survives a full disk.

mod faults_shown;
mod full;
mod headers;
mod leaving;
mod panics;
pub mod seen;
mod silent;
mod stores;
mod traces;
