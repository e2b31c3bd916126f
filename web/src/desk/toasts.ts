import type { ReactiveController } from "lit";
import type { Done } from "./decisions";
import type { Desk } from "./desk";

/** Long enough to read, notice and reach it (WCAG 2.2.1: it is not lost afterwards, `u` and the activity page still undo). */
const SHOWN_MS = 15_000;
const MOST = 3;

export interface Toast {
  readonly text: string;
  /** What the toast's button undoes. */
  readonly done: Done | null;
}

/** What was just done, with the way back. A toast waits while somebody points at it or has the focus in it. */
export class Toasts implements ReactiveController {
  shown: Toast[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #held = false;

  constructor(private readonly desk: Desk) {
    desk.addController(this);
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer);
  }

  show(text: string, done: Done | null = null): void {
    this.shown = [...this.shown, { text, done }].slice(-MOST);
    this.desk.announcement = text;
    this.#wait();
    this.desk.requestUpdate();
  }

  dismiss(toast: Toast): void {
    this.shown = this.shown.filter((other) => other !== toast);
    this.desk.requestUpdate();
  }

  /** The decision can no longer be undone: it has been. */
  settle(done: Done): void {
    this.shown = this.shown.filter((toast) => toast.done !== done);
  }

  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.#wait();
    else clearTimeout(this.#timer);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#held || this.shown.length === 0) return;
    this.#timer = setTimeout(() => {
      this.shown = this.shown.slice(1);
      this.desk.requestUpdate();
      this.#wait();
    }, SHOWN_MS / this.shown.length);
  }
}
