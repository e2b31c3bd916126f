import type { ReactiveController } from "lit";
import type { Desk } from "./desk";
import { REASONS } from "./labels";
import type { Item } from "./queue";

const STORAGE = "talkback:desk:keys";

/** The desk's keys. They can be turned off (WCAG 2.1.4): speech input would set them off by accident. */
export class KeyboardControl implements ReactiveController {
  /** The key that was taken last. */
  #taken = "";
  #on = localStorage.getItem(STORAGE) !== "off";

  constructor(private readonly desk: Desk) {
    desk.addController(this);
  }

  get on(): boolean {
    return this.#on;
  }

  set on(on: boolean) {
    this.#on = on;
    localStorage.setItem(STORAGE, on ? "on" : "off");
    this.desk.requestUpdate();
  }

  hostConnected(): void {
    document.addEventListener("keydown", this.#press);
  }

  hostDisconnected(): void {
    document.removeEventListener("keydown", this.#press);
  }

  readonly #press = (event: KeyboardEvent): void => {
    const { desk } = this;
    if (!desk.isModerator || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    // Held down, a key repeats: it may go through the cards, but a finger that rests on it decides nothing.
    if (event.repeat && !"jk".includes(event.key)) {
      if (event.key === this.#taken) event.preventDefault();
      return;
    }
    this.#taken = "";
    if (target.closest("dialog[open]")) return;
    if (event.key === "Escape") return this.#escape();
    if (!this.#on || target.closest("input:not([type=checkbox]), textarea, select")) return;
    const handled = desk.rejecting ? this.#reason(desk.rejecting, event.key) : this.#anywhere(event.key) || (desk.route.view === "queue" && this.#inQueue(event.key));
    if (!handled) return;
    event.preventDefault();
    this.#taken = event.key;
  };

  #escape(): void {
    const { desk } = this;
    if (desk.rejecting) return desk.cancelReject();
    if (desk.queue.picked.size > 0) {
      desk.queue.picked.clear();
      desk.requestUpdate();
    }
  }

  /** While a reason is asked for, its number answers, and no other key decides anything. */
  #reason(items: readonly Item[], key: string): boolean {
    const reason = REASONS[Number(key) - 1]?.[0];
    if (!reason) return false;
    void this.desk.decide(items, "REJECTED", reason, this.desk.querySelector<HTMLInputElement>(".reason-note")?.value ?? null);
    return true;
  }

  #anywhere(key: string): boolean {
    switch (key) {
      case "u":
        void this.desk.undo();
        return true;
      case "?":
        this.desk.querySelector<HTMLDialogElement>("dialog.desk-help-dialog")?.showModal();
        return true;
      case "/":
        this.desk.querySelector<HTMLElement>(".search input")?.focus();
        return this.desk.route.view === "queue";
      case "[":
      case "]":
        this.desk.stepQueue(key === "]" ? 1 : -1);
        return true;
      default:
        return false;
    }
  }

  #inQueue(key: string): boolean {
    const { desk } = this;
    const { queue } = desk;
    const item = queue.current;
    const picked = queue.pickedItems;
    const meant = picked.length > 0 ? picked : item && item.note?.kind !== "gone" ? [item] : [];
    switch (key) {
      case "j":
        desk.select(queue.at + 1);
        return true;
      case "k":
        desk.select(queue.at - 1);
        return true;
      case "a":
        void desk.decide(meant, "APPROVED");
        return true;
      case "s":
        void desk.decide(meant, "SPAM");
        return true;
      case "w":
        void desk.decide(meant, "PENDING");
        return true;
      case "r":
        desk.startReject(meant);
        return true;
      case "b":
        if (item?.comment.author) desk.sanctions.start(item.comment.author);
        return true;
      case "x":
      case "X":
        queue.pick(queue.at, key === "x" ? "toggle" : "range");
        break;
      case "*":
        queue.pickAll();
        break;
      case "o":
        desk.querySelector<HTMLAnchorElement>(".card.is-selected .card-story")?.click();
        return true;
      default:
        return false;
    }
    desk.requestUpdate();
    return true;
  }
}
