import type { ReactiveController } from "lit";
import type { StreamState } from "../lib/event-stream";
import type { Desk } from "./desk";

const REFRESH_MS = 8_000;

/** Looks for news every few seconds, while somebody is looking. */
export class Live implements ReactiveController {
  readonly state: StreamState = "live";
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly desk: Desk) {
    desk.addController(this);
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      if (!document.hidden) void this.desk.refresh();
    }, REFRESH_MS);
  }
}
