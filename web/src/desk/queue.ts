import { DeskQueue, type ModerationQueueName, type QueueCommentFragment } from "../generated/operations";
import type { Client } from "../lib/client";
import type { QueueEvent } from "./live";
import { NO_FILTER, isFiltered, type Filter } from "./route";

/** What a card says of a decision that was not taken, or of what somebody else did. */
export type Note =
  | { readonly kind: "conflict"; readonly read: QueueCommentFragment }
  | { readonly kind: "gone"; readonly by: string | null; readonly takenBack: boolean }
  | { readonly kind: "refused"; readonly message: string }
  /** The answer was lost: it may have been decided or not. */
  | { readonly kind: "unknown" };

/** A comment in a queue, with what the moderator is doing about it. */
export interface Item {
  comment: QueueCommentFragment;
  note: Note | null;
  busy: boolean;
  /** Came in while the queue was open, and nobody has looked at it here yet. */
  fresh: boolean;
  /** Its words have changed this moment, under the eyes of whoever reads them: no decision yet. */
  startled: boolean;
}

/** What an event did to the queue. `unknown`: only the server can tell what the queue holds now. */
export type Change = "none" | "changed" | "arrived" | "left" | "startled" | "unknown";

const PAGE = 25;
const MOST = 100;

/** One queue as it is on screen: its cards in order, which of them has the focus, and which are picked. */
export class Queue {
  name: ModerationQueueName = "PENDING";
  filter: Filter = NO_FILTER;
  items: Item[] = [];
  total = 0;
  at = 0;
  hasMore = false;
  loading = true;
  /** How many came in behind what is loaded. */
  beyond = 0;
  /** Ids of the cards that are picked for a decision on many. */
  picked = new Set<string>();
  #anchor: string | null = null;
  #endCursor: string | null = null;
  #generation = 0;
  /** What happens while the queue is being read: the answer may be older than that. */
  /** What was taken out while the queue was being read: the answer may still hold it. */
  readonly #gone = new Set<string>();
  #reading = 0;
  #meanwhile: { readonly event: QueueEvent; readonly me: string | undefined }[] = [];

  constructor(private readonly client: Client) {}

  get current(): Item | undefined {
    return this.items[this.at];
  }

  get pickedItems(): Item[] {
    return this.items.filter((item) => this.picked.has(item.comment.id));
  }

  /** How many came in since the queue was opened, and were not looked at. */
  get news(): number {
    return this.beyond + this.items.filter((item) => item.fresh).length;
  }

  async open(name: ModerationQueueName, filter: Filter): Promise<void> {
    this.name = name;
    this.filter = filter;
    this.items = [];
    this.#gone.clear();
    this.total = 0;
    this.at = 0;
    this.beyond = 0;
    this.picked.clear();
    this.loading = true;
    await this.refresh();
  }

  /** Reads the queue anew, in place: cards keep their notes, and the one with the focus keeps it. */
  async refresh(): Promise<void> {
    const generation = ++this.#generation;
    this.#meanwhile = [];
    const first = Math.min(MOST, Math.max(PAGE, this.items.length));
    const page = await this.#read(first, null);
    // Another queue was opened while this was on its way.
    if (generation !== this.#generation) return;
    const known = new Map(this.items.map((item) => [item.comment.id, item]));
    const focused = this.current;
    this.items = page.nodes.filter(({ id }) => !this.#gone.has(id)).map((comment) => {
      const item = known.get(comment.id);
      return renewed(item, comment, item === focused || this.picked.has(comment.id));
    });
    if (focused && !this.items.includes(focused)) this.#keep(focused);
    this.total = page.totalCount;
    this.#endCursor = page.pageInfo.endCursor;
    this.hasMore = page.pageInfo.hasNextPage;
    this.at = Math.max(0, focused ? this.items.indexOf(focused) : 0);
    this.#unpickMissing();
    // Where it can't be read, nobody is told that it is empty.
    this.loading = false;
    this.#replay();
  }

