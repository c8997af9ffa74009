/**
 * {@link Node}: one `aether node start` of a world.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../../scripts/lib/until.ts";
import { AetherClient } from "../../src/client/client.ts";
import type { Outcome, Running, RunOptions } from "./program.ts";
import { root } from "./program.ts";
import type { World } from "./world.ts";

/** The words of `aether node start` with free ports. */
export const nodeWords: readonly string[] = [
  ...["node", "start", "-o", "json"],
  ...["--port", "0", "--management-port", "0", "--app-port", "0"],
  ...["--storage-port", "0"],
];

/** A running node. */
export class Node {
  readonly process: Running;
  /** `http://host:port` of the management API and of the applications. */
  readonly management: string;
  readonly app: string;
  readonly client: AetherClient;
  readonly #world: World;

  private constructor(world: World, process: Running, ready: { management: string; app: string }) {
    this.#world = world;
    this.process = process;
    this.management = ready.management;
    this.app = ready.app;
    this.client = new AetherClient({ address: ready.management });
  }

  /** Starts a node with further words and waits until it is ready. */
  static async start(
    world: World,
    words: readonly string[] = [],
    options: RunOptions = {},
  ): Promise<Node> {
    const process = world.start([...nodeWords, ...words], options);
    const ready = await process.line("stdout", (line) => {
      const parsed = JSON.parse(line) as { ready: boolean; management: string; app: string };
      return parsed.ready ? parsed : undefined;
    });
    return new Node(world, process, ready);
  }

  /** Runs a command of the CLI against this node. */
  run(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.#world.run([...words, "--connect", this.management], options);
  }

  /** Like {@link Node.run}, and throws when it does not end with 0; returns its output. */
  must(words: readonly string[], options: RunOptions = {}): Promise<string> {
    return this.#world.must([...words, "--connect", this.management], options);
  }

  /** Publishes folders of slices, those of the checkout by their name. */
  async publish(...folders: readonly string[]): Promise<void> {
    await Promise.all(folders.map((folder) => {
      const path = folder.startsWith("/") ? folder : `${root}/slices/${folder}`;
      return this.must(["slice", "publish", path, "--skip-check"]);
    }));
  }

  /** Applies a blueprint of artifacts and waits until it is deployed. */
  async apply(...artifacts: readonly string[]): Promise<void> {
    await this.must(["blueprint", "apply", "-"], { stdin: blueprint(...artifacts) });
  }

  /** Kills the process as a power cut would. */
  async crash(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.ended;
  }

  /** Waits until a path of the applications answers with a status, and gives the answer's text. */
  served(path: string, status = 200): Promise<string> {
    return until(`${path} answers ${status}`, async () => {
      const response = await fetch(this.app + path);
      const text = await response.text();
      return response.status === status ? text : undefined;
    });
  }
}

/** The text of a blueprint, `org.example:app:1.0.0`. */
export function blueprint(...artifacts: readonly string[]): string {
  const slices = artifacts.map((artifact) => `[[slices]]\nartifact = "${artifact}"\n`);
  return `id = "org.example:app:1.0.0"\n${slices.join("")}`;
}

/** Sends JSON and expects a status; gives the answer's JSON. */
export async function postJson<T>(url: string, body: unknown, status: number): Promise<T> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert.equal(response.status, status, text);
  return JSON.parse(text) as T;
}
