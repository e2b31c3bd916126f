import type { ReactiveController } from "lit";
import type { Desk } from "./desk";
import { REASONS } from "./labels";

const STORAGE = "talkback:desk:keys";

/** The desk's keys. They can be turned off (WCAG 2.1.4): speech input would set them off by accident. */
export class KeyboardControl implements ReactiveController {
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
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && desk.rejecting) return desk.cancelReject();
    const target = event.target as HTMLElement;
    if (!this.#on || target.closest("input, textarea, select, dialog[open]")) return;
    const item = desk.current;
    if (item && desk.rejecting) {
      const reason = REASONS[Number(event.key) - 1]?.[0];
      if (reason) {
        const note = desk.querySelector<HTMLInputElement>(".reason-note")?.value ?? null;
        void desk.decide(item, "reject", reason, note);
      }
      return;
    }
    switch (event.key) {
      case "j":
        desk.select(desk.selected + 1);
        break;
      case "k":
        desk.select(desk.selected - 1);
        break;
      case "a":
        if (item && !item.gone) void desk.decide(item, "approve");
        break;
      case "s":
        if (item && !item.gone) void desk.decide(item, "spam");
        break;
      case "r":
        if (item && !item.gone) desk.startReject(item);
        break;
      case "o":
        desk.querySelector<HTMLAnchorElement>(".desk-card.is-selected .desk-story")?.click();
        break;
      case "?":
        desk.querySelector<HTMLDialogElement>("dialog")?.showModal();
        break;
      default:
        return;
    }
    event.preventDefault();
  };
}
