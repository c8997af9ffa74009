/**
 * {@link LineProcess}: the peers of benchmarks that run as processes and take lines.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const here = fileURLToPath(new URL(".", import.meta.url));

/** A module in a process of its own that answers lines with lines. */
export class LineProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #text = "";
  #first = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = child.stdin.getWriter();
  }

  /** Starts a module of this repository, and waits for its first line. */
  static async start(module: string, words: readonly string[]): Promise<LineProcess> {
    const config = join(here, "../../../deno.json");
    const run = ["run", "-A", "--no-prompt", "--cached-only", "--config", config];
    const child = new Deno.Command(Deno.execPath(), {
      args: [...run, module, ...words],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const peer = new LineProcess(child);
    peer.#first = await peer.#line();
    return peer;
  }

  /** What it printed first. */
  get first(): string {
    return this.#first;
  }

  /** Its id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a line; the next one is its answer. */
  async ask(line: string): Promise<string> {
    await this.#input.write(new TextEncoder().encode(line));
    return await this.#line();
  }

  async #line(): Promise<string> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("The process ended");
      this.#text += value;
    }
    const [line = "", ...rest] = this.#text.split("\n");
    this.#text = rest.join("\n");
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#input.abort().catch(() => {});
    await this.#lines.cancel().catch(() => {});
  }
}
