/** Chromium, headless, and what the tests want to know of a page. */
import assert from "node:assert/strict";
import { accessSync, constants, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const ARGUMENTS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--no-proxy-server",
];
/** How long a page is waited for, whatever it is waited for. */
export const PATIENCE_MS = 1000 * Number(process.env.TALKBACK_TEST_DEADLINE ?? 10);

/** The browser's program: the one that is named, else the first on the PATH. */
export function executable() {
  const named = process.env.TALKBACK_TEST_CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const candidates = named ? [named] : (process.env.PATH ?? "").split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  for (const candidate of candidates) {
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // The next one.
    }
  }
  throw new Error(`Chromium is missing: install it, or set TALKBACK_TEST_CHROMIUM${named ? ` (${named} cannot be run)` : ""}`);
}

export function launch() {
  return chromium.launch({ executablePath: executable(), args: ARGUMENTS });
}

/** A window of its own, with its own cookies and storage. Whatever its pages log as an error is kept in `page.errors`. */
export async function openWindow(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.errors = [];
  page.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
  page.on("pageerror", (error) => page.errors.push(String(error)));
  return page;
}

/** Waits until the comments element follows its article. */
export async function live(page) {
  await page.locator("talkback-comments").getByText("Live", { exact: true }).waitFor();
}

/** Demands that axe finds nothing serious: on the page as it is now, shadow roots included. */
export async function accessible(page, what) {
  // Through the debugger, which the page's content security policy is not asked about.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const told = serious.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ target, failureSummary }) => `    ${target.flat().join(" ")}: ${failureSummary}`).join("\n")}`);
  assert.deepEqual(told, [], `${what}: axe found\n  ${told.join("\n  ")}`);
}

/** Demands that nothing reaches beyond the window's edge. */
export async function fits(page, what) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= window, `${what}: the page is ${wide} px wide in a window of ${window}`);
}

/** Demands that a condition comes true, asking the page again and again while it is redrawn. */
export async function becomes(page, what, condition, argument) {
  try {
    await page.waitForFunction(condition, argument, { timeout: PATIENCE_MS });
  } catch {
    assert.fail(`it does not come about that ${what}`);
  }
}
