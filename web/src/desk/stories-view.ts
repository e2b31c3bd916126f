import { html, nothing, type TemplateResult } from "lit";
import { fully, plural } from "../lib/text";
import type { Desk } from "./desk";
import { localTime, type Story } from "./stories";

/** The stories, each with the rules that its comments live under. */
export function storiesView(desk: Desk): TemplateResult {
  const { list, loading, hasMore } = desk.stories;
  return html`
    <h1 class="desk-title" tabindex="-1">Stories</h1>
    ${desk.isEditor ? nothing : html`<p class="desk-muted">Editors set who may comment, and how. You see what they have set.</p>`}
    ${list.length === 0 ? html`<p class="desk-empty">${loading ? "One moment…" : "No stories yet."}</p>` : html`<ul class="stories">${list.map((story) => storyView(desk, story))}</ul>`}
    ${hasMore ? html`<p><button class="button" @click=${() => void desk.moreStories()}>Show more</button></p>` : nothing}
  `;
}

function storyView(desk: Desk, story: Story): TemplateResult {
  const { commentPolicy: policy, id } = story;
  const open = desk.stories.opened === id;
  return html`<li class="story">
    <div class="story-line">
      <div>
        <h2><a href="/articles/${story.slug}">${story.headline}</a></h2>
        <p class="desk-muted">${story.section ? `${story.section} · ` : ""}${plural(story.commentCount, "comment")} · ${policy.minLength} to ${policy.maxLength.toLocaleString()} characters${policy.closesAt ? ` · closes ${fully(policy.closesAt, undefined)}` : ""}</p>
      </div>
      <span class="tag ${policy.state === "OPEN" ? "is-approved" : "is-rejected"}">${policy.state === "OPEN" ? "Open" : "Closed"}</span>
      <span class="tag">${policy.moderation === "PRE" ? "Read before" : "Read after"}</span>
      <button class="button" aria-expanded=${String(open)} aria-controls="rules-${id}" @click=${() => desk.stories.toggle(story)}>${desk.isEditor ? "Change" : "Details"}<span class="visually-hidden">: ${story.headline}</span></button>
    </div>
    <div id="rules-${id}" ?hidden=${!open}>${open ? formView(desk, story) : nothing}</div>
  </li>`;
}

function formView(desk: Desk, story: Story): TemplateResult {
  const { commentPolicy: policy } = story;
  const { problem, saved, busy } = desk.stories;
  const fixed = !desk.isEditor;
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    void desk.stories.save(story, new FormData(event.target as HTMLFormElement));
  };
  return html`<form class="rules" @submit=${save}>
    <label class="field-line">Comments <select class="field" name="state" ?disabled=${fixed}>
      <option value="OPEN" ?selected=${policy.state === "OPEN"}>Open</option><option value="CLOSED" ?selected=${policy.state === "CLOSED"}>Closed</option></select></label>
    <label class="field-line">A moderator reads them <select class="field" name="moderation" ?disabled=${fixed}>
      <option value="PRE" ?selected=${policy.moderation === "PRE"}>before readers do</option><option value="POST" ?selected=${policy.moderation === "POST"}>after they appear</option></select></label>
    <label class="field-line">Shortest, in characters <input class="field" type="number" name="minLength" min="1" max="5000" required .value=${String(policy.minLength)} ?readonly=${fixed}></label>
    <label class="field-line">Longest, in characters <input class="field" type="number" name="maxLength" min="1" max="5000" required .value=${String(policy.maxLength)} ?readonly=${fixed}></label>
    <label class="field-line">Closes by itself <input class="field" type="datetime-local" name="closesAt" .value=${localTime(policy.closesAt)} ?readonly=${fixed}></label>
    <label class="field-line is-long">House rule under the comments <textarea class="field" name="guidelines" rows="2" maxlength="1000" .value=${policy.guidelines ?? ""} ?readonly=${fixed}></textarea></label>
    ${problem ? html`<p class="card-note is-long" role="alert">${problem}</p>` : nothing}
    ${fixed ? nothing : html`<p class="card-actions is-long"><button class="button button-primary" ?disabled=${busy}>Save</button> <span role="status">${saved === story.id ? "Saved. Readers see it now." : ""}</span></p>`}
  </form>`;
}
