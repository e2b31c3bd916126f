/**
 * `<talkback-count article="slug">` for lists of stories: "12 comments", or with `number` just "12". One request for twenty of
 * them, the same for everybody, so that a cache can answer it. What is inside shows until then, and when there is no answer.
 */
const script = new URL(import.meta.url);
const base = new URL("/graphql", script);
const waiting = new Map<string, HTMLElement[]>();
/** Root fields that the server takes in one request. */
const AT_ONCE = 20;

async function ask(): Promise<void> {
  const slugs = [...waiting.keys()].sort();
  const elements = new Map(waiting);
  waiting.clear();
  for (let from = 0; from < slugs.length; from += AT_ONCE) {
    const asked = slugs.slice(from, from + AT_ONCE);
    base.search = String(
      new URLSearchParams({
        query: `query(${asked.map((_, at) => `$s${at}:String!`)}){${asked.map((_, at) => `a${at}:article(slug:$s${at}){commentCount}`).join(" ")}}`,
        variables: JSON.stringify(Object.fromEntries(asked.map((slug, at) => [`s${at}`, slug]))),
      }),
    );
    try {
      const { data } = await (await fetch(base, { credentials: "omit", headers: { Accept: "application/json" } })).json();
      asked.forEach((slug, at) => {
        const count: number | undefined = data[`a${at}`]?.commentCount;
        for (const element of elements.get(slug) ?? []) {
          if (count !== undefined) element.textContent = count.toLocaleString() + (element.hasAttribute("number") ? "" : count === 1 ? " comment" : " comments");
        }
      });
    } catch {
      // The page has said what shows without an answer.
    }
  }
}

class Count extends HTMLElement {
  connectedCallback(): void {
    const slug = this.getAttribute("article");
    if (!slug) return;
    if (waiting.size === 0) queueMicrotask(() => void ask());
    waiting.set(slug, [...(waiting.get(slug) ?? []), this]);
  }
}

if (!customElements.get("talkback-count")) customElements.define("talkback-count", Count);

export {};
