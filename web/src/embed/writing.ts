import type { ReactiveController } from "lit";
import { CommentDelete, CommentEdit, CommentReact, CommentReport, CommentSubmit, SessionStartGuest, type ReactionKind } from "../generated/operations";
import { Unreachable } from "../lib/client";
import { characters } from "../lib/text";
import type { Question } from "./dialog";
import { Draft } from "./drafts";
import type { TalkbackComments } from "./element";
import type { Comment } from "./thread";

/** A pause in the typing after which the counter is read out. */
const PAUSE_MS = 1_200;

/** Everything that a reader does: the composer, its drafts, signing in on the way, edits, deletions, reactions and reports. */
export class Writing implements ReactiveController {
  /** The open composer, one at a time: `""` for the one of the article, `reply:ID`, `edit:ID`. */
  composing = "";
  confirmingDelete: string | null = null;
  /** The open dialog. */
  question: Question | null = null;
  readonly #drafts = new Map<string, Draft>();
  #timer: ReturnType<typeof setTimeout> | undefined;

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

  confirmDelete(id: string | null): void {
    this.confirmingDelete = id;
    this.element.requestUpdate();
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
      const count = characters(draft.body);
      this.element.announce(count < min ? `${count} of at least ${min} characters` : "");
    }, PAUSE_MS);
  }

  /** Sends a comment, or (`parentId`) a reply. Resolves to whether it was taken. */
  submit(key: string, parentId: string | null): Promise<boolean> {
    const { element } = this;
    return this.#send(this.draft(key), async (draft) => {
      const { thread, client } = element;
      if (!thread) return null;
      const refused = await this.#signIn(draft.name);
      if (refused) return { field: "name", message: refused };
      const input = { articleId: thread.articleId, parentId, body: draft.body, idempotencyKey: draft.idempotencyKey };
      const { commentSubmit: sent } = await client.run(CommentSubmit, { input });
      const [refusal] = sent.userErrors;
      if (refusal || !sent.comment) return { field: "body", message: refusal?.message ?? "The comment was not accepted." };
      this.#done(key, draft);
      thread.own(sent.comment);
      element.say(sent.comment.id, sent.comment.status === "PENDING" ? "Thank you. Your comment is awaiting moderation." : "Your comment is published.");
      return null;
    });
  }

  /** Saves an edit, naming the revision that was on screen. */
  edit(comment: Comment): Promise<boolean> {
    const { element } = this;
    const key = `edit:${comment.id}`;
    return this.#send(this.draft(key), async (draft) => {
      const { commentEdit: sent } = await element.client.run(CommentEdit, { input: { id: comment.id, body: draft.body, revision: comment.revision } });
      if (sent.comment) element.thread?.own(sent.comment);
      const [refusal] = sent.userErrors;
      if (refusal) return { field: "body", message: refusal.message };
      this.#done(key, draft);
      element.say(comment.id, sent.comment?.status === "PENDING" ? "Your change is awaiting moderation." : "Your change is saved.");
      return null;
    });
  }

  async delete(comment: Comment): Promise<void> {
    const { element } = this;
    this.confirmingDelete = null;
    try {
      const { commentDelete: sent } = await element.client.run(CommentDelete, { input: { id: comment.id } });
      const [refusal] = sent.userErrors;
      if (!refusal) element.thread?.fell(comment.id);
      element.say(comment.id, refusal?.message ?? "Your comment is deleted.");
    } catch (error) {
      element.say(comment.id, error instanceof Unreachable ? "You seem to be offline. Nothing was deleted." : (error as Error).message);
    }
    element.requestUpdate();
    void element.updateComplete.then(() => element.focusComment(comment.id));
  }

  /** Sets a reaction on or off; asks for a name first where there is none. */
  async react(comment: Comment, kind: ReactionKind, on: boolean): Promise<void> {
    const { element } = this;
    const send = async (): Promise<void> => {
      const { commentReact: sent } = await element.client.run(CommentReact, { input: { id: comment.id, kind, on } });
      if (sent.comment) element.thread?.reacted(sent.comment);
      const [refusal] = sent.userErrors;
      if (refusal) element.say(comment.id, refusal.message);
      element.requestUpdate();
    };
    if (!element.identified) return this.#ask(comment, false, send);
    await send().catch((error: unknown) => {
      if (element.endSession(error)) return this.#ask(comment, false, send);
      element.say(comment.id, error instanceof Unreachable ? "You seem to be offline. Your reaction was not sent." : (error as Error).message);
    });
  }

  /** Asks why, and tells the moderators. */
  report(comment: Comment): void {
    const { element } = this;
    this.#ask(comment, true, async ({ reason, note }) => {
      const { commentReport: sent } = await element.client.run(CommentReport, { input: { id: comment.id, reason, note: note || null } });
      element.say(comment.id, sent.userErrors[0]?.message ?? "Thank you. A moderator will look at it.");
    });
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

  #ask(comment: Comment, report: boolean, send: Question["answer"] extends (given: infer Given) => unknown ? (given: Given) => Promise<void> : never): void {
    const question: Question = {
      comment, report, error: null, busy: false,
      answer: async (given) => {
        question.busy = true;
        question.error = null;
        this.element.requestUpdate();
        try {
          const refused = await this.#signIn(given.name);
          if (refused) question.error = { field: "name", message: refused };
          else await send(given);
        } catch (error) {
          if (this.element.endSession(error)) question.error = { field: "name", message: "Your session has ended. Enter your name and send it again." };
          else question.error = { field: null, message: error instanceof Unreachable ? "You seem to be offline. Try again when you are back." : (error as Error).message };
        }
        question.busy = false;
        if (question.error === null && this.question === question) {
          this.question = null;
          this.element.focusComment(comment.id);
        }
        this.element.requestUpdate();
        return question.error === null;
      },
    };
    this.ask(question);
  }

  /** Opens a guest's session where there is none. Resolves to what is wrong with the name, if something is. */
  async #signIn(name: string): Promise<string | null> {
    const { element } = this;
    if (element.identified) return null;
    const { sessionStartGuest: started } = await element.client.run(SessionStartGuest, { input: { displayName: name.trim() } });
    const [refusal] = started.userErrors;
    if (refusal || !started.token || !started.viewer) return refusal?.message ?? "That name was not accepted.";
    element.session.current = { token: started.token, name: started.viewer.displayName, expiresAt: started.expiresAt };
    element.viewer = started.viewer;
    return null;
  }

  signOut(): void {
    this.element.session.current = null;
    this.element.viewer = null;
    void this.element.reload();
  }

  #done(key: string, draft: Draft): void {
    draft.clear();
    this.#drafts.delete(key);
    if (this.composing === key) this.composing = "";
  }

  async #send(draft: Draft, send: (draft: Draft) => Promise<Draft["error"]>): Promise<boolean> {
    if (draft.busy) return false;
    draft.busy = true;
    draft.error = null;
    this.element.requestUpdate();
    try {
      draft.error = await send(draft);
    } catch (error) {
      if (error instanceof Unreachable) draft.error = { field: null, message: "You seem to be offline. Your text is kept: post it again when you are back." };
      else if (this.element.endSession(error)) draft.error = { field: "name", message: "Your session has ended. Enter your name and post again." };
      else draft.error = { field: null, message: (error as Error).message };
    }
    draft.busy = false;
    this.element.requestUpdate();
    return draft.error === null;
  }
}
