/**
 * Builds every entry into `dist/`, each on its own: `embed.js` is loaded alone, from a stable address, by pages that are not
 * ours, so it shares no code with a chunk beside it (that would import it again, by its other name). What it loads later are entries
 * too, which it knows by their names (`PARTS`). One manifest (`dist/.vite/manifest.json`) names the results for the server.
 * Fails when a file outgrows its budget. The same input gives the same bytes: `--check` builds elsewhere and fails when `dist/` differs.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const committed = join(web, "dist");
const check = process.argv.includes("--check");
const dist = check ? mkdtempSync(join(tmpdir(), "talkback-web-")) : committed;

/** Source → the most it may weigh, gzipped, in bytes. The limit of the embed is a promise to the pages that carry it. */
const ENTRIES = {
  "src/embed/later/index.ts": 4_100,
  "src/embed/words/de.ts": 2_500,
  "src/embed/words/es.ts": 2_500,
  "src/embed/words/fr.ts": 2_500,
  "src/styles/site.css": 8_000,
  "src/share.ts": 1_000,
  "src/count.ts": 1_024,
  "src/embed/index.ts": 18 * 1024,
  "src/story.ts": 18.5 * 1024,
  "src/desk/index.ts": 32_000,
  "src/graphiql/main.tsx": 420_000,
};

/** What the comments element loads when it needs it. These come first, and are always built: it has their names in it. */
const PARTS = { later: "src/embed/later/index.ts", de: "src/embed/words/de.ts", es: "src/embed/words/es.ts", fr: "src/embed/words/fr.ts" };

/** Templates are indented for those who read the source. */
const withoutIndentation = {
  name: "without-indentation",
  enforce: "pre",
  transform(code, id) {
    return /\/src\/embed\/.*\.ts$/.test(id) ? { code: code.replace(/\n[ \t]+/g, "\n"), map: null } : null;
  },
};

/** GraphiQL's stylesheet carries 370 KB of fonts as `data:` URLs, which the pages' content security policy refuses anyway. */
const withoutFonts = {
  name: "without-embedded-fonts",
  enforce: "pre",
  transform(code, id) {
    if (!/graphiql\/dist\/style\.css$/.test(id.split("?")[0])) return null;
    return { code: code.replace(/@font-face\s*\{[^}]*\}/g, ""), map: null };
  },
};

/** Whose code is in the bundles, by package folder: their licences ask to be passed on. */
const packages = new Set();
const collectPackages = {
  name: "collect-packages",
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      for (const id of chunk.type === "chunk" ? Object.keys(chunk.modules) : []) {
        const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replaceAll("\\", "/"))?.[0].replace(/^\0/, "");
        if (folder) packages.add(folder);
      }
    }
  },
};

function licences() {
  const texts = [...packages].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^(licen[sc]e|copying)/i.test(entry));
    return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), "utf8").trim() : "No licence text in the package."}\n`;
  });
  return [...new Set(texts)].sort().join(`\n${"-".repeat(80)}\n\n`);
}

const only = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const manifest = {};
if (only.length === 0) rmSync(dist, { recursive: true, force: true });

for (const entry of Object.keys(ENTRIES)) {
  const isPart = Object.values(PARTS).includes(entry);
  if (only.length > 0 && !isPart && !only.some((name) => entry.includes(name))) continue;
  const name = entry.replace(/^src\/(styles\/|embed\/(?=later|words))?/, "").replace(/\/(index|main)\.tsx?$|\.(ts|css)$/g, "").replaceAll("/", "-");
  const outDir = join(dist, ".parts", name);
  await build({
    root: web,
    base: "/assets/",
    configFile: false,
    logLevel: "warn",
    mode: "production",
    define: {
      "process.env.NODE_ENV": '"production"',
      PARTS: isPart ? "{}" : JSON.stringify(Object.fromEntries(Object.entries(PARTS).map(([part, source]) => [part, manifest[source].file]))),
    },
    plugins: [withoutFonts, withoutIndentation, collectPackages],
    build: {
      outDir,
      emptyOutDir: true,
      target: ["chrome123", "firefox120", "safari17.5"],
      manifest: true,
      modulePreload: false,
      assetsInlineLimit: 0,
      cssMinify: "lightningcss",
      chunkSizeWarningLimit: 5000,
      rolldownOptions: {
        // React libraries mark files for server components; a browser bundle has no use for the mark.
        onLog(level, log, handle) {
          if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
        },
        input: { [name]: join(web, entry) },
        // A part is there for what it exports.
        preserveEntrySignatures: isPart ? "strict" : false,
        output: {
          entryFileNames: "[name]-[hash].js",
          chunkFileNames: "[name]-[hash].js",
          assetFileNames: "[name]-[hash][extname]",
          codeSplitting: false,
        },
      },
    },
  });
  Object.assign(manifest, JSON.parse(readFileSync(join(outDir, ".vite/manifest.json"), "utf8")));
  for (const file of readdirSync(outDir)) {
    if (file === ".vite") continue;
    writeFileSync(join(dist, file), readFileSync(join(outDir, file)));
  }
}
rmSync(join(dist, ".parts"), { recursive: true, force: true });

const icon = readFileSync(join(web, "src/icon.svg"));
const iconFile = `icon-${createHash("sha256").update(icon).digest("base64url").slice(0, 8)}.svg`;
writeFileSync(join(dist, iconFile), icon);
manifest["src/icon.svg"] = { file: iconFile, src: "src/icon.svg" };

if (only.length === 0) {
  const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(join(dist, "THIRD-PARTY-LICENCES.txt"), licences());
  mkdirSync(join(dist, ".vite"), { recursive: true });
  writeFileSync(join(dist, ".vite/manifest.json"), `${JSON.stringify(sorted, null, 2)}\n`);
}

let failed = false;
for (const [source, chunk] of Object.entries(manifest)) {
  for (const file of [chunk.file, ...(chunk.css ?? [])]) {
    const bytes = readFileSync(join(dist, file));
    const size = gzipSync(bytes, { level: 9 }).length;
    const limit = file === chunk.file ? ENTRIES[source] : undefined;
    const over = limit !== undefined && size > limit;
    failed ||= over;
    console.log(`${String(size).padStart(8)} gz ${String(bytes.length).padStart(9)}  ${file}${over ? `  over its budget of ${limit}` : ""}`);
  }
}
if (check) {
  const contents = (folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => `${file.slice(folder.length)} ${createHash("sha256").update(readFileSync(file)).digest("hex")}`)
      .sort()
      .join("\n");
  if (contents(dist) !== contents(committed)) {
    console.error("dist/ is stale: run `npm run build` in web/");
    failed = true;
  }
  rmSync(dist, { recursive: true });
}
if (failed) process.exit(1);
