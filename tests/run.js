/**
 * Runs the Node tests of a folder, or those whose name contains the second argument, one file after the other, and ends with a
 * line for `tests/run`: "browser result: 12 passed; 0 failed".
 */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const [folder, filter] = process.argv.slice(2);
const here = join(dirname(fileURLToPath(import.meta.url)), folder);
// A file without a test of that name need not start its servers.
const concerned = (file) => !filter || readFileSync(file, "utf8").toLowerCase().includes(filter.toLowerCase());
const files = readdirSync(here).filter((name) => name.endsWith(".test.js")).sort().map((name) => join(here, name)).filter(concerned);
let passed = 0;
let failed = 0;
const options = { files, concurrency: 1, timeout: 240_000 };
if (filter) options.testNamePatterns = [new RegExp(filter.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i")];
if (files.length === 0) {
  console.log(`${folder} result: 0 passed; 0 failed`);
  process.exit();
}
const stream = run(options);
stream.on("test:pass", ({ details, skip }) => details.type !== "suite" && skip === undefined && passed++);
stream.on("test:fail", ({ details }) => details.type !== "suite" && failed++);
stream.compose(spec).pipe(process.stdout, { end: false });
stream.on("end", () => {
  console.log(`${folder} result: ${passed} passed; ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
});
