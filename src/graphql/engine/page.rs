//! Pages, which are made outside of GraphQL, on the same terms as queries.

use std::net::IpAddr;

use tokio::time::timeout;

use super::{Engine, too_long};
use crate::domain::user::Viewer;
use crate::graphql::error::GraphError;
use crate::limits::seconds;
use crate::pace::Act;

impl Engine {
    /// Makes a page for somebody at an address.
    ///
    /// # Errors
    /// `RATE_LIMITED`, `OVERLOADED`, or `TIMEOUT`.
    pub async fn make_page<T>(
        &self,
        address: IpAddr,
        making: impl Future<Output = T>,
    ) -> Result<T, GraphError> {
        if let Some(pace) = &self.pace {
            pace.check(Act::Read, &Viewer::Anonymous, address).await?;
        }
        let _turn = self.load.turn().await?;
        timeout(seconds(self.limits.execution_seconds), making).await.map_err(|_| too_long())
    }
}
