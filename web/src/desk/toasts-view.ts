import { html, nothing, type TemplateResult } from "lit";
import type { Desk } from "./desk";

/** What was just done, with the way back. The announcement says the same to screen readers, so this is no live region. */
export function toastsView(desk: Desk): TemplateResult {
  const { toasts } = desk;
  return html`<section class="toasts" aria-label="Just done" ?hidden=${toasts.shown.length === 0}
    @pointerenter=${() => toasts.hold(true)} @pointerleave=${() => toasts.hold(false)} @focusin=${() => toasts.hold(true)} @focusout=${() => toasts.hold(false)}>
    ${toasts.shown.map((toast, index) => {
      const { text, done } = toast;
      const latest = index === toasts.shown.length - 1;
      return html`<p class="toast"><span>${text}</span>
        ${done ? html`<button class="toast-undo" aria-keyshortcuts=${latest ? "u" : nothing} @click=${() => void desk.undo(done)}>Undo${latest && desk.keyboard.on ? html`<kbd aria-hidden="true">u</kbd>` : nothing}</button>` : nothing}
        <button class="toast-close" aria-label="Dismiss" @click=${() => toasts.dismiss(toast)}>×</button></p>`;
    })}
  </section>`;
}