  async more(): Promise<void> {
    const generation = this.#generation;
    const page = await this.#read(PAGE, this.#endCursor);
    if (generation !== this.#generation) return;
    const known = new Set(this.items.map((item) => item.comment.id));
    this.items.push(...page.nodes.filter(({ id }) => !known.has(id) && !this.#gone.has(id)).map((comment) => renewed(undefined, comment, false)));
    this.#endCursor = page.pageInfo.endCursor;
    this.hasMore = page.pageInfo.hasNextPage;
    if (!this.hasMore) this.beyond = 0;
    this.#replay();
  }

  /** Moves the focus. A card whose comment has left goes when the focus does. */
  select(index: number): boolean {
    const target = this.items[index];
    if (!target) return false;
    this.items = this.items.filter((item) => item === target || item.note?.kind !== "gone");
    this.at = this.items.indexOf(target);
    target.fresh = false;
    return true;
  }

  /** Cards whose comments others have decided on go, but for the one that has the focus. */
  sweep(): void {
    const { current } = this;
    this.takeOut(this.items.filter((item) => item !== current && item.note?.kind === "gone"), 0);
  }

  /** Takes out what has been decided. The focus goes to the card that moves into the place of the one that had it. */
  takeOut(gone: readonly Item[], counted = gone.length): void {
    if (gone.length === 0) return;
    const before = this.items.slice(0, this.at).filter((item) => gone.includes(item)).length;
    this.items = this.items.filter((item) => !gone.includes(item));
    this.total = Math.max(0, this.total - counted);
    this.at = Math.max(0, Math.min(this.at - before, this.items.length - 1));
    for (const item of gone) {
      this.picked.delete(item.comment.id);
      if (this.#reading > 0) this.#gone.add(item.comment.id);
    }
  }

  /** Whether a comment that stands like this belongs into the queue. */
  holds(comment: QueueCommentFragment): boolean {
    switch (this.name) {
      case "PENDING":
        return comment.status === "PENDING";
      case "SPAM":
        return comment.status === "SPAM";
      case "REPORTED":
        // A decision is a look: it deals with what was reported before.
        return false;
      case "ALL":
        return true;
    }
  }

  pick(index: number, how: "toggle" | "range"): void {
    const id = this.items[index]?.comment.id;
    if (id === undefined) return;
    const from = how === "range" ? this.items.findIndex((item) => item.comment.id === this.#anchor) : -1;
    if (from >= 0) {
      const [low, high] = from < index ? [from, index] : [index, from];
      for (const item of this.items.slice(low, high + 1)) this.picked.add(item.comment.id);
    } else if (!this.picked.delete(id)) {
      this.picked.add(id);
    }
    this.#anchor = id;
  }

  pickAll(): void {
    const all = this.items.filter((item) => item.note?.kind !== "gone");
    if (this.picked.size === all.length) this.picked.clear();
    else this.picked = new Set(all.map((item) => item.comment.id));
  }

  /** What happened while the queue was being read, once more over what was read. */
  #replay(): void {
    this.#gone.clear();
    for (const { event, me } of this.#meanwhile.splice(0)) this.apply(event, me);
  }

  /** What happened, here or elsewhere. */
  apply(event: QueueEvent, me: string | undefined): Change {
    if (this.#reading > 0) this.#meanwhile.push({ event, me });
    switch (event.__typename) {
      case "CommentEnteredQueue":
        return this.#entered(event.queue, event.comment);
      case "CommentEditedInQueue":
        return this.#changed(event.comment);
      case "CommentLeftQueue":
        return this.#left(event, me);
      case "CommentClaimed": {
        const item = this.#find(event.commentId);
        if (item) item.comment = { ...item.comment, claim: event.claim };
        return item ? "changed" : "none";
      }
      case "FeedReset":
        return "unknown";
    }
  }

  #find(id: string): Item | undefined {
    return this.items.find((item) => item.comment.id === id);
  }

  #changed(comment: QueueCommentFragment): Change {
    const item = this.#find(comment.id);
    // What became of one that has left is not this queue's business any more.
    if (!item || item.busy || item.note?.kind === "gone") return "none";
    const before = item.note;
    renewed(item, comment, item === this.current || this.picked.has(comment.id));
    if (item.note?.kind !== "conflict" || item.note === before) return "changed";
    item.startled = true;
    return "startled";
  }

  #entered(queue: ModerationQueueName, comment: QueueCommentFragment): Change {
    const item = this.#find(comment.id);
    if (item) {
      if (queue === this.name && item.note?.kind === "gone") {
        item.note = null;
        this.total++;
      }
      return this.#changed(comment);
    }
    this.#gone.delete(comment.id);
    // Taken back or decided on since: what took it out again follows.
    if (queue !== this.name || !(this.name === "REPORTED" || this.holds(comment)) || !this.#matches(comment)) return "none";
    const last = this.items.at(-1);
    if (last && last.comment.createdAt > comment.createdAt) return "unknown";
    this.total++;
    if (this.hasMore) this.beyond++;
    else this.items.push({ ...renewed(undefined, comment, false), fresh: true });
    return "arrived";
  }

  #left({ queue, commentId, by }: Extract<QueueEvent, { readonly __typename: "CommentLeftQueue" }>, me: string | undefined): Change {
    const item = this.#find(commentId);
    if (queue !== this.name) return item && !item.busy && item.comment.status === queue ? "unknown" : "none";
    // What is not loaded is counted by the server alone.
    if (!item) return this.hasMore && isFiltered(this.filter) ? "unknown" : "none";
    if (item.busy || (item.note?.kind === "gone" && item.note.by !== null)) return "none";
    if (by?.id === me) {
      this.takeOut([item], item.note?.kind === "gone" ? 0 : 1);
      return "changed";
    }
    if (item.note?.kind !== "gone") this.total = Math.max(0, this.total - 1);
    item.note = { kind: "gone", by: by?.displayName ?? null, takenBack: by !== null && by.id === item.comment.author?.id };
    item.fresh = false;
    this.picked.delete(commentId);
    return "left";
  }

  /** Whether a comment is among what the queue is narrowed down to, as the server would say. */
  #matches({ body, author, article }: QueueCommentFragment): boolean {
    const { articleId, authorId, text } = this.filter;
    const plain = (words: string): string => words.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    return (!articleId || article.id === articleId) && (!authorId || author?.id === authorId) && (!text || plain(body ?? "").includes(plain(text)));
  }

  #keep(item: Item): void {
    if (!item.note || item.note.kind === "unknown") item.note = { kind: "gone", by: null, takenBack: false };
    this.items.splice(Math.min(this.at, this.items.length), 0, item);
  }

  #unpickMissing(): void {
    const there = new Set(this.items.map((item) => item.comment.id));
    for (const id of this.picked) if (!there.has(id)) this.picked.delete(id);
  }

  async #read(first: number, after: string | null) {
    this.#reading++;
    try {
      return (await this.client.run(DeskQueue, { queue: this.name, first, after, ...this.filter })).moderationQueue;
    } finally {
      this.#reading--;
    }
  }
}

/** The card with the comment as it is now. What has been read, or picked, says what became of it: nobody approves words that they have not seen. */
function renewed(item: Item | undefined, comment: QueueCommentFragment, wasRead: boolean): Item {
  if (!item) return { comment, note: null, busy: false, fresh: false, startled: false };
  if (item.note?.kind === "gone" || item.note?.kind === "unknown") item.note = null;
  if (comment.revision < item.comment.revision) return item;
  const read = item.note?.kind === "conflict" ? item.note.read : item.comment;
  if (wasRead && (read.body !== comment.body || read.status !== comment.status)) item.note = { kind: "conflict", read };
  item.comment = comment;
  return item;
}
