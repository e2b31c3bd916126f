//! An actor: somebody who sends GraphQL over HTTP to one node.
//!
//! ```ignore
//! let ana = world.guest("Ana").await;
//! let answer = ana.run("CommentSubmit", json!({ "input": { … } })).await;
//! assert_eq!(answer.user_errors()[0].code, "TOO_SHORT");
//! ```

use serde::Deserialize;
use serde_json::{Value, json};

use super::{operations::Operation, wait};

/// Who asks, and where. Cheap to clone; its connections belong to the test's runtime.
#[derive(Clone, Debug)]
pub struct Actor {
    /// `http://127.0.0.1:PORT`, of a node or of a proxy before it.
    pub base: String,
    /// A bearer token; without one the actor is anonymous.
    pub token: Option<String>,
    pub http: reqwest::Client,
}

impl Actor {
    /// Somebody without a token.
    pub fn anonymous(base: impl Into<String>) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy() // a developer's HTTP_PROXY has no business here
            .connect_timeout(wait::deadline())
            .build()
            .expect("an HTTP client without TLS always builds");
        Self { base: base.into(), token: None, http }
    }

    /// The same connections, another identity.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same identity, at another node or behind a proxy.
    pub fn at(&self, base: impl Into<String>) -> Self {
        Self { base: base.into(), ..self.clone() }
    }

    /// Opens a guest session: the same connections, a new reader.
    pub async fn guest(&self, display_name: &str) -> Self {
        let answer = self.run("SessionStartGuest", json!({ "input": { "displayName": display_name } })).await;
        assert!(answer.user_errors().is_empty(), "a guest session was refused\n{answer}");
        self.with_token(answer.text("/sessionStartGuest/token"))
    }

    /// Sends an operation of the contract.
    pub async fn run(&self, operation: &str, variables: Value) -> Answer {
        self.send(Operation::named(operation, variables)).await
    }

    /// Sends a document of the test's own.
    pub async fn raw(&self, query: &str, variables: Value) -> Answer {
        self.send(Operation::raw(query, variables)).await
    }

    /// Sends and demands an answer in JSON, whatever it says.
    pub async fn send(&self, operation: Operation) -> Answer {
        let what = operation.name.clone().unwrap_or_else(|| operation.query.clone());
        match self.try_send(operation).await {
            Ok(answer) => answer,
            Err(reason) => panic!("no GraphQL answer to {what} from {}: {reason}", self.base),
        }
    }

    /// Sends to a node that may be dead, paused, or about to die. `Err` says what became of the request; whether it was
    /// carried out, nobody knows.
    pub async fn try_send(&self, operation: Operation) -> Result<Answer, String> {
        let request = self.request(reqwest::Method::POST).json(&operation).timeout(wait::deadline());
        let response = request.send().await.map_err(|error| chain(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(|error| chain(&error))?;
        let body = serde_json::from_str(&text)
            .map_err(|_| format!("status {status} with a body that is no JSON: {text:?}"))?;
        Ok(Answer { operation, status, headers, body })
    }

    /// A request to `/graphql` with the actor's identity, for tests of the transport itself.
    pub fn request(&self, method: reqwest::Method) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/graphql", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// What came back. Its helpers fail the test with the request and the whole answer.
#[derive(Debug)]
pub struct Answer {
    pub operation: Operation,
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

/// A refusal that the caller can act on.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct UserError {
    pub code: String,
    pub message: String,
    #[serde(default)]
    pub field: Option<Vec<String>>,
}

impl Answer {
    /// The value at a JSON pointer below `data`, of an answer without errors: `"/article/comments/edges"`.
    #[track_caller]
    pub fn data(&self, pointer: &str) -> &Value {
        assert!(self.body.get("errors").is_none(), "the answer has errors\n{self}");
        match self.body.get("data").and_then(|data| data.pointer(pointer)) {
            Some(found) => found,
            None => panic!("the answer has nothing at data{pointer}\n{self}"),
        }
    }

    /// [`data`](Self::data), where it is text.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> &str {
        let Value::String(text) = self.data(pointer) else { panic!("data{pointer} is no text\n{self}") };
        text
    }

    /// [`data`](Self::data), where it is a whole number.
    #[track_caller]
    pub fn number(&self, pointer: &str) -> i64 {
        let Some(number) = self.data(pointer).as_i64() else {
            panic!("data{pointer} is no whole number\n{self}")
        };
        number
    }

    /// [`data`](Self::data), where it is a list.
    #[track_caller]
    pub fn list(&self, pointer: &str) -> &[Value] {
        let Value::Array(list) = self.data(pointer) else { panic!("data{pointer} is no list\n{self}") };
        list
    }

    /// The `userErrors` of the one mutation that was sent.
    #[track_caller]
    pub fn user_errors(&self) -> Vec<UserError> {
        let fields = self.data("").as_object().into_iter().flatten();
        let mut found = fields.filter_map(|(_, payload)| payload.get("userErrors"));
        let (Some(errors), None) = (found.next(), found.next()) else {
            panic!("not one payload with userErrors\n{self}")
        };
        match serde_json::from_value(errors.clone()) {
            Ok(errors) => errors,
            Err(error) => panic!("odd userErrors: {error}\n{self}"),
        }
    }

    /// `extensions.code` of the only error. There must be exactly one.
    #[track_caller]
    pub fn code(&self) -> &str {
        let [error] = self.errors() else { panic!("not exactly one error\n{self}") };
        match error.pointer("/extensions/code") {
            Some(Value::String(code)) => code,
            _ => panic!("the error has no extensions.code\n{self}"),
        }
    }

    /// The top-level errors; none is an empty list.
    pub fn errors(&self) -> &[Value] {
        self.body.get("errors").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sent = self.operation.name.as_deref().unwrap_or(&self.operation.query);
        writeln!(f, "  sent:     {sent} {}", self.operation.variables)?;
        let mut body = format!("{:#}", self.body);
        if let Some((end, _)) = body.char_indices().nth(6_000) {
            body.truncate(end);
            body.push('…');
        }
        write!(f, "  answered: {} {}", self.status, body.replace('\n', "\n  "))
    }
}

/// An error with its causes: reqwest's own text stops at "error sending request".
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
