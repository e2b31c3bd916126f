/** Somebody who uses the API, for what a test needs and does not look at. */
export class Reader {
  constructor(base, token = null) {
    this.base = base;
    this.token = token;
  }

  async run(query, variables = {}) {
    const headers = { "content-type": "application/json", ...(this.token && { authorization: `Bearer ${this.token}` }) };
    const response = await fetch(`${this.base}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await response.json();
    if (errors) throw new Error(`${query}\n${JSON.stringify(errors)}`);
    for (const { userErrors } of Object.values(data).filter(Boolean)) {
      if (userErrors?.length) throw new Error(`${query}\n${JSON.stringify(userErrors)}`);
    }
    return data;
  }

  async guest(displayName) {
    const { sessionStartGuest } = await this.run("mutation($i: SessionStartGuestInput!) { sessionStartGuest(input: $i) { token userErrors { message } } }", { i: { displayName } });
    return new Reader(this.base, sessionStartGuest.token);
  }

  async articleId(slug) {
    return (await this.run("query($slug: String) { article(slug: $slug) { id } }", { slug })).article.id;
  }

  /** Publishes a story and sets its commenting rules. */
  async publish(slug, { story = {}, policy = {} } = {}) {
    const input = { slug, headline: `The story of ${slug}`, body: "Something happened, and somebody wrote it down.\n\n".repeat(12), ...story };
    const { articlePublish } = await this.run("mutation($i: ArticlePublishInput!) { articlePublish(input: $i) { article { id } userErrors { message field } } }", { i: input });
    const articleId = articlePublish.article.id;
    await this.run("mutation($i: CommentingSetInput!) { commentingSet(input: $i) { userErrors { message field } } }", { i: { articleId, moderation: "POST", ...policy } });
    return articleId;
  }

  async comment(articleId, body, parentId = null) {
    const { commentSubmit } = await this.run("mutation($i: CommentSubmitInput!) { commentSubmit(input: $i) { comment { id revision } userErrors { message } } }", { i: { articleId, body, parentId } });
    return commentSubmit.comment;
  }

  approve({ id, revision }) {
    return this.run("mutation($i: CommentModerateInput!) { commentApprove(input: $i) { userErrors { message } } }", { i: { id, revision } });
  }

  /** Refuses a comment, as it stands. */
  async reject({ id }) {
    const { comment } = await this.run("query($id: ID!) { comment(id: $id) { revision } }", { id });
    return this.run("mutation($i: CommentModerateInput!) { commentReject(input: $i) { userErrors { message } } }", { i: { id, revision: comment.revision, reason: "OFF_TOPIC" } });
  }

  react({ id }, kind, on = true) {
    return this.run("mutation($i: CommentReactInput!) { commentReact(input: $i) { userErrors { message } } }", { i: { id, kind, on } });
  }
}

/** A text that is long enough, and like no other. */
export const words = (mark) => `${mark}: fifty characters are quickly said when there is something to say.`;
