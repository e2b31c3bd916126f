//! Whether an operation is one that this schema answers within these limits: told when the node starts, not to the first
//! reader who needs it.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::{Request, ServerError, ValidationResult, Variables};

use super::operation::Operation;
use crate::graphql::TalkbackSchema;
use crate::graphql::guard::{self, Limits};

/// What a request ends with that has passed validation: nothing of it is to run.
const VALID: &str = "valid";

/// See the module.
pub struct Validator {
    schema: TalkbackSchema,
    limits: Limits,
}

impl Validator {
    /// For the schema as it is, and limits as they are set.
    ///
    /// # Errors
    /// The schema's own text does not parse: a fault of the build.
    pub fn new(limits: &Limits) -> Result<Self, async_graphql::parser::Error> {
        let schema = crate::graphql::builder().extension(Stop).finish();
        let limits = limits.clone().with_types_of(&schema.sdl())?;
        Ok(Self { schema, limits })
    }

    /// # Errors
    /// What is wrong with it, in one line.
    pub(super) async fn check(&self, operation: &Operation) -> Result<(), String> {
        let (text, name) = (&operation.text, operation.name.as_deref());
        let admitted = guard::admit(text, name, &Variables::default(), &self.limits)
            .map_err(|refusal| ServerError::from(refusal).message)?;
        let mut request = Request::new(text.clone());
        request.operation_name.clone_from(&operation.name);
        request.set_parsed_query(admitted.document);
        let response = self.schema.execute(request).await;
        match response.errors.split_first() {
            Some((error, _)) if error.message == VALID => Ok(()),
            Some((error, [])) => Err(error.message.clone()),
            Some((error, more)) => Err(format!("{} (and {} more errors)", error.message, more.len())),
            None => Ok(()),
        }
    }
}

/// Ends every request after its validation.
struct Stop;

impl ExtensionFactory for Stop {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Stop {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        next.run(ctx).await?;
        Err(vec![ServerError::new(VALID, None)])
    }
}

#[cfg(test)]
mod tests {
    use super::super::operation::of_document;
    use super::*;

    #[tokio::test]
    async fn what_the_schema_does_not_have_or_the_limits_do_not_let_through_is_told() {
        let validator = Validator::new(&Limits { depth: 6, ..Limits::default() }).expect("the schema parses");
        let told = async |text: &str| {
            let operation = of_document(text).expect("it parses").remove(0);
            validator.check(&operation).await.err()
        };
        for good in [
            "query A($slug: String!, $first: Int!) { article(slug: $slug) { id comments(first: $first) { totalCount } } }",
            "mutation B($input: CommentSubmitInput!) { commentSubmit(input: $input) { comment { id } } }",
            "subscription C($id: ID!) { commentApproved(articleId: $id) { cursor } }",
        ] {
            assert_eq!(told(good).await, None, "{good}");
        }
        for (bad, why) in [
            ("query A { article(slug: \"a\") { headlin } }", "headlin"),
            ("query A($slug: Nothing!) { article(slug: $slug) { id } }", "Nothing"),
            ("query A { article(slug: \"a\") { ...F } }", "F"),
            ("subscription C { nothing }", "nothing"),
            ("{ articles { nodes { comments { nodes { replies { nodes { id } } } } } } }", "levels"),
        ] {
            let told = told(bad).await.unwrap_or_default();
            assert!(told.contains(why), "{bad}: {told}");
        }
    }
}
