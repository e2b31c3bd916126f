import { LitElement, type TemplateResult } from "lit";
import {
  DeskApprove, DeskCounts, DeskMarkSpam, DeskQueue, DeskReject, DeskViewer,
  type DeskViewerData, type ModerationQueueName, type QueueCommentFragment,
} from "../generated/operations";
import { Client, Refused, Unreachable } from "../lib/client";
import { uniqueKey } from "../lib/text";
import { KeyboardControl } from "./keyboard";
import { STATUS, type Reason } from "./labels";
import { deskView } from "./view";

export type Verdict = "approve" | "reject" | "spam";

/** A comment on the desk, and what the moderator should know about it beyond its words. */
export interface Item {
  comment: QueueCommentFragment;
  /** Why the last decision was not taken, or what became of the comment meanwhile. */
  note: string | null;
  /** Left the queue by another hand: kept until the moderator moves on, so that nothing is pulled from under them. */
  gone: boolean;
  busy: boolean;
}

const PAGE = 20;
const MAX_REFRESH = 100;
const REFRESH_MS = 8_000;
const MODERATORS = ["MODERATOR", "EDITOR", "ADMIN"];

/**
 * The moderator's desk: the queues, one card per comment, decisions by mouse and by keyboard. Signed in by cookie. It looks
 * for news every few seconds while it is visible, and never moves the card that has the focus.
 */
export class Desk extends LitElement {
  viewer: DeskViewerData["viewer"] | undefined;
  queue: ModerationQueueName = "PENDING";
  items: Item[] = [];
  total = 0;
  counts: Partial<Record<ModerationQueueName, number>> = {};
  endCursor: string | null = null;
  hasMore = false;
  selected = 0;
  rejecting: string | null = null;
  problem: string | null = null;
  announcement = "";
  loading = true;

  readonly keyboard = new KeyboardControl(this);
  readonly #client = new Client(new URL("/graphql", location.href), () => null, () => true);
  #timer: ReturnType<typeof setInterval> | undefined;
  #generation = 0;

