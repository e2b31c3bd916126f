/** The real binary: over SQLite alone, or two nodes over PostgreSQL and Redis. */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Reader } from "./api.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));
const binary = process.env.TALKBACK_TEST_BINARY ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug/talkback");
const { TALKBACK_TEST_POSTGRES_URL: postgres, TALKBACK_TEST_REDIS_URL: redis } = process.env;

/** What the stories run over. Without servers (`--quick`), SQLite only. */
export const BACKENDS = postgres && redis ? ["SQLite", "two nodes on PostgreSQL and Redis"] : ["SQLite"];

/** A server, with the demo newsroom in it unless told otherwise. `nodes` holds the addresses: two that share a store, or the same one twice. */
export class Newsroom {
  #processes = [];
  #database = null;
  nodes = [];

  static async open(backend = "SQLite", { demo = true, options = [] } = {}) {
    const room = new Newsroom();
    try {
      await room.#start(backend, demo, options);
      return room;
    } catch (error) {
      await room.close();
      throw error;
    }
  }

  async #start(backend, demo, options) {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo build`);
    this.home = await mkdtemp(join(tmpdir(), "talkback-browser-"));
    this.store = ["--data-dir", this.home];
    const scaled = backend !== "SQLite";
    if (scaled) {
      this.#database = `browser_${randomBytes(6).toString("hex")}`;
      await this.#psql(`CREATE DATABASE ${this.#database}`);
      const url = new URL(postgres);
      url.pathname = `/${this.#database}`;
      this.store.push("--database-url", url.href, "--redis-url", redis, "--redis-prefix", this.#database);
    }
    this.nodes.push(await this.#serve(["--demo", demo ? "on" : "off", ...options]));
    this.nodes.push(scaled ? await this.#serve(options) : this.nodes[0]);
  }

  async close() {
    await Promise.all(this.#processes.map(({ stop }) => stop()));
    if (this.#database) await this.#psql(`DROP DATABASE ${this.#database} WITH (FORCE)`);
    if (this.home) await rm(this.home, { recursive: true, force: true });
  }

  get url() {
    return this.nodes[0];
  }

  /** Runs a command of the binary over the same store, and returns what it prints. */
  async command(...words) {
    return (await run(binary, [...words, ...this.store])).stdout.trim();
  }

  /** A link that signs an administrator in at a node, once. */
  async signInLink(node = this.url) {
    const link = new URL(await this.command("sign-in"));
    return new URL(link.pathname + link.search, node).href;
  }

  /** Somebody with a role, over the API. */
  async person(role, name) {
    return new Reader(this.url, await this.command("token", "--role", role, "--name", name));
  }

  /** Makes an account that signs in on the pages, and returns its password. */
  async account(role, name) {
    const password = randomBytes(12).toString("base64url");
    const adding = run(binary, ["user", "add", "--role", role, "--name", name, "--password-stdin", ...this.store]);
    adding.child.stdin.end(`${password}\n`);
    await adding;
    return password;
  }

  async guest(name) {
    return new Reader(this.url).guest(name);
  }

  async #serve(options) {
    const child = spawn(binary, ["serve", ...this.store, "--listen", "127.0.0.1:0", "--rate-limits", "off", ...options], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TALKBACK_LOG: "warn" },
    });
    const said = [];
    const ended = new Promise((resolve) => child.once("exit", resolve));
    this.#processes.push({ stop: () => (child.kill("SIGTERM"), ended) });
    const address = new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface(stream).on("line", (line) => {
          said.push(line);
          const found = /listening on (http:\/\/[\d.:]+)/.exec(line);
          if (found) resolve(found[1]);
        });
      }
    });
    const dead = ended.then((code) => Promise.reject(new Error(`the server ended with ${code}:\n${said.join("\n")}`)));
    dead.catch(() => {});
    return Promise.race([address, dead]);
  }

  #psql(statement) {
    return run("psql", ["-qX", "-v", "ON_ERROR_STOP=1", postgres, "-c", statement]);
  }
}
