/**
 * Takes the README's pictures of the story: `npm run pictures:story`. Starts the debug build with the demo newsroom in a directory
 * of its own and looks at it in Chromium (`CHROMIUM` names another one). With Caladea and Inter installed they look as committed.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const binary = join(process.env.CARGO_TARGET_DIR ?? join(web, "../target"), "debug/talkback");
const data = mkdtempSync(join(tmpdir(), "talkback-pictures-"));
const BYTES = 250 * 1024;

const server = spawn(binary, ["--data-dir", data, "--listen", "127.0.0.1:0", "--demo", "on"], { stdio: ["ignore", "pipe", "pipe"] });
const ended = new Promise((resolve) => server.once("exit", resolve));
const base = await new Promise((resolve, reject) => {
  for (const stream of [server.stdout, server.stderr]) {
    createInterface(stream).on("line", (line) => {
      const found = /listening on (http:\/\/[\d.:]+)/.exec(line);
      if (found) resolve(found[1]);
    });
  }
  void ended.then((code) => reject(new Error(`the server ended with ${code}`)));
});
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

async function take(name, options, prepare) {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  await page.goto(`${base}/articles/night-ferry`);
  await page.locator("talkback-comments").getByText("Live", { exact: true }).waitFor();
  await prepare(page);
  const path = join(web, "pictures", `${name}.png`);
  await page.screenshot({ path });
  const { size } = statSync(path);
  if (size > BYTES) throw new Error(`${name}.png has ${size} bytes; ${BYTES} are the most`);
  console.log(`${String(size).padStart(8)}  ${name}.png`);
  await context.close();
}

/** To the second comment: a conversation with its replies under it. */
const toThread = (page) => page.locator("talkback-comments").getByRole("button", { name: "Hide replies" }).first().evaluate((button) => {
    button.closest("li").scrollIntoView();
    scrollBy(0, 18);
  });

try {
  await take("story", { viewport: { width: 1280, height: 900 } }, async () => {});
  await take("story-comments", { viewport: { width: 1280, height: 900 } }, (page) => page.locator("#comments").evaluate((place) => place.scrollIntoView()));
  await take("story-phone", { viewport: { width: 375, height: 760 }, deviceScaleFactor: 2 }, toThread);
  await take("story-dark", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }, toThread);
} finally {
  await browser.close();
  server.kill("SIGTERM");
  await ended;
  rmSync(data, { recursive: true, force: true });
}
