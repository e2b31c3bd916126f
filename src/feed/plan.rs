//! What a subscription asks for, worked out before it runs, so that those who ask for the same are one.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection as AstSelection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};

use crate::domain::comment::ReaderChange;
use crate::domain::event::{Event, EventKind};
use crate::domain::ids::UserId;
use crate::domain::user::Viewer;

/// Which of the subscriptions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Selection {
    /// `articleEvents`: everything that readers see.
    Everything,
    /// `commentApproved`: comments that appear.
    Approved,
    /// `moderationEvents`: everything that happens in the queues.
    Queues,
}

impl Selection {
    /// Whether an event is one of those.
    #[must_use]
    pub const fn wants(self, event: &Event) -> bool {
        let event = match event {
            Event::Article(event) => event,
            Event::Queue(_) => return matches!(self, Self::Queues),
        };
        match self {
            Self::Everything => true,
            Self::Queues => false,
            Self::Approved => match &event.kind {
                EventKind::Comment(ReaderChange::Published | ReaderChange::Restored, _) => true,
                EventKind::Comment(ReaderChange::Edited | ReaderChange::Removed, _)
                | EventKind::CountsChanged { .. }
                | EventKind::ArticleUpdated
                | EventKind::CommentingChanged => false,
            },
        }
    }

    /// Whether a reader can be told to start over without ending the subscription.
    #[must_use]
    pub const fn survives_a_reset(self) -> bool {
        match self {
            Self::Everything | Self::Queues => true,
            Self::Approved => false,
        }
    }
}

impl Selection {
    fn of(root: &Field) -> Option<Self> {
        match root.name.node.as_str() {
            "articleEvents" => Some(Self::Everything),
            "commentApproved" => Some(Self::Approved),
            "moderationEvents" => Some(Self::Queues),
            _ => None,
        }
    }
}

/// With whose eyes events are rendered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Audience {
    /// Everybody's: the selection holds nothing of the viewer's own.
    Public,
    /// Every moderator's: the selection holds nothing of one's own.
    Moderators,
    /// One person's.
    Person(UserId),
}

/// A subscription, so far as it decides what bytes its readers get.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The request, as admitted.
    pub document: Arc<ExecutableDocument>,
    /// Its text: what tells documents apart.
    pub text: Arc<str>,
    /// The operation of it.
    pub operation_name: Option<String>,
    /// Its variables, less the cursor.
    pub variables: Variables,
    /// With whose eyes.
    pub audience: Audience,
    /// Whose eyes those are; nobody's for the public, those of one for all moderators.
    pub viewer: Viewer,
    /// Which subscription.
    pub selection: Selection,
    /// Whether one comment's words can stand in another's event.
    pub shows_other_comments: bool,
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
            && self.operation_name == other.operation_name
            && self.variables == other.variables
            && self.audience == other.audience
            && self.viewer.user() == other.viewer.user()
    }
}

impl Plan {
    /// What equal plans have in common.
    #[must_use]
    pub fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.text, &self.operation_name, &self.audience).hash(&mut hasher);
        // Its text: values have no hash of their own.
        serde_json::to_string(&self.variables).unwrap_or_default().hash(&mut hasher);
        hasher.finish()
    }
}

/// A subscription that can be shared: its plan, and what is each reader's own.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The `articleId` argument, where it takes one.
    pub article_id: Option<String>,
    /// The `after` argument.
    pub after: Option<String>,
}

/// Fields that only some may read, whatever they are called: they are answered to the person who asks, alike
/// if those are moderators.
const FOR_MODERATORS: [&str; 6] = ["claim", "heldBecause", "history", "record", "reports", "sanction"];

/// Fields through which one comment's event reaches the words of others.
const TO_OTHERS: [&str; 8] =
    ["replies", "ancestors", "descendants", "comments", "node", "record", "viewer", "moderationQueue"];

/// Whether a subscription selects its one field directly, and without a condition (GraphQL specification,
/// section 5.2.4.1). async-graphql would overlook a fragment there, and a condition that is a variable ends
/// the subscription at once: both without a word.
#[must_use]
pub fn has_plain_root(document: &ExecutableDocument, operation_name: Option<&str>) -> bool {
    operation(document, operation_name).is_some_and(|operation| {
        let [item] = &operation.selection_set.node.items[..] else { return false };
        matches!(&item.node, AstSelection::Field(field) if field.node.directives.is_empty())
    })
}

/// Whether a subscription, shared or not, is the moderators'.
#[must_use]
pub fn follows_queues(document: &ExecutableDocument, operation_name: Option<&str>) -> bool {
    operation(document, operation_name).is_some_and(|operation| {
        let is_queues = |item: &Positioned<AstSelection>| {
            matches!(&item.node, AstSelection::Field(field) if Selection::of(&field.node) == Some(Selection::Queues))
        };
        operation.selection_set.node.items.iter().any(is_queues)
    })
}

