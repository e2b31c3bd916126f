/** The files of this folder that are loaded when they are needed, by the names that the build gave them. */
/** Filled in by the build. */
declare const PARTS: Readonly<Record<string, string>>;

/** How often a file did not come: browsers remember that an address failed, so the next attempt has another one. */
const failures = new Map<string, number>();

/** Loads a part of the element from where this script came from. */
export async function part<Module>(name: string): Promise<Module> {
  const failed = failures.get(name) ?? 0;
  try {
    return (await import(/* @vite-ignore */ new URL(`/assets/${PARTS[name]}${failed ? `?${failed}` : ""}`, import.meta.url).href)) as Module;
  } catch (error) {
    failures.set(name, failed + 1);
    throw error;
  }
}
