import type { TemplateResult } from "lit/html.js";
import { Comments, type CommentOrder } from "../generated/operations";
import { Client, Refused, Unreachable } from "../lib/client";
import { hasWaited, published } from "../lib/waiting";
import { Base, reflect } from "./base";
import { Live } from "./live";
import { SessionStore } from "./session";
import { Thread } from "./thread";
import { view } from "./view";
import { Wording, type Key, type Words } from "./wording";
import { Writing } from "./writing";
import comments from "../styles/comments.css?inline";
import styles from "./element.css?inline";

/** Comments that come at once. */
const PAGE = 20;

/** Where this script came from is where the comments are. */
const SCRIPT = new URL(import.meta.url);
const SHEET = new CSSStyleSheet();
SHEET.replaceSync(comments + styles);

/**
 * `<talkback-comments article="slug">`: the comments of an article, live. Without `article` it is the one whose page has this page's
 * canonical address. `token` is the host site's sign-in (a JWT); when it is not taken, the element says so with the event
 * `talkback-token-refused`. `theme` is `light`, `dark` or `auto` (as the reader's system); without it, as the page. `lang` is the
 * language of its words, dates and numbers; without it, that of the page around it. `words` says some of them otherwise. What is inside
 * the element shows until it is ready. Attributes may change at any time; removed, it leaves nothing running.
 */
export class TalkbackComments extends Base {
  static readonly observedAttributes = ["article", "token", "server", "lang", "words", "signed-in"];

  declare article: string | null;
  declare theme: string | null;
  /** Another server than the one this script came from. */
  declare server: string | null;
  thread: Thread | null = null;
  order: CommentOrder = "NEWEST";
  problem: Key | null = null;
  viewer: { id: string; displayName: string } | null = null;
  session = new SessionStore(SCRIPT);
  client = this.#connect(SCRIPT);
  readonly wording = new Wording(this);
  readonly live = new Live(this);
  readonly writing = new Writing(this);
  readonly folded = new Set<string>();
  readonly loading = new Set<string>();
  linked: string | null = null;
  /** A sentence beside a comment, or (`id` is null) above the thread. */
  notice: { id: string | null; text: string } | null = null;
  /** For screen readers. */
  announcement = "";

