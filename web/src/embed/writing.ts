import { html, nothing, type TemplateResult } from "lit/html.js";
import type { ReactionKind } from "../generated/operations";
import { Unreachable } from "../lib/client";
import { characters } from "../lib/text";
import type { Controller } from "./base";
import type * as Later from "./later";
import type { Question } from "./later/dialog";
import { Draft } from "./drafts";
import type { TalkbackComments } from "./element";
import { part } from "./parts";
import type { Comment } from "./thread";

/** A pause in the typing after which the counter is read out. */
const PAUSE_MS = 1_200;

/** The composer with its drafts, and the way to everything else that a reader does. */
export class Writing implements Controller {
  /** The open composer, one at a time: `""` for the one of the article, `reply:ID`, `edit:ID`. */
  composing = "";
  confirmingDelete: string | null = null;
  /** The open dialog. */
  question: Question | null = null;
  readonly #drafts = new Map<string, Draft>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #later: typeof Later | null = null;

  constructor(private readonly element: TalkbackComments) {
    element.addController(this);
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer);
  }

  /** Another article: other drafts. */
  reset(): void {
    this.#drafts.clear();
    this.composing = "";
    this.confirmingDelete = null;
    this.question = null;
  }

  draft(key: string, body = ""): Draft {
    let draft = this.#drafts.get(key);
    if (!draft) {
      draft = new Draft(key.startsWith("edit:") ? null : `talkback:draft:${this.element.place}:${key}`, body);
      this.#drafts.set(key, draft);
    }
    return draft;
  }

  /** Opens a composer in the place of the one that was open, whose text is kept. */
  compose(key: string): void {
    const { element, composing: before } = this;
    if (before.startsWith("edit:")) this.#drafts.delete(before);
    this.composing = key;
    element.requestUpdate();
    void element.updateComplete.then(() => {
      // Back from a reply: to the comment it was for, not up to the head of the thread.
      if (key === "" && before) element.focusComment(before.slice(before.indexOf(":") + 1));
      else element.renderRoot.querySelector<HTMLElement>("form textarea")?.focus();
    });
  }

  /** Opens the composer of the article from wherever the reader is. */
  composeNew(): void {
    this.composing = "";
    this.compose("");
  }

  askDelete(comment: Comment): void {
    this.#do(comment, (later) => later.askDelete(this.element, comment, true));
  }

  /** Takes what was typed; once the typing pauses, says how far it is. */
  write(draft: Draft, field: "name" | "body", text: string): void {
    draft[field] = text;
    if (draft.error?.field === field || draft.error?.field === null) draft.error = null;
    this.element.requestUpdate();
    if (field === "name") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const min = this.element.thread?.policy.minLength ?? 0;
      const n = characters(draft.body);
      this.element.announce(n < min ? this.element.wording.text("counted", { n, min }) : "");
    }, PAUSE_MS);
  }

  /** Has at hand what sending needs, by the time that the text is written. */
  prepare(): void {
    // Where it fails, sending tries again, and says so.
    this.load().catch(() => {});
  }

  /** Sends a comment, or (`parentId`) a reply. Resolves to whether it was taken. */
  submit(key: string, parentId: string | null): Promise<boolean> {
    return this.#send(this.draft(key), (later, draft) => later.submit(this.element, draft, parentId));
  }

  edit(comment: Comment): Promise<boolean> {
    return this.#send(this.draft(`edit:${comment.id}`), (later, draft) => later.edit(this.element, draft, comment));
  }

  /** Asks what became of comments that await a moderator: of one that is refused, no event tells. */
  look(): void {
    if (this.element.renderRoot.querySelector(".pending")) this.load().then((later) => later.look(this.element)).catch(() => {});
  }

  delete(comment: Comment): void {
    this.confirmingDelete = null;
    this.#do(comment, (later) => later.remove(this.element, comment));
  }

  react(comment: Comment, kind: ReactionKind, on: boolean): void {
    this.#do(comment, (later) => later.react(this.element, comment, kind, on));
  }

  report(comment: Comment): void {
    this.#do(comment, (later) => later.report(this.element, comment));
  }

  /** Opens a dialog, or (`null`) forgets the one that has closed. */
  ask(question: Question | null): void {
    const { element } = this;
    this.question = question;
    element.requestUpdate();
    void element.updateComplete.then(() => {
      const dialog = element.renderRoot.querySelector("dialog");
      if (dialog && !dialog.open) dialog.showModal();
    });
  }

  dialog(): TemplateResult | typeof nothing {
    return this.question && this.#later ? this.#later.dialogView({ html, nothing }, this.element, this.question) : nothing;
  }

  /** The question whether to delete a comment. */
  deletion(comment: Comment): TemplateResult | undefined {
    return this.#later?.deletionView({ html, nothing }, this.element, comment);
  }

  signOut(): void {
    this.element.session.current = null;
    this.element.viewer = null;
    void this.element.reload();
  }

  /** What was written has arrived. */
  done(draft: Draft): void {
    draft.clear();
    for (const [key, other] of this.#drafts) {
      if (other !== draft) continue;
      this.#drafts.delete(key);
      if (this.composing === key) this.composing = "";
    }
  }

  /** What comes when it is needed. */
  async load(): Promise<typeof Later> {
    if (this.#later) return this.#later;
    let later: typeof Later;
    try {
      later = await part<typeof Later>("later");
    } catch (error) {
      throw new Unreachable((error as Error).message);
    }
    if (!this.#later) {
      this.element.wording.learn(later.english);
      later.dress(this.element);
    }
    return (this.#later = later);
  }

  #do(comment: Comment, deed: (later: typeof Later) => Promise<void> | void): void {
    this.load().then(deed).catch((error: unknown) => this.element.say(comment.id, this.element.explain(error, "unreachable")));
  }

  async #send(draft: Draft, send: (later: typeof Later, draft: Draft) => Promise<Draft["error"]>): Promise<boolean> {
    const { element } = this;
    if (draft.busy) return false;
    draft.busy = true;
    draft.error = null;
    element.requestUpdate();
    try {
      draft.error = await send(await this.load(), draft);
    } catch (error) {
      if (element.endSession(error)) draft.error = { field: "name", message: element.wording.text("sessionEnded") };
      else draft.error = { field: null, message: element.explain(error, "textKept") };
    }
    draft.busy = false;
    element.requestUpdate();
    return draft.error === null;
  }
}