/// The plan of a subscription to one log; `None` where it is of another shape and runs on its own.
#[must_use]
pub fn plan(
    document: &ExecutableDocument,
    text: &str,
    operation_name: Option<&str>,
    variables: &Variables,
    viewer: &Viewer,
) -> Option<Planned> {
    let operation = operation(document, operation_name)?;
    if operation.ty != OperationType::Subscription || !operation.directives.is_empty() {
        return None;
    }
    let [Positioned { node: AstSelection::Field(root), .. }] = &operation.selection_set.node.items[..] else {
        return None;
    };
    let root = &root.node;
    let selection = Selection::of(root)?;
    let given = Given { operation, variables };
    let article_id = match selection {
        Selection::Everything | Selection::Approved => Some(given.text(root, "articleId")??),
        Selection::Queues => None,
    };
    let after = given.text(root, "after")?;
    let mut names = Names::default();
    names.walk(document, &root.selection_set.node, 0);
    let personal = match selection {
        Selection::Everything | Selection::Approved => names.personal || names.for_moderators,
        Selection::Queues => names.personal,
    };
    let audience = match (selection, viewer.id()) {
        (_, Some(id)) if personal => Audience::Person(id),
        (Selection::Queues, _) => Audience::Moderators,
        (Selection::Everything | Selection::Approved, _) => Audience::Public,
    };
    let viewer = match audience {
        Audience::Public => Viewer::Anonymous,
        Audience::Moderators => Viewer::any_moderator(),
        Audience::Person(_) => viewer.clone(),
    };
    let mut variables = variables.clone();
    if let Some(name) = given.cursor_variable(root, text) {
        variables.remove(&name);
    }
    let plan = Plan {
        document: Arc::new(document.clone()),
        text: text.into(),
        operation_name: operation_name.map(str::to_owned),
        variables,
        audience,
        viewer,
        selection,
        shows_other_comments: names.others,
    };
    Some(Planned { plan, article_id, after })
}

fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    let (_, chosen) = match name {
        Some(name) => operations.find(|(found, _)| found.is_some_and(|found| found == name))?,
        None => operations.next()?,
    };
    Some(&chosen.node)
}

/// The operation with the variables that came with it.
struct Given<'a> {
    operation: &'a OperationDefinition,
    variables: &'a Variables,
}

impl Given<'_> {
    /// A string argument of the root field: `None` where it is of another type, which validation refuses.
    fn text(&self, root: &Field, argument: &str) -> Option<Option<String>> {
        let Some(value) = root.get_argument(argument) else { return Some(None) };
        let value = value.node.clone().into_const_with(|name| self.variable(&name).ok_or(())).ok()?;
        match value {
            Value::String(text) => Some(Some(text)),
            Value::Null => Some(None),
            _ => None,
        }
    }

    fn variable(&self, name: &Name) -> Option<async_graphql::Value> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        let defined = self.operation.variable_definitions.iter().find(|v| v.node.name.node == *name)?;
        Some(defined.node.default_value().cloned().unwrap_or(Value::Null))
    }

    /// The variable that holds the cursor and nothing else: it does not tell plans apart.
    fn cursor_variable(&self, root: &Field, text: &str) -> Option<Name> {
        let async_graphql_value::Value::Variable(name) = &root.get_argument("after")?.node else {
            return None;
        };
        // Once where it is defined and once where it is used; in a string or comment it only looks used.
        (uses(text, name) == 2).then(|| name.clone())
    }
}

fn uses(text: &str, name: &Name) -> usize {
    let is_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
    text.split('$').skip(1).filter(|rest| rest.split(|c| !is_name(c)).next() == Some(name.as_str())).count()
}

/// What the names of the selected fields tell.
#[derive(Default)]
struct Names {
    personal: bool,
    for_moderators: bool,
    others: bool,
}

/// Fragments nest no deeper than the guard lets them.
const DEPTH_MAX: usize = 64;

impl Names {
    fn walk(&mut self, document: &ExecutableDocument, set: &SelectionSet, depth: usize) {
        if depth > DEPTH_MAX {
            (self.personal, self.for_moderators, self.others) = (true, true, true);
            return;
        }
        for item in &set.items {
            match &item.node {
                AstSelection::Field(field) => self.field(document, &field.node, depth),
                AstSelection::InlineFragment(inline) => {
                    self.walk(document, &inline.node.selection_set.node, depth + 1);
                }
                AstSelection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                        self.walk(document, &fragment.node.selection_set.node, depth + 1);
                    }
                }
            }
        }
    }

    fn field(&mut self, document: &ExecutableDocument, field: &Field, depth: usize) {
        let name = field.name.node.as_str();
        self.personal |= name.starts_with("viewer");
        self.for_moderators |= FOR_MODERATORS.contains(&name);
        self.others |= TO_OTHERS.contains(&name);
        let below = &field.selection_set.node;
        if name == "parent" {
            self.others |= !below.items.iter().all(is_id);
        }
        self.walk(document, below, depth + 1);
    }
}

fn is_id(item: &Positioned<AstSelection>) -> bool {
    matches!(&item.node, AstSelection::Field(field) if matches!(field.node.name.node.as_str(), "id" | "__typename" | "depth"))
}
