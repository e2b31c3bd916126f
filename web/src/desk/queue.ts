import { DeskQueue, type ModerationQueueName, type QueueCommentFragment } from "../generated/operations";
import type { Client } from "../lib/client";
import { NO_FILTER, type Filter } from "./route";

/** What a card says of a decision that was not taken, or of what somebody else did. */
export type Note =
  | { readonly kind: "conflict"; readonly read: QueueCommentFragment }
  | { readonly kind: "gone"; readonly by: string | null }
  | { readonly kind: "refused"; readonly message: string };

/** A comment in a queue, with what the moderator is doing about it. */
export interface Item {
  comment: QueueCommentFragment;
  note: Note | null;
  busy: boolean;
}

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
  /** Ids of the cards that are picked for a decision on many. */
  picked = new Set<string>();
  #anchor: string | null = null;
  #endCursor: string | null = null;
  #generation = 0;

  constructor(private readonly client: Client) {}

  get current(): Item | undefined {
    return this.items[this.at];
  }

  get pickedItems(): Item[] {
    return this.items.filter((item) => this.picked.has(item.comment.id));
  }

  async open(name: ModerationQueueName, filter: Filter): Promise<void> {
    this.name = name;
    this.filter = filter;
    this.items = [];
    this.total = 0;
    this.at = 0;
    this.picked.clear();
    this.loading = true;
    await this.refresh();
  }

  /** Reads the queue anew, in place: cards keep their notes, and the one with the focus keeps it. */
  async refresh(): Promise<void> {
    const generation = ++this.#generation;
    try {
      const first = Math.min(MOST, Math.max(PAGE, this.items.length));
      const page = await this.#read(first, null);
      // Another queue was opened, or something was decided, while this was on its way.
      if (generation !== this.#generation) return;
      const known = new Map(this.items.map((item) => [item.comment.id, item]));
      const focused = this.current;
      this.items = page.nodes.map((comment) => {
        const item = known.get(comment.id);
        return renewed(item, comment, item === focused || this.picked.has(comment.id));
      });
      if (focused && !this.items.includes(focused)) this.#keep(focused);
      this.total = page.totalCount;
      this.#endCursor = page.pageInfo.endCursor;
      this.hasMore = page.pageInfo.hasNextPage;
      this.at = Math.max(0, focused ? this.items.indexOf(focused) : 0);
      this.#unpickMissing();
    } finally {
      if (generation === this.#generation) this.loading = false;
    }
  }

  async more(): Promise<void> {
    const generation = ++this.#generation;
    const page = await this.#read(PAGE, this.#endCursor);
    if (generation !== this.#generation) return;
    const known = new Set(this.items.map((item) => item.comment.id));
    this.items.push(...page.nodes.filter((comment) => !known.has(comment.id)).map((comment) => renewed(undefined, comment, false)));
    this.#endCursor = page.pageInfo.endCursor;
    this.hasMore = page.pageInfo.hasNextPage;
  }

  /** Moves the focus. A card whose comment has left goes when the focus does. */
  select(index: number): boolean {
    const target = this.items[index];
    if (!target) return false;
    this.items = this.items.filter((item) => item === target || item.note?.kind !== "gone");
    this.at = this.items.indexOf(target);
    return true;
  }

  /** Takes out what has been decided. The focus goes to the card that moves into the place of the one that had it. */
  takeOut(gone: readonly Item[]): void {
    const before = this.items.slice(0, this.at).filter((item) => gone.includes(item)).length;
    this.items = this.items.filter((item) => !gone.includes(item));
    this.total = Math.max(0, this.total - gone.length);
    this.at = Math.max(0, Math.min(this.at - before, this.items.length - 1));
    for (const item of gone) this.picked.delete(item.comment.id);
    this.#generation++;
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

  #keep(item: Item): void {
    item.note ??= { kind: "gone", by: null };
    this.items.splice(Math.min(this.at, this.items.length), 0, item);
  }

  #unpickMissing(): void {
    const there = new Set(this.items.map((item) => item.comment.id));
    for (const id of this.picked) if (!there.has(id)) this.picked.delete(id);
  }

  async #read(first: number, after: string | null) {
    const { articleId } = this.filter;
    return (await this.client.run(DeskQueue, { queue: this.name, first, after, articleId })).moderationQueue;
  }
}

/** The card with the comment as it is now. What has been read, or picked, says what became of it: nobody approves words that they have not seen. */
function renewed(item: Item | undefined, comment: QueueCommentFragment, wasRead: boolean): Item {
  if (!item) return { comment, note: null, busy: false };
  if (item.note?.kind === "gone") item.note = null;
  if (comment.revision < item.comment.revision) return item;
  const read = item.note?.kind === "conflict" ? item.note.read : item.comment;
  if (wasRead && (read.body !== comment.body || read.status !== comment.status)) item.note = { kind: "conflict", read };
  item.comment = comment;
  return item;
}
