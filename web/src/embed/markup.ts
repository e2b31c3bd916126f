import { directive, Directive } from "lit/directive.js";
import { html, type TemplateResult } from "lit/html.js";

/** Lit's `unsafeHTML`, without what guards it against being used elsewhere than it is here. Through lit, for the sake of Trusted Types. */
class Markup extends Directive {
  #text: string | null = null;
  #template: TemplateResult | null = null;

  render(text: string): TemplateResult | null {
    if (text !== this.#text) {
      this.#text = text;
      this.#template = html(Object.assign([text], { raw: [text] }));
    }
    return this.#template;
  }
}

/** HTML that the server has sanitised. It is drawn anew only when it is another. */
export const markup = directive(Markup);
