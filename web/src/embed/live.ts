import { ArticleEvents, type ArticleEventsData } from "../generated/operations";
import { EventStream, pause, type StreamState } from "../lib/event-stream";
import { published } from "../lib/waiting";
import type { Controller } from "./base";
import type { TalkbackComments } from "./element";
import type { Thread } from "./thread";

/** How long a hidden tab keeps its connection: browsers allow six per server, and servers would rather have none of them idle. */
const HIDDEN_MS = 30_000;
/** New comments are announced together, once per this time. */
const ANNOUNCE_MS = 4_000;
/** Browsers take no longer timeout: 24.8 days. */
const LONGEST_MS = 2 ** 31 - 1;
/** After this time without a failure, the next one is the first again. */
const FORGET_MS = 60_000;

type Result = { data?: ArticleEventsData | null; errors?: readonly { message: string; extensions?: { code?: string } }[] };

/**
 * Follows the article's feed from the thread's cursor, and decides whether what comes in may move what is being read. Where the thread
 * can't be had, it is fetched again: after pauses that grow, and at once when the network or the reader comes back.
 */
export class Live implements Controller {
  state: StreamState | "paused" = "connecting";
  #stream: EventStream | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #failedAt = 0;
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  #announceTimer: ReturnType<typeof setTimeout> | undefined;
  #closing: ReturnType<typeof setTimeout> | undefined;
  #arrived = 0;

  constructor(private readonly element: TalkbackComments) {
    element.addController(this);
  }

  hostConnected(): void {
    document.addEventListener("visibilitychange", this.#visibility);
    addEventListener("online", this.#retry);
  }

  hostDisconnected(): void {
    document.removeEventListener("visibilitychange", this.#visibility);
    removeEventListener("online", this.#retry);
    this.calm();
    clearTimeout(this.#hiddenTimer);
    clearTimeout(this.#announceTimer);
    this.#announceTimer = undefined;
    clearTimeout(this.#closing);
    this.leave();
  }

  /** Closes commenting when its time has come, of which no event tells. Called before each drawing: so it follows whatever events change. */
  heedClosing(): void {
    const { element } = this;
    const { thread } = element;
    clearTimeout(this.#closing);
    if (!element.isConnected || thread?.policy.state !== "OPEN" || !thread.policy.closesAt) return;
    const left = Date.parse(thread.policy.closesAt) - Date.now();
    if (left > 0) {
      this.#closing = setTimeout(() => element.requestUpdate(), Math.min(left, LONGEST_MS));
    } else {
      thread.policy = { ...thread.policy, state: "CLOSED" };
      element.announce(element.wording.text("closed"));
    }
  }

  follow(thread: Thread): void {
    this.leave();
    this.#stream = new EventStream({
      // Without a token: everybody who follows the article asks the same, and the server answers all of them with the same bytes.
      address: () => this.element.client.address(ArticleEvents, { articleId: thread.articleId, after: thread.cursor }),
      next: (result) => this.#next(thread, result as Result),
      state: (state) => this.#become(state),
    });
    if (document.hidden) this.#become("paused");
    else this.#stream.start();
  }

  /** Lets go of the feed. What is shown is as it was. */
  leave(): void {
    this.#stream?.stop();
    this.#stream = null;
    this.#become("connecting");
  }

  /** Has the thread fetched anew, after a pause. */
  again(): void {
    const now = performance.now();
    if (now - this.#failedAt > FORGET_MS) this.#failures = 0;
    this.#failedAt = now;
    this.calm();
    this.#again = setTimeout(this.#retry, pause(this.#failures++));
  }

  /** It is being fetched. */
  calm(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
  }

  /** Where nobody looks, it waits until somebody does. */
  readonly #retry = (): void => {
    if (this.#again && !document.hidden) void this.element.reload();
  };

  /** The feed no longer goes on from where this was. The pause is for a server that would say so again at once. */
  #reset(): void {
    this.leave();
    this.again();
  }

  #become(state: StreamState | "paused"): void {
    this.state = state;
    this.element.requestUpdate();
  }

  #next(thread: Thread, result: Result): void {
    const { element } = this;
    if (thread !== element.thread) return;
    if (!result.data) {
      const [error] = result.errors ?? [];
      // A cursor that the server does not take any more: begin again from a snapshot. Anything else may pass.
      if (/^(FEED_RESET|BAD_CURSOR)$/.test(error?.extensions?.code ?? "")) return this.#reset();
      throw new Error(error?.message);
    }
    const { event, cursor } = result.data.articleEvents;
    const steady = this.#steady();
    const change = thread.apply(event, cursor, this.#reading(thread));
    if (change === "reset") return this.#reset();
    if ("comment" in event && "commentCount" in event) {
      const { id } = event.comment;
      published(id);
      // What was said beside one's comment ("awaiting moderation") is no longer true.
      if (id === element.notice?.id) element.say(id, element.wording.text("published"));
    }
    if (event.__typename === "CommentingChanged" && thread.policy.state !== "OPEN") element.announce(element.wording.text("closed"));
    if (change === "inserted" || change === "held") this.#announceSoon();
    if (change === "none") return;
    element.requestUpdate();
    void element.updateComplete.then(steady);
  }

  /** Where the browser has no scroll anchoring (Safari): remembers what is being read, and puts it back where it was. */
  #steady(): (() => void) | undefined {
    if (CSS.supports("overflow-anchor", "auto")) return undefined;
    const read = [...this.element.renderRoot.querySelectorAll(".comment-main")].find((place) => place.getBoundingClientRect().bottom > 0);
    const top = read?.getBoundingClientRect().top ?? 0;
    if (!read || top > innerHeight) return undefined;
    return () => read.isConnected && scrollBy({ top: read.getBoundingClientRect().top - top, behavior: "instant" });
  }

  /** Something in the thread has the reader's eyes: it fills the lower half of the window or more, or is being written in. */
  #reading(thread: Thread): boolean {
    if (thread.held.length > 0) return true;
    const root = this.element.renderRoot;
    const list = root.querySelector(".comment-list");
    return Boolean(list && (list.getBoundingClientRect().top < innerHeight / 2 || list.querySelector("form:focus-within")));
  }

  #announceSoon(): void {
    this.#arrived++;
    this.#announceTimer ??= setTimeout(() => {
      this.element.announce(this.element.wording.text("newComments", { n: this.#arrived }));
      this.#arrived = 0;
      this.#announceTimer = undefined;
    }, ANNOUNCE_MS);
  }

  readonly #visibility = (): void => {
    clearTimeout(this.#hiddenTimer);
    this.#retry();
    if (document.hidden) {
      this.#hiddenTimer = setTimeout(() => {
        this.#stream?.stop();
        this.#become("paused");
      }, HIDDEN_MS);
      return;
    }
    this.element.writing.look();
    if (this.#stream && !this.#stream.running) this.#stream.start();
  };
}
