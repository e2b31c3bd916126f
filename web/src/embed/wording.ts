import type { UserErrorCode } from "../generated/operations";
import type { english as later } from "./later/english";
import type { TalkbackComments } from "./element";
import { part } from "./parts";
import { english } from "./words/en";

/** One text, or one for each plural category of a number `{n}`. */
type Entry = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
type All = typeof english & typeof later;
export type Key = keyof All;
/** Everything that the element says. Refusals are the server's own sentences, in English, where a language has none by their code. */
export type Dictionary = Readonly<{ [K in Key]: All[K] extends string ? string : Entry } & Partial<Record<UserErrorCode, string>>>;
/** What a host says in other words. */
export type Words = Partial<Dictionary>;

/** The languages that there are, beside English. */
const LANGUAGES = ["de", "es", "fr"];

/** What the element says, in the language that it is asked for, as far as there is one; English is there from the start. */
export class Wording {
  /** The language of the dictionary at hand. */
  language = "en";
  #words: Words = {};
  readonly #english: Words = { ...english };

  constructor(private readonly element: TalkbackComments) {}

  /** Fetches the dictionary of the element's language. Where it does not come, what there is stays. */
  async fetch(): Promise<void> {
    const wanted = this.#wanted();
    if (wanted === this.language) return;
    try {
      const words = wanted === "en" ? {} : (await part<{ default: Dictionary }>(wanted)).default;
      if (wanted !== this.#wanted()) return;
      this.#words = words;
      this.language = wanted;
      this.element.requestUpdate();
    } catch (error) {
      console.warn(`Talkback: the words in "${wanted}" could not be loaded`, error);
    }
  }

  /** Learns the English of a part that came later. */
  learn(words: Words): void {
    Object.assign(this.#english, words);
  }

  /** The host's words, else the language's, else English. */
  text(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
    const { element } = this;
    const own = element.words?.[key];
    const entry: Entry = own ?? this.#words[key] ?? this.#english[key] ?? key;
    const rules = own ? element.locale : this.language;
    const form = typeof entry === "string" ? entry : (entry[new Intl.PluralRules(rules).select(Number(values.n))] ?? entry.other);
    return form.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? element.number(value) : value;
    });
  }

  /** Why the server refused something, in these words where there are any. */
  refusal({ code, message }: { code: UserErrorCode; message: string }): string {
    return this.element.words?.[code] ?? this.#words[code] ?? message;
  }

  #wanted(): string {
    const [language = ""] = this.element.locale?.split("-") ?? [];
    return LANGUAGES.includes(language) ? language : "en";
  }
}
