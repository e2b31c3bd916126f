import { html, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import type { Desk } from "./desk";
import { inspectorView, time } from "./inspector-view";
import { STATUS } from "./labels";

/** One comment with all that is known of it, under an address of its own. */
export function commentView(desk: Desk, id: string): TemplateResult {
  const comment = desk.inspector.of(id);
  if (!comment) return html`<h1 class="desk-title" tabindex="-1">A comment</h1><p class="desk-empty" aria-busy="true">One moment…</p>`;
  return html`
    <h1 class="desk-title" tabindex="-1">Comment by ${comment.author?.displayName ?? "a former reader"}</h1>
    <p class="card-head">${time(comment.createdAt)} <span class="tag is-${comment.status.toLowerCase()}">${STATUS[comment.status]}</span>
      <a class="card-story" href="/articles/${comment.article.slug}#comment-${encodeURIComponent(comment.id)}">${comment.article.headline}</a></p>
    <div class="card-text" dir="auto">${comment.bodyHtml === null ? html`<p class="desk-muted">The words are gone.</p>` : unsafeHTML(comment.bodyHtml)}</div>
    ${inspectorView(desk, { comment, note: null, busy: false, fresh: false, startled: false })}
  `;
}
