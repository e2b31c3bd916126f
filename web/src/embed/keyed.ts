import { directive, Directive, type ChildPart } from "lit/directive.js";
import { getCommittedValue, insertPart, removePart, setChildPartValue, setCommittedValue } from "lit/directive-helpers.js";
import { noChange } from "lit/html.js";

type Draw = (key: string) => unknown;

/** Lit's `repeat`, without what makes it fast for lists of thousands: an item keeps its elements, and with them focus and selection, wherever it goes. */
class Keyed extends Directive {
  #keys: readonly string[] = [];

  render(keys: readonly string[], draw: Draw): unknown[] {
    return keys.map(draw);
  }

  override update(list: ChildPart, [keys, draw]: [readonly string[], Draw]): unknown {
    const before = getCommittedValue(list) as ChildPart[] | undefined;
    const known = new Map(this.#keys.map((key, at) => [key, before?.[at]]));
    this.#keys = [...keys];
    if (!Array.isArray(before)) return keys.map(draw);
    for (const [key, part] of known) if (part && !keys.includes(key)) removePart(part);
    const after: ChildPart[] = [];
    // From the end: what stands where it belongs is not touched.
    for (let at = keys.length; at--; ) {
      const key = keys[at] as string;
      const part = insertPart(list, after[at + 1], known.get(key)) as ChildPart;
      after[at] = setChildPartValue(part, draw(key));
    }
    setCommittedValue(list, after);
    return noChange;
  }
}

/** One item for each key, drawn by `draw`. */
export const keyed = directive(Keyed);
