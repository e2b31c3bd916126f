import type { ArticleEventsData, CommentOrder, CommentsData, OwnFragment, ReaderCommentFragment, RepliesData } from "../generated/operations";

/** A comment as the element knows it; the fields that depend on who asks are there for those who are signed in. */
export type Comment = ReaderCommentFragment & Partial<OwnFragment>;
export type FeedEvent = ArticleEventsData["articleEvents"]["event"];
type Article = NonNullable<CommentsData["article"]>;
type RootPage = Article["comments"];
type ReplyPage = NonNullable<RepliesData["comment"]>["replies"];
type NestedPage = ReplyPage["nodes"][number]["replies"];
type AnyPage = RootPage | ReplyPage | NestedPage;
export type Policy = Article["commentPolicy"];

/** A level of the thread as far as it is loaded: what is there, how many there are, and where to go on. */
export interface Level {
  ids: string[];
  total: number;
  after: string | null;
  more: boolean;
}

export interface Entry {
  comment: Comment;
  readonly replies: Level;
  /** Its words are gone for everybody: a tombstone. */
  removed: boolean;
  /** Came in live: marked as new for a while. */
  fresh: boolean;
  /** Was on screen when its words went: the tombstone stays, so that nothing jumps under the reader's eyes. */
  fell: boolean;
}

/** What an event did to what is on screen. */
export type Change = "none" | "changed" | "inserted" | "held" | "removed" | "reset";

/** No words for anybody: also where its own author, or a moderator, would still be sent them. Who wrote it may be gone by itself. */
const isTombstone = (comment: Comment): boolean => comment.bodyHtml === null || !["APPROVED", "PENDING"].includes(comment.status);

const tombstone = (comment: Comment): Comment => ({
  ...comment,
  author: null,
  bodyHtml: null,
  body: null,
  status: "REJECTED",
  viewerCanEdit: false,
  viewerCanDelete: false,
});

const emptyLevel = (): Level => ({ ids: [], total: 0, after: null, more: false });

/**
 * The thread of one article: a snapshot, and the article's events applied over it. Events may come more than once
 * and pages may overlap: a comment is known by its id, so neither shows twice. While `hold` is asked for, new comments wait in
 * `held` and nothing on screen moves.
 */
export class Thread {
  readonly entries = new Map<string, Entry>();
  readonly roots: Level = emptyLevel();
  held: Comment[] = [];
  count: number;
  cursor: string;
  policy: Policy;
  readonly articleId: string;

  constructor(
    article: Article,
    readonly order: CommentOrder,
  ) {
    this.articleId = article.id;
    this.count = article.commentCount;
    this.cursor = article.feedCursor;
    this.policy = article.commentPolicy;
    this.append(null, article.comments);
  }

  /** Adds a page to the replies of a comment, or (`null`) to the top level. */
  append(parentId: string | null, page: AnyPage): void {
    const level = this.#level(parentId);
    if (!level) return;
    level.total = page.totalCount;
    level.after = page.pageInfo.endCursor;
    level.more = page.pageInfo.hasNextPage;
    for (const node of page.nodes) {
      const known = this.entries.has(node.id);
      this.#put(node);
      if ("replies" in node && !known) this.append(node.id, node.replies);
      // What waits behind the button stays there: it has not been shown yet.
      if (!level.ids.includes(node.id) && !this.#isHeld(node.id)) level.ids.push(node.id);
    }
    if (parentId !== null) level.ids.sort((a, b) => this.#compare(a, b, false));
  }

  /** Shows a comment together with the way down to it, although the pages between are not loaded. */
  graft(chain: readonly Comment[]): void {
    for (const comment of chain) {
      this.#put(comment);
      this.#unhold(comment.id);
      const level = this.#level(comment.parent?.id ?? null);
      if (level && !level.ids.includes(comment.id)) {
        if (comment.parent) this.#insertSorted(level, comment.id, false);
        else level.ids.unshift(comment.id);
      }
    }
  }

  /** One's own comment, as an answer to its author has it. It shows at once, whatever its status: also refused, with its words. */
  own(comment: Comment): void {
    this.graft([comment]);
    (this.entries.get(comment.id) as Entry).removed = comment.bodyHtml === null;
  }

  /** One's own comment, deleted: a tombstone in its place, before the feed says so. */
  fell(id: string): void {
    this.#remove(id);
  }

  /** Takes what the answer to a reaction says. */
  reacted({ id, reactions, viewerReactions }: Pick<Comment, "id" | "reactions" | "viewerReactions">): void {
    const entry = this.entries.get(id);
    if (entry) entry.comment = { ...entry.comment, reactions, viewerReactions };
  }

  /** Applies one event of the feed and moves the cursor past it. */
  apply(event: FeedEvent, cursor: string, hold: boolean): Change {
    const change = this.#apply(event, hold);
    this.cursor = cursor;
    return change;
  }

  /** Shows what was held; returns the ids, topmost first. */
  reveal(): string[] {
    const waiting = this.held;
    this.held = [];
    this.settle();
    for (const comment of waiting) this.#insert(comment);
    return waiting.map((comment) => comment.id).filter((id) => this.entries.has(id));
  }

  /** What was new is so no more. */
  settle(): void {
    for (const entry of this.entries.values()) entry.fresh = false;
  }

  /** Whether the comment is drawn: a tombstone without anything under it is not, unless it was on screen when it fell. */
  shown(id: string): boolean {
    const entry = this.entries.get(id);
    if (!entry) return false;
    return !entry.removed || entry.fell || entry.replies.total > 0 || entry.replies.ids.some((reply) => this.shown(reply));
  }

  /** How many replies there are beyond those that are loaded. */
  missing(level: Level): number {
    if (!level.more) return 0;
    // One's own that nobody else sees are not counted by the server.
    const loaded = level.ids.filter((id) => this.entries.get(id)?.removed || this.entries.get(id)?.comment.status === "APPROVED").length;
    return Math.max(1, level.total - loaded);
  }

  #apply(event: FeedEvent, hold: boolean): Change {
    switch (event.__typename) {
      case "CommentPublished":
      case "CommentRestored":
        this.count = event.commentCount;
        return this.#arrive(event.comment, hold);
      case "CommentEdited": {
        const held = this.held.findIndex((comment) => comment.id === event.comment.id);
        if (held >= 0) this.held[held] = event.comment;
        if (!this.entries.has(event.comment.id)) return "none";
        this.#put(event.comment);
        return "changed";
      }
      case "CommentRemoved":
        this.count = event.commentCount;
        return this.#remove(event.commentId, true);
      case "CommentCountsChanged": {
        const entry = this.entries.get(event.commentId);
        if (!entry) return "none";
        entry.comment = { ...entry.comment, replyCount: event.replyCount, reactions: event.reactions };
        return "changed";
      }
      case "CommentingChanged":
        this.policy = event.commentPolicy;
        return "changed";
      case "FeedReset":
        return "reset";
      default:
        // A kind of event that this version does not know: its cursor counts, its content does not.
        return "none";
    }
  }

  #arrive(comment: Comment, hold: boolean): Change {
    const entry = this.entries.get(comment.id);
    const level = this.#level(comment.parent?.id ?? null);
    if (entry) {
      // One's own, which was on screen before others could see it, or a tombstone that comes back.
      if (level && entry.comment.status !== "APPROVED") level.total++;
      this.#put(comment);
      return "changed";
    }
    if (this.#isHeld(comment.id)) return "none";
    const parentHeld = comment.parent !== null && this.#isHeld(comment.parent.id);
    if (!level && !parentHeld) return "none";
    if (level) {
      level.total++;
      // It belongs after what is not loaded yet: it comes with its page.
      if (level.more && (comment.parent !== null || this.order === "OLDEST")) return "changed";
    }
    // Removed since, and replayed: there is nothing to announce, only replies that may need the place.
    if (hold && !isTombstone(comment)) {
      this.held.push(comment);
      return "held";
    }
    this.#insert(comment);
    return "inserted";
  }

  #insert(comment: Comment): void {
    const level = this.#level(comment.parent?.id ?? null);
    if (!level) return;
    this.#put(comment).fresh = !isTombstone(comment);
    if (level.ids.includes(comment.id)) return;
    if (comment.parent !== null || this.order === "OLDEST") this.#insertSorted(level, comment.id, false);
    else if (this.order === "NEWEST") this.#insertSorted(level, comment.id, true);
    else level.ids.unshift(comment.id);
  }

