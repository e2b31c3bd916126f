/** A run of words that both texts have, or only the earlier one, or only the later. */
export interface Run {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
}

/** Beyond so many words on one side, what lies between the common ends is shown as replaced whole. */
const MOST_WORDS = 600;

/** How one text became another, word by word: the longest common subsequence between their common ends. */
export function difference(before: string, after: string): Run[] {
  const [a, b] = [before.split(/(?<=\s)/), after.split(/(?<=\s)/)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const middle = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return joined([...a.slice(0, head).map(same), ...middle, ...a.slice(a.length - tail).map(same)]);
}

function same(text: string): Run {
  return { kind: "same", text };
}

function between(a: readonly string[], b: readonly string[]): Run[] {
  const gone = (text: string): Run => ({ kind: "gone", text });
  const added = (text: string): Run => ({ kind: "new", text });
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return [...a.map(gone), ...b.map(added)];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const runs: Run[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      runs.push(same(left));
      i++;
      j++;
    } else if (right === undefined || (left !== undefined && at(i + 1, j) >= at(i, j + 1))) {
      runs.push(gone(left ?? ""));
      i++;
    } else {
      runs.push(added(right));
      j++;
    }
  }
  return runs;
}

function joined(runs: readonly Run[]): Run[] {
  const out: Run[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    if (last?.kind === run.kind) out[out.length - 1] = { kind: run.kind, text: last.text + run.text };
    else out.push(run);
  }
  return out;
}
