import { render, type TemplateResult } from "lit/html.js";

/** What lives and dies with the element. */
export interface Controller {
  hostConnected?(): void;
  hostDisconnected?(): void;
}

/**
 * As much of an element's life as the comments need: what changes in one go is drawn in one go, in the next microtask. Lit draws; its own
 * base class would add 3 KB to every page that carries the element, mostly for what this one does not do.
 */
export abstract class Base extends HTMLElement {
  readonly renderRoot = this.attachShadow({ mode: "open" });
  hasUpdated = false;
  /** Resolves once what was asked for is drawn. */
  updateComplete: Promise<void> = Promise.resolve();
  readonly #controllers: Controller[] = [];
  #changed = new Set<string>();
  #pending = false;

  addController(controller: Controller): void {
    this.#controllers.push(controller);
  }

  connectedCallback(): void {
    for (const controller of this.#controllers) controller.hostConnected?.();
    this.requestUpdate();
  }

  disconnectedCallback(): void {
    for (const controller of this.#controllers) controller.hostDisconnected?.();
  }

  attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    if (before !== value) this.requestUpdate(name);
  }

  /** Draws soon, once it is in a page; `changed` names the attribute or the property that is another now. */
  requestUpdate(changed?: string): void {
    if (changed) this.#changed.add(changed);
    if (this.#pending || !(this.hasUpdated || this.isConnected)) return;
    this.#pending = true;
    this.updateComplete = Promise.resolve().then(() => {
      const names = this.#changed;
      this.#changed = new Set();
      this.willUpdate(names);
      this.#pending = false;
      render(this.render(), this.renderRoot);
      this.hasUpdated = true;
    });
  }

  /** Follows what changed, before it is drawn. */
  protected abstract willUpdate(changed: ReadonlySet<string>): void;
  protected abstract render(): TemplateResult;
}

/** Properties that are what the attributes of their names say. */
export function reflect(element: { readonly prototype: Base }, ...names: readonly string[]): void {
  for (const name of names) {
    Object.defineProperty(element.prototype, name, {
      get(this: Base) {
        return this.getAttribute(name);
      },
      set(this: Base, value: string | null | undefined) {
        if (value == null) this.removeAttribute(name);
        else this.setAttribute(name, value);
      },
    });
  }
}