  /** In the page itself: its stylesheet is the page's. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const wanted = new URLSearchParams(location.search).get("queue")?.toUpperCase();
    if (wanted === "SPAM" || wanted === "ALL") this.queue = wanted;
    this.#timer = setInterval(() => void this.refresh(), REFRESH_MS);
    document.addEventListener("visibilitychange", this.#visible);
    void this.#start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#visible);
  }

  override render(): TemplateResult {
    return deskView(this);
  }

  get moderator(): boolean {
    return Boolean(this.viewer && MODERATORS.includes(this.viewer.role));
  }

  get current(): Item | undefined {
    return this.items[this.selected];
  }

  async open(queue: ModerationQueueName): Promise<void> {
    this.queue = queue;
    const url = new URL(location.href);
    url.searchParams.set("queue", queue.toLowerCase());
    history.replaceState(null, "", url);
    this.items = [];
    this.selected = 0;
    this.rejecting = null;
    this.loading = true;
    this.#generation++;
    this.requestUpdate();
    await this.refresh();
    this.loading = false;
    this.requestUpdate();
  }

  /** Brings the list up to date in place. */
  async refresh(): Promise<void> {
    if (!this.moderator || document.hidden) return;
    const generation = this.#generation;
    try {
      const first = Math.min(MAX_REFRESH, Math.max(PAGE, this.items.length));
      const [{ moderationQueue: page }, counts] = await Promise.all([
        this.#client.run(DeskQueue, { queue: this.queue, first }),
        this.#client.run(DeskCounts, {}),
      ]);
      // The moderator decided or changed queues while this was on its way: the next round will have it right.
      if (generation !== this.#generation) return;
      this.problem = null;
      this.counts = { PENDING: counts.pending.totalCount, SPAM: counts.spam.totalCount };
      this.total = page.totalCount;
      this.#merge(page.nodes);
      if (this.items.length <= MAX_REFRESH) {
        this.endCursor = page.pageInfo.endCursor;
        this.hasMore = page.pageInfo.hasNextPage;
      }
    } catch (error) {
      this.#fail(error);
    }
    this.requestUpdate();
  }

  async more(): Promise<void> {
    this.#generation++;
    try {
      const { moderationQueue: page } = await this.#client.run(DeskQueue, { queue: this.queue, first: PAGE, after: this.endCursor });
      const known = new Set(this.items.map((item) => item.comment.id));
      this.items.push(...page.nodes.filter((comment) => !known.has(comment.id)).map(fresh));
      this.endCursor = page.pageInfo.endCursor;
      this.hasMore = page.pageInfo.hasNextPage;
    } catch (error) {
      this.#fail(error);
    }
    this.requestUpdate();
  }

  /** Moves the focus to another card. Cards that left the queue go when the moderator does. */
  select(index: number): void {
    const target = this.items[index];
    if (!target) return;
    this.items = this.items.filter((item) => !item.gone || item === target);
    this.selected = this.items.indexOf(target);
    this.rejecting = null;
    this.#focus();
  }

  /** From a card that left the queue to the one after it. */
  goOn(item: Item): void {
    const at = this.items.indexOf(item);
    this.items = this.items.filter((other) => other !== item);
    this.selected = Math.max(0, Math.min(at, this.items.length - 1));
    this.#focus();
  }

  startReject(item: Item): void {
    this.selected = this.items.indexOf(item);
    this.rejecting = item.comment.id;
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".reasons button")?.focus());
  }

  cancelReject(): void {
    this.rejecting = null;
    this.#focus();
  }

  /** Decides, naming the revision that is on screen. A conflict puts the comment as it is now on the card. */
  async decide(item: Item, verdict: Verdict, reason: Reason | null = null, note: string | null = null): Promise<void> {
    if (item.busy) return;
    item.busy = true;
    item.note = null;
    this.rejecting = null;
    this.#generation++;
    this.requestUpdate();
    const input = { id: item.comment.id, revision: item.comment.revision, reason, note: note?.trim() || null, idempotencyKey: uniqueKey() };
    try {
      const payload = await this.#send(verdict, input);
      const [refusal] = payload.userErrors;
      const before = item.comment;
      if (payload.comment) item.comment = payload.comment;
      if (refusal) {
        item.note = refusal.code === "CONFLICT" ? explain(before, item.comment) : refusal.message;
        this.announcement = item.note;
      } else {
        this.#decided(item, before);
      }
    } catch (error) {
      item.note = error instanceof Unreachable ? "The server can’t be reached. Nothing was decided." : (error as Error).message;
      this.#fail(error);
    }
    item.busy = false;
    this.#generation++;
    this.#focus();
  }

  #send(verdict: Verdict, input: Parameters<NonNullable<(typeof DeskApprove)["__types"]>>[0]["input"]) {
    switch (verdict) {
      case "approve":
        return this.#client.run(DeskApprove, { input }).then((data) => data.commentApprove);
      case "reject":
        return this.#client.run(DeskReject, { input }).then((data) => data.commentReject);
      case "spam":
        return this.#client.run(DeskMarkSpam, { input }).then((data) => data.commentMarkSpam);
    }
  }

  #decided(item: Item, before: QueueCommentFragment): void {
    const { status } = item.comment;
    const moved = before.status !== status;
    if (moved && before.status === "PENDING" && this.counts.PENDING) this.counts.PENDING--;
    if (moved && before.status === "SPAM" && this.counts.SPAM) this.counts.SPAM--;
    if (moved && status === "SPAM") this.counts.SPAM = (this.counts.SPAM ?? 0) + 1;
    this.announcement = `${STATUS[status]}: ${item.comment.author?.displayName ?? "a comment"}. ${this.counts.PENDING ?? 0} waiting.`;
    if (this.queue === "ALL" || this.queue === status) return;
    const at = this.items.indexOf(item);
    this.items = this.items.filter((other) => other !== item);
    this.total = Math.max(0, this.total - 1);
    if (this.selected > at || this.selected >= this.items.length) this.selected = Math.max(0, this.selected - 1);
    if (this.items.length < 5 && this.hasMore) void this.refresh();
  }

  #merge(nodes: readonly QueueCommentFragment[]): void {
    const focused = this.current;
    const byId = new Map(this.items.map((item) => [item.comment.id, item]));
    const listed = new Set(nodes.map((node) => node.id));
    const merged: Item[] = nodes.map((comment) => {
      const item = byId.get(comment.id);
      if (!item) return fresh(comment);
      if (item.comment.revision < comment.revision && item === focused) item.note = explain(item.comment, comment);
      if (item.comment.revision <= comment.revision) item.comment = comment;
      item.gone = false;
      return item;
    });
    for (const item of this.items) {
      if (listed.has(item.comment.id)) continue;
      // Beyond what was fetched again, nothing is known to have changed.
      if (this.items.indexOf(item) >= MAX_REFRESH) merged.push(item);
      else if (item === focused) {
        item.gone = true;
        item.note ??= "Somebody else has decided this one meanwhile.";
        merged.splice(Math.min(this.selected, merged.length), 0, item);
      }
    }
    this.items = merged;
    this.selected = Math.max(0, focused ? merged.indexOf(focused) : 0);
  }

  async #start(): Promise<void> {
    try {
      this.viewer = (await this.#client.run(DeskViewer, {})).viewer;
    } catch (error) {
      this.#fail(error);
      if (error instanceof Refused) this.viewer = null;
    }
    if (this.moderator) await this.refresh();
    this.loading = false;
    this.#focus(false);
  }

  #fail(error: unknown): void {
    if (error instanceof Refused && /UNAUTHENTICATED|FORBIDDEN/.test(error.code)) this.viewer = null;
    else this.problem = error instanceof Unreachable ? "The server can’t be reached. Trying again…" : (error as Error).message;
    this.requestUpdate();
  }

  #focus(scroll = true): void {
    this.requestUpdate();
    void this.updateComplete.then(() => {
      const card = this.querySelector<HTMLElement>(".desk-card.is-selected");
      card?.focus({ preventScroll: true });
      if (scroll) card?.scrollIntoView({ block: "nearest" });
    });
  }

  readonly #visible = (): void => {
    if (!document.hidden) void this.refresh();
  };
}

function fresh(comment: QueueCommentFragment): Item {
  return { comment, note: null, gone: false, busy: false };
}

/** What happened to a comment between the revision that was read and the one that is. */
function explain(before: QueueCommentFragment, now: QueueCommentFragment): string {
  const last = now.history?.at(-1);
  const who = last?.by?.displayName ?? "Somebody else";
  if (before.status !== now.status) return `${who} has decided this one meanwhile: ${STATUS[now.status].toLowerCase()}. Nothing was overwritten.`;
  if (before.bodyHtml !== now.bodyHtml) return "The author has changed the text since you read it. This is the new text: please decide again.";
  return "The comment changed since you read it. This is how it stands now: please decide again.";
}
