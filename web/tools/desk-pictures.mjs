/**
 * Takes the README's pictures of the desk and of GraphiQL: `npm run pictures:desk`. Starts the debug build with the demo newsroom in a
 * directory of its own, signs in by the link that it prints, and looks at it in Chromium (`CHROMIUM` names another one).
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
const link = await new Promise((resolve, reject) => {
  for (const stream of [server.stdout, server.stderr]) createInterface(stream).on("line", (line) => line.includes("/sign-in?code=") && resolve(/http:\S+/.exec(line)[0]));
  void ended.then((code) => reject(new Error(`the server ended with ${code}`)));
});
const base = new URL(link).origin;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

async function window(options, state) {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options, storageState: state });
  return context.newPage();
}

async function take(page, name) {
  const path = join(web, "pictures", `${name}.png`);
  await page.screenshot({ path });
  const { size } = statSync(path);
  if (size > BYTES) throw new Error(`${name}.png has ${size} bytes; ${BYTES} are the most`);
  console.log(`${String(size).padStart(8)}  ${name}.png`);
  await page.context().close();
}

try {
  const door = await window({});
  await door.goto(link);
  await door.getByRole("button", { name: "Sign in" }).click();
  await door.waitForURL("**/moderate*");
  const state = await door.context().storageState();

  const desk = await window({ viewport: { width: 1440, height: 900 } }, state);
  await desk.goto(`${base}/moderate`);
  await desk.locator(".card.is-selected").waitFor();
  await desk.locator(".card:has(.card-parent)").first().focus();
  await desk.locator(".desk-aside .thread").waitFor();
  await desk.evaluate(() => scrollTo(0, 0));
  await take(desk, "desk");

  const phone = await window({ viewport: { width: 375, height: 760 }, colorScheme: "dark" }, state);
  await phone.goto(`${base}/moderate?queue=reported`);
  await phone.locator(".marks .is-report").first().waitFor();
  await take(phone, "desk-phone-dark");

  const figures = await window({ viewport: { width: 1280, height: 960 } }, state);
  await figures.goto(`${base}/moderate?view=figures&span=week`);
  await figures.locator(".chart-drawing").first().waitFor();
  await take(figures, "figures");

  const graphiql = await window({ viewport: { width: 1280, height: 800 } });
  await graphiql.goto(`${base}/graphiql`);
  await graphiql.getByRole("button", { name: "Story", exact: true }).click();
  await graphiql.getByRole("button", { name: /Execute query/ }).click();
  await graphiql.locator(".result-window").getByText("headline").first().waitFor();
  await take(graphiql, "graphiql");
} finally {
  await browser.close();
  server.kill("SIGTERM");
  await ended;
  rmSync(data, { recursive: true, force: true });
}
