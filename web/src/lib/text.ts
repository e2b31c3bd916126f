const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Characters as a reader counts them: grapheme clusters of the trimmed text, which is how the server counts too. */
export function characters(text: string): number {
  let count = 0;
  for (const _ of segmenter.segment(text.trim())) count++;
  return count;
}

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "5 minutes ago" within a week, a date after that; within the last minute, `justNow`. */
export function when(iso: string, now: number, lang: string | undefined, justNow = "just now"): string {
  const seconds = Math.round((new Date(iso).getTime() - now) / 1000);
  if (-seconds > 6 * 86_400) {
    const sameYear = new Date(iso).getFullYear() === new Date(now).getFullYear();
    return new Intl.DateTimeFormat(lang, { day: "numeric", month: "long", year: sameYear ? undefined : "numeric" }).format(new Date(iso));
  }
  for (const [unit, size] of UNITS) {
    if (-seconds >= size) return new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
  }
  return justNow;
}

/** The full date and time, for the tooltip of a relative one. */
export function fully(iso: string, lang: string | undefined): string {
  return new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" }).format(new Date(iso));
}

/** "1 comment", "3 comments"; the number as `lang` writes it. */
export function plural(count: number, one: string, many = `${one}s`, lang?: string): string {
  return `${count.toLocaleString(lang)} ${count === 1 ? one : many}`;
}

/** A key that makes a retry harmless. `randomUUID` exists in secure contexts only, and newsrooms test on plain HTTP. */
export function uniqueKey(): string {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
