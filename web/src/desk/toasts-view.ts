import { html, type TemplateResult } from "lit";
import type { Desk } from "./desk";

/** What was just done. The announcement says the same to screen readers, so this is no live region. */
export function toastsView(desk: Desk): TemplateResult {
  const { toasts } = desk;
  return html`<section class="toasts" aria-label="Just done" ?hidden=${toasts.shown.length === 0}
    @pointerenter=${() => toasts.hold(true)} @pointerleave=${() => toasts.hold(false)} @focusin=${() => toasts.hold(true)} @focusout=${() => toasts.hold(false)}>
    ${toasts.shown.map((toast) => html`<p class="toast"><span>${toast.text}</span><button class="toast-close" aria-label="Dismiss" @click=${() => toasts.dismiss(toast)}>×</button></p>`)}
  </section>`;
}
