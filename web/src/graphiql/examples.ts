/** The tabs a first visit opens with: each runs as it stands against the demo stories. */
export const TABS = [
  {
    query: `# The latest stories. Take a slug or
# an id from here to the other tabs.
query Stories {
  articles(first: 10) {
    totalCount
    nodes {
      id
      slug
      headline
      readingTimeMinutes
      commentCount
    }
  }
}
`,
    variables: "{}",
  },
  {
    query: `# A story with its discussion.
query Story($slug: String!) {
  article(slug: $slug) {
    id
    headline
    summary
    keyPointsHeading
    keyPoints { text }
    readingTimeMinutes
    pullQuote { text attribution }
    dateline { place date }
    commentCount
    feedCursor
    comments(first: 5, orderBy: NEWEST) {
      totalCount
      nodes {
        body
        author { displayName }
        replies(first: 3) { totalCount nodes { body author { displayName } } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
`,
    variables: `{ "slug": "night-ferry" }`,
  },
  {
    query: `# Every change that readers see, in order.
# \`after\` resumes from a cursor.
subscription Follow($articleId: ID!, $after: String) {
  articleEvents(articleId: $articleId, after: $after) {
    cursor
    event {
      __typename
      ... on CommentPublished { comment { body author { displayName } } commentCount }
      ... on CommentRemoved { commentId commentCount }
    }
  }
}
`,
    variables: `{ "articleId": "" }`,
  },
  {
    query: `# A session for a guest. Put its token into the
# box above; then the comment is theirs.
mutation Guest {
  sessionStartGuest(input: { displayName: "Ines" }) {
    token
    expiresAt
    userErrors { code message }
  }
}

mutation Say($articleId: ID!, $body: String!) {
  commentSubmit(input: { articleId: $articleId, body: $body }) {
    comment { id status body }
    userErrors { code message field }
  }
}
`,
    variables: `{
  "articleId": "",
  "body": "Fifty characters are the least that a comment here must have."
}`,
  },
  {
    query: `# For moderators: what waits, and why. The token of
# one comes from \`talkback token --role MODERATOR\`;
# who is signed in at /moderate needs none.
query Waiting {
  moderationQueue(queue: PENDING, first: 10) {
    totalCount
    nodes {
      id
      revision
      body
      author { displayName }
      article { headline }
      heldBecause { rule detail }
      reports(first: 3) { totalCount nodes { reason note } }
    }
  }
}
`,
    variables: "{}",
  },
];
