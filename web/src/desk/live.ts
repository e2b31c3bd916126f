import type { ReactiveController } from "lit";
import { DeskEvents, DeskState, type DeskEventsData } from "../generated/operations";
import { EventStream, type StreamState } from "../lib/event-stream";
import { plural } from "../lib/text";
import type { Desk } from "./desk";

export type QueueEvent = DeskEventsData["moderationEvents"]["event"];

type Result = { data?: DeskEventsData | null; errors?: readonly { message: string; extensions?: { code?: string } }[] };

/** What came in is announced together, once per this time. */
const ANNOUNCE_MS = 2_000;
/** What an event does not tell is read from the server, once for all events of this time. */
const REREAD_MS = 400;
/** How long a card tells who decided on it, before it leaves. */
const FAREWELL_MS = 5_000;
/** How long no decision is taken on words that have just changed under somebody's eyes. */
const STARTLED_MS = 800;

/**
 * Follows what enters, leaves, is edited and is claimed, with the counts of every queue: from the cursor that the desk was read
 * at, and after a lost connection from the last one that it saw.
 */
export class Live implements ReactiveController {
  state: StreamState = "connecting";
  /** How many events have come: what was asked for before the last of them says nothing new of the counts. */
  heard = 0;
  #cursor: string | null = null;
  #arrived = 0;
  /** The connection was gone. */
  #lost = false;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #stream: EventStream;

  constructor(private readonly desk: Desk) {
    desk.addController(this);
    this.#stream = new EventStream({
      credentials: "same-origin",
      address: () => desk.client.address(DeskEvents, { after: this.#cursor }),
      next: (result) => this.#next(result as Result),
      state: (state) => this.#become(state),
    });
  }

  hostDisconnected(): void {
    this.#stream.stop();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Reads where the queues stand, and follows them from there. What is read after this misses nothing. */
  async catchUp(): Promise<void> {
    const { heard } = this;
    const { cursor, queues } = (await this.desk.client.run(DeskState, {})).moderationState;
    if (heard === this.heard) this.desk.count(queues);
    if (!this.desk.isConnected) return;
    if (this.#stream.running && this.state !== "closed") return;
    this.#stream.stop();
    this.#cursor = cursor;
    this.#stream.start();
  }

  /** The card of a comment that has left goes after a while, unless somebody is looking at it. */
  sweepSoon(): void {
    this.#later("sweep", FAREWELL_MS, () => this.desk.sweep());
  }

  /** Decisions on words that have just changed wait until they can have been seen. */
  calmSoon(): void {
    this.#later("calm", STARTLED_MS, () => {
      for (const item of this.desk.queue.items) item.startled = false;
      this.desk.requestUpdate();
    });
  }

  announceSoon(): void {
    this.#arrived++;
    this.#later("announce", ANNOUNCE_MS, () => {
      this.desk.announcement = plural(this.#arrived, "new comment");
      this.#arrived = 0;
      this.desk.requestUpdate();
    });
  }

  rereadSoon(): void {
    this.#later("reread", REREAD_MS, () => void this.desk.reread());
  }

  #later(what: string, delay: number, act: () => void): void {
    if (this.#timers.has(what)) return;
    this.#timers.set(what, setTimeout(() => {
      this.#timers.delete(what);
      act();
    }, delay));
  }

  #become(state: StreamState): void {
    this.state = state;
    if (state === "waiting") this.#lost = true;
    if (state === "live" && this.#lost) {
      this.#lost = false;
      void this.desk.outage.recover();
    }
    // Refused for good: the session may have ended.
    if (state === "closed") void this.desk.identify();
    this.desk.requestUpdate();
  }

  #next({ data, errors }: Result): void {
    if (!data) {
      const [error] = errors ?? [];
      if (/^(FEED_RESET|BAD_CURSOR)$/.test(error?.extensions?.code ?? "")) return this.#startOver();
      if (/^(UNAUTHENTICATED|FORBIDDEN)$/.test(error?.extensions?.code ?? "")) void this.desk.identify();
      throw new Error(error?.message);
    }
    const { cursor, event, queues } = data.moderationEvents;
    this.heard++;
    if (event.__typename === "FeedReset") return this.#startOver();
    this.#cursor = cursor;
    this.desk.count(queues);
    this.desk.follow(event);
  }

  /** The history no longer reaches back to where this was: the desk is read anew. */
  #startOver(): void {
    this.#stream.stop();
    void this.desk.refresh();
  }
}