  #token: string | null = null;
  #words: Words | null = null;
  /** The next request of the thread. */
  #load: AbortController | null = null;
  /** Ends whatever is asked for on the way, when the element is removed. */
  stay = new AbortController();
  /** A token that the server did not take: not sent again. */
  #refusedToken: string | null = null;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.renderRoot.adoptedStyleSheets = [SHEET];
    // What a page set before this script had come.
    for (const name of ["article", "token", "theme", "server", "words", "signedIn"] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete (this as Partial<TalkbackComments>)[name];
      Object.assign(this, { [name]: value });
    }
  }


  /** The page knows that a cookie signs its reader in. */
  get signedIn(): boolean {
    return this.hasAttribute("signed-in");
  }
  set signedIn(is: boolean) {
    this.toggleAttribute("signed-in", is);
  }

  /** As a property, it shows nowhere in the page. */
  get token(): string | null {
    return this.#token;
  }
  set token(token: string | null) {
    if (token === this.#token) return;
    this.#token = token;
    this.requestUpdate("token");
  }

  /** What the host says otherwise, by key (`words/en.ts`, `later/english.ts`); as an attribute, in JSON. */
  get words(): Words | null {
    return this.#words;
  }
  set words(words: Words | null) {
    this.#words = words;
    this.requestUpdate();
  }

  /** What names the article: its slug, or the canonical address of the page. */
  get place(): string {
    return this.article || (document.querySelector<HTMLLinkElement>("link[rel=canonical]")?.href ?? location.href).replace(/#.*/, "");
  }

  /** The language: the element's own, else that of what it stands in, else the reader's. */
  get locale(): string | undefined {
    try {
      return Intl.getCanonicalLocales(this.lang || this.parentElement?.closest<HTMLElement>("[lang]")?.lang || document.documentElement.lang)[0];
    } catch {
      return undefined; // A `lang` that is no language tag.
    }
  }

  /** Whether mutations will find somebody signed in. */
  get identified(): boolean {
    return Boolean(this.credential || this.signedIn);
  }

  /** What goes with requests: the host site's word for who this is, else a guest's session. */
  get credential(): string | null {
    return (this.token !== this.#refusedToken && this.token) || (this.session.current?.token ?? null);
  }

  /** A number as the element's language writes it. */
  number(value: number): string {
    return value.toLocaleString(this.locale);
  }

  override attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    if (name === "token") this.token = value;
    else if (name === "words") this.words = parsed(value);
    else super.attributeChangedCallback(name, before, value);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stay = new AbortController();
    addEventListener("hashchange", this.#hash);
    addEventListener("storage", this.#storage);
    this.#clock = setInterval(() => {
      if (document.hidden) return;
      this.thread?.settle();
      this.writing.look();
      this.requestUpdate();
    }, 60_000);
    if (this.hasUpdated) void this.reload();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("hashchange", this.#hash);
    removeEventListener("storage", this.#storage);
    clearInterval(this.#clock);
    this.#load?.abort();
    this.stay.abort();
  }

  protected override willUpdate(changed: ReadonlySet<string>): void {
    this.live.heedClosing();
    if (changed.has("lang")) void this.wording.fetch();
    const elsewhere = changed.has("article") || changed.has("server");
    if (this.hasUpdated && !elsewhere && !changed.has("token") && !changed.has("signed-in")) return;
    const server = new URL(this.server || SCRIPT, location.href);
    this.session = new SessionStore(server);
    this.client = this.#connect(server);
    if (elsewhere) {
      this.live.leave();
      this.thread = null;
      this.notice = null;
      this.folded.clear();
      this.writing.reset();
    }
    void this.reload();
  }

  protected override render(): TemplateResult {
    return view(this);
  }

  /** Fetches the thread anew and follows it from there. Until it is here, what is shown is followed on; where it fails, it is tried again. */
  async reload(): Promise<void> {
    this.#load?.abort();
    this.live.calm();
    const load = new AbortController();
    this.#load = load;
    try {
      const variables = this.page();
      const [{ article, viewer }] = await Promise.all([this.client.run(Comments, variables, load.signal), this.wording.fetch()]);
      if (load.signal.aborted) return;
      if (!article) {
        this.live.leave();
        this.thread = null;
        this.problem = "missing";
        console.warn(`Talkback: ${this.client.endpoint.origin} has no article ${this.article ? `with the slug "${this.article}"` : `whose "url" is ${this.place}`}.`);
        return;
      }
      this.problem = null;
      // What was said of a comment may no longer be so.
      this.notice = null;
      this.viewer = viewer ?? null;
      this.thread = new Thread(article, this.order);
      // One's own that nobody else sees yet.
      for (const { article: of, ...comment } of [...(viewer?.comments.nodes ?? [])].reverse()) {
        if (comment.status === "APPROVED") published(comment.id);
        else if (of.id === article.id && (comment.status === "PENDING" || hasWaited(comment.id))) this.thread.own(comment);
      }
      this.live.follow(this.thread);
      void this.#goToHash();
    } catch (error) {
      if (load.signal.aborted) return;
      if (this.endSession(error)) return this.reload();
      this.live.again();
      const problem = error instanceof Unreachable ? "unreachable" : "broken";
      if (problem === this.problem) return;
      this.problem = problem;
      this.announce(this.wording.text(problem));
      const hint = error instanceof Unreachable ? `. Is it up, and does it allow this page's origin (--allow-origin ${location.origin})?` : "";
      console.error(`Talkback: ${this.client.endpoint.origin} did not answer ${location.origin}${hint}`, error);
    } finally {
      if (!load.signal.aborted) this.requestUpdate();
    }
  }

  sortBy(order: CommentOrder): void {
    this.order = order;
    this.requestUpdate();
    void this.reload();
  }

  /** The next page of the top level (`null`) or of a comment's replies. */
  async more(parentId: string | null): Promise<void> {
    const { thread, stay } = this;
    if (!thread || this.loading.has(parentId ?? "")) return;
    this.loading.add(parentId ?? "");
    this.requestUpdate();
    try {
      await (await this.writing.load()).more(this, thread, parentId);
    } catch {
      if (!stay.signal.aborted) this.say(parentId, this.wording.text("noMore"));
    }
    this.loading.delete(parentId ?? "");
    this.requestUpdate();
  }

  fold(id: string): void {
    if (!this.folded.delete(id)) this.folded.add(id);
    this.requestUpdate();
  }

  /** Shows what waited behind the button, and takes the reader to the first of it. */
  async reveal(): Promise<void> {
    const ids = this.thread?.reveal() ?? [];
    this.requestUpdate();
    await this.updateComplete;
    const places = ids.map((id) => this.#place(id)).filter((place) => place !== null);
    places.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
    this.#goTo(places[0] ?? null);
  }

  /** Gives the focus to a comment, or to what a selector finds in it. */
  focusComment(id: string, within = ""): void {
    this.#place(id, within)?.focus();
  }

  /** Says something beside a comment (or, `null`, at the top), for eyes and screen readers alike. */
  say(id: string | null, text: string): void {
    this.notice = { id, text };
    this.announce(text);
  }

  announce(text: string): void {
    this.announcement = text;
    this.requestUpdate();
  }

  /** What went wrong, for eyes: in these words where the server can't be reached, else in its own. */
  explain(error: unknown, offline: Key): string {
    return error instanceof Unreachable ? this.wording.text(offline) : (error as Error).message;
  }

  /** Whether the error means that the session is over; if so, it is dropped. */
  endSession(error: unknown): boolean {
    if (!(error instanceof Refused) || !/^(UNAUTHENTICATED|TOKEN_|SESSION_)/.test(error.code) || !this.credential) return false;
    if (this.credential === this.token) {
      this.#refusedToken = this.token;
      console.warn(`Talkback: the token of this page is not taken: ${error.message}`);
      this.dispatchEvent(new CustomEvent("talkback-token-refused", { bubbles: true, composed: true, detail: { message: error.message } }));
    } else {
      this.session.current = null;
    }
    this.viewer = null;
    return true;
  }

  /** What to ask for a page of the thread: the first one, or that which follows a place. */
  page(after: string | null = null) {
    const article = this.article ? { slug: this.article } : { url: this.place };
    return { ...article, first: PAGE, after, orderBy: this.order, signedIn: this.identified };
  }

  #connect(server: URL): Client {
    return new Client(new URL("/graphql", server), () => this.credential, () => this.identified);
  }

  readonly #storage = (event: StorageEvent): void => {
    if (!this.session.concerns(event)) return;
    this.session.reload();
    void this.reload();
  };

  readonly #hash = (): void => void this.#goToHash();

  async #goToHash(): Promise<void> {
    const id = /^#comment-(.+)$/.exec(location.hash)?.[1];
    const { thread } = this;
    if (!id || !thread) return;
    const target = decodeURIComponent(id);
    if (!thread.entries.has(target)) {
      try {
        if (!(await (await this.writing.load()).find(this, thread, target))) return;
      } catch {
        return; // A link to what is gone leads to the thread.
      }
    }
    this.linked = target;
    this.requestUpdate();
    await this.updateComplete;
    this.#goTo(this.#place(target));
  }

  #place(id: string, within = ""): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] ${within}`);
  }

  #goTo(place: HTMLElement | null): void {
    if (!place) return;
    place.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    place.focus({ preventScroll: true });
  }
}

reflect(TalkbackComments, "article", "theme", "server");

/** The words of the attribute, in JSON. */
function parsed(text: string | null): Words | null {
  try {
    return JSON.parse(text ?? "null") as Words | null;
  } catch {
    console.warn("Talkback: the attribute words of talkback-comments is no JSON");
    return null;
  }
}
