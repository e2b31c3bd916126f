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
];