  #remove(id: string, mayWait = false): Change {
    const held = this.held.find((comment) => comment.id === id);
    if (held) {
      this.#unhold(id);
      // Replies that wait with it still need their place.
      if (this.held.some((comment) => comment.parent?.id === id)) this.#insert(tombstone(held));
      return "changed";
    }
    const entry = this.entries.get(id);
    if (!entry || entry.removed) return "none";
    const level = this.#level(entry.comment.parent?.id ?? null);
    // What awaits a moderator is not among them, or left them when its edit was held.
    if (level && entry.replies.total === 0 && (mayWait || entry.comment.status === "APPROVED")) level.total--;
    // One's own, edited: others see it again once a moderator has read it.
    if (mayWait && entry.comment.status === "PENDING") return "changed";
    entry.removed = true;
    entry.fell = true;
    entry.fresh = false;
    entry.comment = tombstone(entry.comment);
    return "removed";
  }

  /** Files what the server says of a comment, keeping what only an answer to this reader could say. */
  #put(comment: Comment): Entry {
    const removed = isTombstone(comment);
    const entry = this.entries.get(comment.id);
    if (!entry) {
      const replies: Level = { ...emptyLevel(), total: comment.replyCount, more: comment.replyCount > 0 };
      const created = { comment, replies, removed, fresh: false, fell: false };
      this.entries.set(comment.id, created);
      return created;
    }
    // Pages and events may cross: an older revision says nothing new.
    if (comment.revision >= entry.comment.revision) {
      entry.comment = { ...entry.comment, ...comment };
      entry.removed = removed;
    }
    return entry;
  }

  #level(parentId: string | null): Level | undefined {
    return parentId === null ? this.roots : this.entries.get(parentId)?.replies;
  }

  #isHeld(id: string): boolean {
    return this.held.some((comment) => comment.id === id);
  }

  #unhold(id: string): void {
    this.held = this.held.filter((comment) => comment.id !== id);
  }

  #insertSorted(level: Level, id: string, newestFirst: boolean): void {
    const at = level.ids.findIndex((other) => this.#compare(id, other, newestFirst) < 0);
    // Held for hours, then approved: by its time it belongs to a page below. Readers are shown it at the top all the same.
    if (at < 0 && newestFirst && level.more) level.ids.unshift(id);
    else level.ids.splice(at < 0 ? level.ids.length : at, 0, id);
  }

  /** The server's order: by time, ties by id. */
  #compare(a: string, b: string, newestFirst: boolean): number {
    const one = this.entries.get(a)?.comment.createdAt ?? "";
    const other = this.entries.get(b)?.comment.createdAt ?? "";
    const order = one === other ? (a < b ? -1 : 1) : new Date(one).getTime() - new Date(other).getTime() || (one < other ? -1 : 1);
    return newestFirst ? -order : order;
  }
}
