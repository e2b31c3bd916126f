//! Queries and mutations: one answer each.

use std::net::IpAddr;

use async_graphql::Response;
use async_graphql::parser::types::OperationType;
use tokio::time::Instant;
use tracing::Instrument;

use super::response::{is_executed, kind, outcome, tidy};
use super::{Accepted, Engine, refused, request, too_long};
use crate::domain::user::Viewer;
use crate::graphql::answers::{self, Held};
use crate::graphql::context::Scope;
use crate::graphql::error::GraphError;
use crate::graphql::guard::Admitted;
use crate::limits::{seconds, size};
use crate::metrics;
use crate::store::seeing;

/// What came of a request, and the room that it takes until it is sent.
pub struct Answer {
    /// The response.
    pub response: Response,
    /// Its room.
    pub held: Held,
}

impl Engine {
    /// Runs a query or a mutation.
    pub async fn run(&self, accepted: Accepted, viewer: Viewer) -> Answer {
        let (started, kind, address) = (Instant::now(), kind(accepted.operation()), accepted.asked.address);
        let is_mutation = accepted.operation() == OperationType::Mutation;
        let trace = accepted.trace.clone();
        let span =
            tracing::debug_span!("operation", kind, trace_id = %trace, outcome = tracing::field::Empty);
        let running = self.run_in_trace(accepted, viewer).instrument(span.clone());
        let response = trace.scope(running).await;
        let answer = self.weighed(response, is_mutation, address);
        let response = &answer.response;
        let outcome = outcome(response);
        span.record("outcome", &*outcome);
        metrics::all().ended(kind, outcome, started.elapsed());
        answer
    }

    /// An answer that may be sent, and has room until it is taken.
    fn weighed(&self, response: Response, is_mutation: bool, address: IpAddr) -> Answer {
        let (bytes, most) = (answers::bytes(&response), size(self.limits.answer_bytes));
        let held = if bytes > most {
            Err(answers::too_large(most))
        } else {
            self.load.answers().hold(bytes, address)
        };
        match held {
            Ok(held) => Answer { response, held },
            Err(error) if is_mutation => {
                Answer { response: answers::unsent(&response, error.message()), held: Held::default() }
            }
            Err(error) => Answer { response: refused(error), held: Held::default() },
        }
    }

    async fn run_in_trace(&self, mut accepted: Accepted, viewer: Viewer) -> Response {
        let scope = match accepted.operation() {
            OperationType::Query => Scope::frozen(self.service.clone(), viewer),
            OperationType::Mutation => Scope::live(self.service.clone(), viewer),
            OperationType::Subscription => {
                let message = "A subscription needs a stream: ask for text/event-stream, or use a WebSocket.";
                return refused(GraphError::new("SUBSCRIPTION_NEEDS_A_STREAM", message));
            }
        };
        // tokio's budget would make some of those who wait for one batch wait a turn longer than others, and
        // so split the next: a request is bounded by its cost instead.
        let turn = match self.load.turn().await {
            Ok(turn) => turn,
            Err(error) => return refused(error),
        };
        let (known, said) = (accepted.take_new_text(), self.said(&accepted));
        let cost = accepted.asked.shows_cost.then(|| self.cost_of(&accepted.admitted));
        let executing = tokio::task::unconstrained(seeing(async {
            let response = self.schema.execute(request(accepted).data(scope)).await;
            // What it says of others' writes holds by the time that it says so.
            self.service.store.settled().await.map(|()| response)
        }));
        let most = seconds(self.limits.execution_seconds);
        let mut response = match tokio::time::timeout(most, executing).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return refused(error.into()),
            Err(_) => return refused(too_long()),
        };
        drop(turn);
        if is_executed(&response) {
            self.remember(known).await;
        }
        tidy(&mut response, said.as_ref());
        if let Some(cost) = cost {
            response.extensions.insert("cost".to_owned(), cost);
        }
        response
    }

    /// What a request counts for, as `extensions.cost` says it. On demand, by `extensions: {"cost": true}`: who does
    /// not ask gets the same bytes as ever, and events are the same for all who share them.
    fn cost_of(&self, admitted: &Admitted) -> async_graphql::Value {
        let Admitted { cost, depth, fields, .. } = *admitted;
        async_graphql::value!({ "points": cost, "limit": self.limits.cost, "depth": depth, "fields": fields })
    }
}
