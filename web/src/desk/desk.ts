import { LitElement, type TemplateResult } from "lit";
import { DeskViewer, type DeskViewerData, type ModerationQueueName } from "../generated/operations";
import { Client, Refused } from "../lib/client";
import { plural } from "../lib/text";
import { Activity } from "./activity";
import { Decisions, LOST, type Outcome, type Verdict } from "./decisions";
import { Figures } from "./figures";
import { Inspector } from "./inspector";
import { KeyboardControl } from "./keyboard";
import { DONE, QUEUES, type Reason } from "./labels";
import { Live, type QueueEvent } from "./live";
import { Outage, passes } from "./outage";
import { Person } from "./person";
import { Queue, type Item } from "./queue";
import { NO_FILTER, addressOf, parseRoute, type Filter, type Route } from "./route";
import { Sanctions } from "./sanctions";
import { Stories } from "./stories";
import { Toasts } from "./toasts";
import { deskView } from "./view";

const MODERATORS = ["MODERATOR", "EDITOR", "ADMIN"];
const EDITORS = ["EDITOR", "ADMIN"];

const TITLES: Readonly<Record<Route["view"], string>> = { queue: "Moderation", comment: "A comment", person: "A person", activity: "Activity", stories: "Stories", figures: "Figures" };

/** What a decision on many came to, until it is dismissed. */
export interface Report {
  readonly title: string;
  readonly outcomes: readonly Outcome[];
}

/**
 * The moderator's desk: who is at it, where on it they are, and what they decide. The queues follow the server's events; a
 * card that has the focus is never moved or taken away.
 */
export class Desk extends LitElement {
  viewer: DeskViewerData["viewer"] | undefined;
  route: Route = parseRoute(location.search);
  counts: Partial<Record<ModerationQueueName, number>> = {};
  problem: string | null = null;
  announcement = "";
  /** The comments that a reason is being chosen for. */
  rejecting: readonly Item[] | null = null;
  report: Report | null = null;

  #arriving = false;
  #pressed = false;
  #touched: Item | null = null;

  readonly client = new Client(new URL("/graphql", location.href), () => null, () => true);
  readonly queue = new Queue(this.client);
  readonly decisions = new Decisions(this.client);
  readonly keyboard = new KeyboardControl(this);
  readonly live = new Live(this);
  readonly outage = new Outage(this);
  readonly inspector = new Inspector(this);
  readonly toasts = new Toasts(this);
  readonly sanctions = new Sanctions(this);
  readonly figures = new Figures(this);
  readonly stories = new Stories(this);
  readonly person = new Person(this);
  readonly activity = new Activity(this);

  /** In the page itself: its stylesheet is the page's. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("popstate", this.#arrive);
    void this.#start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("popstate", this.#arrive);
  }

  override render(): TemplateResult {
    return deskView(this);
  }

  override updated(): void {
    const waiting = this.counts.PENDING ?? 0;
    document.title = `${waiting > 0 ? `(${waiting}) ` : ""}${TITLES[this.route.view]} · Talkback`;
    if (!this.isModerator) return;
    if (this.route.view === "queue") this.inspector.look(this.queue.current?.comment ?? null);
    else if (this.route.view !== "comment") this.inspector.look(null);
  }

  get isModerator(): boolean {
    return Boolean(this.viewer && MODERATORS.includes(this.viewer.role));
  }

  get isEditor(): boolean {
    return Boolean(this.viewer && EDITORS.includes(this.viewer.role));
  }

  /** Goes to another place on the desk. */
  go(route: Route): void {
    history.pushState(null, "", addressOf(route));
    this.#arrive();
  }

  openQueue(queue: ModerationQueueName, filter: Filter = NO_FILTER): void {
    this.go({ view: "queue", queue, filter });
  }

  narrow(filter: Partial<Filter>): void {
    if (this.route.view === "queue") this.openQueue(this.route.queue, { ...this.route.filter, ...filter });
  }

  stepQueue(by: 1 | -1): void {
    const at = QUEUES.findIndex(([name]) => name === this.queue.name);
    const next = QUEUES[(at + by + QUEUES.length) % QUEUES.length];
    if (next) this.openQueue(next[0], this.queue.filter);
  }

  select(index: number): void {
    if (!this.queue.select(index)) return;
    this.rejecting = null;
    this.focusCard();
  }

