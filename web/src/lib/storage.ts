type Place = "localStorage" | "sessionStorage";

/** What this browser keeps under a name. Where it keeps nothing (private windows, blocked third-party storage), there is nothing. */
export function kept(place: Place, name: string): string | null {
  try {
    return globalThis[place].getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text, or (`null`) drops it. Where it can't, it lasts as long as the page. */
export function keep(place: Place, name: string, text: string | null): void {
  try {
    if (text === null) globalThis[place].removeItem(name);
    else globalThis[place].setItem(name, text);
  } catch {
    // Whoever asked has it in memory.
  }
}
