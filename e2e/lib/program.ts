/**
 * The program under test: the real executable, and how one run of it ends.
 *
 * `AETHER_E2E_BINARY` names another executable than `dist/aether`; the word `source` runs the
 * checkout itself, for debugging only.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A program and its first arguments. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** How to start aether. */
export function aetherProgram(): Program {
  const chosen = Deno.env.get("AETHER_E2E_BINARY") ?? join(root, "dist", "aether");
  if (chosen === "source") {
    const args = ["run", "-A", "--no-prompt", "--config", join(root, "deno.json")];
    return { command: Deno.execPath(), args: [...args, join(root, "main.ts")] };
  }
  try {
    if (Deno.statSync(chosen).isFile) return { command: chosen, args: [] };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new Error(`There is no executable ${chosen}: run \`deno task build\` first`);
}

/** How a run ended and what it printed. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of {@link Running}. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Program and arguments to put in front, e.g. `["unshare", "-n"]`. */
  readonly under?: readonly string[];
  /** Text for standard input; without it there is none. */
  readonly stdin?: string;
}

const linesMax = 10_000;
const textMax = 10_000_000;

/** A process that was started, with everything that it has printed so far. */
export class Running {
  readonly name: string;
  readonly pid: number;
  /** Lines of standard output. */
  readonly stdout: string[] = [];
  /** Lines of standard error. */
  readonly stderr: string[] = [];
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<Outcome>;
  readonly #child: Deno.ChildProcess;
  #isOver = false;
  #wake = Promise.withResolvers<void>();

  constructor(
    words: readonly string[],
    options: Required<Pick<RunOptions, "env" | "cwd">> & RunOptions,
  ) {
    const [command = "", ...args] = words;
    const { env, cwd, stdin } = options;
    this.name = args.join(" ");
    this.#child = new Deno.Command(command, {
      args,
      cwd,
      env: { ...env },
      clearEnv: true,
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.ended = this.#follow(stdin);
  }

  /** Whether the process is still there. */
  get isRunning(): boolean {
    return !this.#isOver;
  }

  /** Sends a signal, unless the process has ended. */
  kill(signal: Deno.Signal = "SIGKILL"): void {
    if (this.#isOver) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has just ended.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** The first line, printed already or still to come, of which `pick` makes something. */
  async line<T>(
    stream: "stdout" | "stderr",
    pick: (line: string) => T | undefined,
    timeoutMs = 30_000,
  ): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), timeoutMs);
    });
    try {
      for (let at = 0;;) {
        for (; at < this[stream].length; at++) {
          const found = pick(this[stream][at] ?? "");
          if (found !== undefined) return found;
        }
        if (this.#isOver) throw new Error(`${this.name} ended without the expected line`);
        if (await Promise.race([this.#wake.promise, late]) === "late") {
          throw new Error(`${this.name} did not print the expected line in ${timeoutMs} ms`);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** What it printed, for messages. */
  get log(): string {
    const show = (lines: readonly string[]) =>
      lines.slice(-40).map((line) => `  | ${line}\n`).join("");
    return `--- ${this.name}\n${show(this.stdout)}${show(this.stderr)}`;
  }

  async #follow(stdin: string | undefined): Promise<Outcome> {
    const input = stdin === undefined ? undefined : this.#write(stdin);
    const [{ code }, stdout, stderr] = await Promise.all([
      this.#child.status,
      this.#collect(this.#child.stdout, this.stdout),
      this.#collect(this.#child.stderr, this.stderr),
      input,
    ]);
    this.#isOver = true;
    this.#notify();
    return { code, stdout, stderr };
  }

  async #write(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(text));
      await writer.close();
    } catch {
      // It does not read its input to the end.
    }
  }

  /** Notes the lines as they come; returns the whole text. */
  async #collect(stream: ReadableStream<Uint8Array>, into: string[]): Promise<string> {
    let text = "";
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const part = decoder.decode(chunk, { stream: true });
      if (text.length < textMax) text += part;
      const lines = (rest + part).split("\n");
      rest = lines.pop() ?? "";
      if (into.length < linesMax) into.push(...lines);
      if (lines.length > 0) this.#notify();
    }
    if (rest !== "") into.push(rest);
    return text;
  }

  #notify(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers<void>();
    resolve();
  }
}