  /** A button of a card is being pressed: until it is let go, nothing moves, or the click would miss it. */
  press(): void {
    this.#pressed = true;
    const released = (): void => {
      removeEventListener("pointerup", released);
      removeEventListener("pointercancel", released);
      // After the click, which comes with the release.
      setTimeout(() => {
        this.#pressed = false;
        const touched = this.#touched;
        this.#touched = null;
        if (touched) this.touch(touched);
      });
    };
    addEventListener("pointerup", released);
    addEventListener("pointercancel", released);
  }

  /** The focus has come to a card by itself. */
  touch(item: Item): void {
    if (this.#pressed) {
      this.#touched = item;
      return;
    }
    const index = this.queue.items.indexOf(item);
    if (index < 0 || (this.queue.at === index && !item.fresh) || this.rejecting) return;
    this.queue.at = index;
    item.fresh = false;
    this.requestUpdate();
  }

  startReject(items: readonly Item[]): void {
    const [first] = items;
    if (!first) return;
    if (items.length === 1) this.queue.at = Math.max(0, this.queue.items.indexOf(first));
    this.rejecting = items;
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".reasons button")?.focus());
  }

  cancelReject(): void {
    this.rejecting = null;
    this.focusCard();
  }

  /** Decides on one or on many, naming the revisions that are on screen, and moves on to what comes next. */
  async decide(items: readonly Item[], to: Verdict, reason: Reason | null = null, note: string | null = null): Promise<void> {
    const wanted = items.filter((item) => !item.busy && !item.startled && item.comment.status !== "DELETED");
    if (wanted.length === 0) return;
    this.rejecting = null;
    this.report = null;
    this.requestUpdate();
    const before = new Map(wanted.map((item) => [item, item.comment.status]));
    const { done, moved, outcomes } = await this.decisions.decide(wanted, to, reason, note?.trim() || null);
    this.queue.takeOut(moved.filter((item) => before.get(item) !== to && !this.queue.holds(item.comment)));
    const kept = wanted.filter((item) => !moved.includes(item));
    for (const item of moved) this.queue.picked.delete(item.comment.id);
    const [first] = outcomes;
    if (done) this.toasts.show(done.text, done);
    if (wanted.length > 1 && kept.length > 0) this.report = { title: `${DONE[to]}: ${moved.length} of ${wanted.length}`, outcomes };
    const isLost = kept.some(({ note }) => note?.kind === "unknown");
    if (isLost) this.announcement = LOST;
    else if (kept.length > 0) this.announcement = wanted.length === 1 ? `Not decided: ${first?.problem ?? ""}` : `${plural(kept.length, "comment")} could not be decided.`;
    if (isLost || this.live.state !== "live" || (this.queue.items.length < 5 && this.queue.hasMore)) void this.refresh();
    if (this.route.view === "queue") this.focusCard();
    else this.person.stale();
  }

  /** Undoes a decision; without one, the last that was not undone yet. */
  async undo(done = this.decisions.done.find((one) => !one.undone)): Promise<void> {
    if (!done || done.undone) return;
    try {
      const { back, left } = await this.decisions.undo(done);
      this.toasts.settle(done);
      this.toasts.show(left.length === 0 ? `Undone: ${plural(back, "comment")}` : `Undone: ${back} of ${done.count}. Somebody has changed the others since.`);
      if (left.length > 0) this.report = { title: `Undone: ${back} of ${done.count}`, outcomes: left };
      await this.refresh();
      if (this.route.view === "queue") this.focusCard();
    } catch (error) {
      this.fail(error);
    }
  }

  /** How many each queue holds. */
  count(queues: readonly { readonly name: ModerationQueueName; readonly count: number }[]): void {
    for (const { name, count } of queues) this.counts[name] = count;
    this.requestUpdate();
  }

  /** Something happened, here or elsewhere. */
  follow(event: QueueEvent): void {
    const focused = document.activeElement?.closest<HTMLElement>(".card")?.dataset.id;
    const change = this.queue.apply(event, this.viewer?.id);
    if (change === "unknown" || (this.route.view === "activity" && event.__typename === "CommentLeftQueue")) this.live.rereadSoon();
    if (change === "arrived") this.live.announceSoon();
    if (change === "left") this.live.sweepSoon();
    if (change === "startled") this.live.calmSoon();
    // One's own decision, in another window: the focus goes on to what came in its place.
    if (focused && !this.queue.items.some((item) => item.comment.id === focused)) this.focusCard();
    this.requestUpdate();
  }

  /** Takes out the cards whose comments others have decided on, but for the one that is looked at. */
  sweep(): void {
    this.queue.sweep();
    this.requestUpdate();
  }

  /** The queue as it is now. */
  async reread(): Promise<void> {
    await (this.route.view === "activity" ? this.activity.open() : this.queue.refresh()).catch((error: unknown) => this.fail(error));
    this.#arrived();
    this.requestUpdate();
  }

  /** To the first of what has come in since the queue was read. */
  async showNews(): Promise<void> {
    if (this.queue.beyond > 0 && !this.queue.items.some((item) => item.fresh)) await this.more();
    this.queue.beyond = 0;
    const first = this.queue.items.findIndex((item) => item.fresh);
    if (first >= 0) this.select(first);
    this.requestUpdate();
  }

  /** Reads the desk anew, and follows it from there. */
  async refresh(): Promise<void> {
    try {
      // In this order: what happens after the cursor and before the queue is read comes twice, and nothing is missed.
      await this.live.catchUp();
      if (this.route.view === "queue") await this.queue.refresh();
      this.problem = null;
      this.#arrived();
    } catch (error) {
      this.fail(error);
    }
    this.requestUpdate();
  }

  /** Reads anew whatever is on screen, but for a form that somebody may be filling in. */
  async heal(): Promise<void> {
    if (!this.isModerator) return this.#start();
    const { view } = this.route;
    if (view !== "queue" && (view !== "stories" || this.stories.loading)) await this.#open();
    await this.refresh();
    // What was not known of a decision, the queue shows now.
    if (this.report?.outcomes.some(({ problem }) => problem === LOST)) this.report = null;
  }

  async more(): Promise<void> {
    await this.queue.more().catch((error: unknown) => this.fail(error));
    this.requestUpdate();
  }

  async moreActivity(): Promise<void> {
    await this.activity.more().catch((error: unknown) => this.fail(error));
  }

  async moreStories(): Promise<void> {
    await this.stories.more().catch((error: unknown) => this.fail(error));
  }

  fail(error: unknown): void {
    if (error instanceof Refused && /UNAUTHENTICATED|FORBIDDEN/.test(error.code)) void this.identify();
    else if (passes(error)) this.outage.begin(error);
    else this.problem = (error as Error).message;
    this.requestUpdate();
  }

  /** Asks who is signed in: the session may have ended meanwhile. */
  async identify(): Promise<void> {
    try {
      this.viewer = (await this.client.run(DeskViewer, {})).viewer;
    } catch (error) {
      if (passes(error)) this.outage.begin(error);
      else this.viewer = null;
    }
    this.requestUpdate();
  }

  /** The focus to the card that is selected; where there is none, to the queue's title. */
  focusCard(): void {
    this.requestUpdate();
    void this.updateComplete.then(() => {
      const card = this.querySelector<HTMLElement>(".card.is-selected") ?? this.querySelector<HTMLElement>(".desk-title");
      card?.focus({ preventScroll: true });
      card?.scrollIntoView({ block: "nearest" });
    });
  }

  /** The first card of a queue gets the focus once, when the queue is there: reads that overtake each other end here alike. */
  #arrived(): void {
    if (!this.#arriving || this.queue.loading) return;
    this.#arriving = false;
    this.focusCard();
  }

  readonly #arrive = (): void => {
    this.route = parseRoute(location.search);
    this.rejecting = null;
    this.report = null;
    this.problem = null;
    void this.#open();
  };

  async #open(): Promise<void> {
    const { route } = this;
    try {
      switch (route.view) {
        case "queue": {
          this.#arriving = true;
          const opened = this.queue.open(route.queue, route.filter);
          this.requestUpdate();
          await opened;
          this.#arrived();
          break;
        }
        case "comment":
          this.inspector.look({ id: route.id, revision: -1 });
          break;
        case "person":
          await this.person.open(route.id);
          break;
        case "figures":
          await this.figures.open(route.span);
          break;
        case "stories":
          await this.stories.open();
          break;
        case "activity":
          await this.activity.open();
          break;
      }
    } catch (error) {
      this.fail(error);
    }
    this.requestUpdate();
  }

  async #start(): Promise<void> {
    await this.identify();
    if (!this.isModerator) return;
    await this.live.catchUp().catch((error: unknown) => this.fail(error));
    await this.#open();
  }
}
