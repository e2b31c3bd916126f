import { DeskArticles, DeskCommenting, type CommentingSetInput, type DeskArticlesData } from "../generated/operations";
import { Unreachable } from "../lib/client";
import type { Desk } from "./desk";

export type Story = DeskArticlesData["articles"]["nodes"][number];

const PAGE = 50;

/** The stories with the rules that their comments live under. */
export class Stories {
  list: Story[] = [];
  loading = true;
  hasMore = false;
  /** The story whose rules are open. */
  opened: string | null = null;
  saved: string | null = null;
  problem: string | null = null;
  busy = false;
  #endCursor: string | null = null;

  constructor(private readonly desk: Desk) {}

  async open(): Promise<void> {
    this.loading = true;
    this.list = [];
    this.#endCursor = null;
    await this.more();
    this.loading = false;
  }

  async more(): Promise<void> {
    const { articles } = await this.desk.client.run(DeskArticles, { first: PAGE, after: this.#endCursor });
    this.list.push(...articles.nodes);
    this.#endCursor = articles.pageInfo.endCursor;
    this.hasMore = articles.pageInfo.hasNextPage;
    this.desk.requestUpdate();
  }

  toggle(story: Story): void {
    this.opened = this.opened === story.id ? null : story.id;
    this.problem = null;
    this.saved = null;
    this.desk.requestUpdate();
  }

  async save(story: Story, form: FormData): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    this.saved = null;
    this.desk.requestUpdate();
    try {
      const { article, userErrors } = (await this.desk.client.run(DeskCommenting, { input: changes(story, form) })).commentingSet;
      if (userErrors.length > 0) this.problem = userErrors.map(({ message }) => message).join(" ");
      if (article) {
        this.list = this.list.map((other) => (other.id === story.id ? { ...other, ...article } : other));
        if (userErrors.length === 0) this.saved = story.id;
      }
    } catch (error) {
      this.problem = error instanceof Unreachable ? "The server can’t be reached. It is not known whether it was saved: save it again." : (error as Error).message;
    }
    this.busy = false;
    this.desk.requestUpdate();
  }
}

function changes(story: Story, form: FormData): CommentingSetInput {
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const closesAt = text("closesAt");
  return {
    articleId: story.id,
    state: text("state") === "CLOSED" ? "CLOSED" : "OPEN",
    moderation: text("moderation") === "POST" ? "POST" : "PRE",
    minLength: Number(text("minLength")),
    maxLength: Number(text("maxLength")),
    // A field of local time holds no zone: it is the browser's.
    closesAt: closesAt ? new Date(closesAt).toISOString() : null,
    guidelines: text("guidelines") || null,
  };
}

/** An instant as a field of local date and time holds it. */
export function localTime(iso: string | null): string {
  if (!iso) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
