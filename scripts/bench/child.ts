/**
 * Server processes of a benchmark: started, waited for, and always ended by their own id.
 *
 * @module
 */
import { until } from "../lib/until.ts";

const pollMs = 2;
const stopTimeoutMs = 10_000;
const outputBytesMax = 20_000;

const children = new Set<Deno.ChildProcess>();
const folders = new Set<string>();

/** Ends the children and removes the folders of a benchmark that is interrupted. */
export async function leaveNothing(): Promise<void> {
  const ended = [...children];
  for (const child of ended) child.kill("SIGKILL");
  await Promise.all(ended.map(({ status }) => status));
  for (const folder of folders) await Deno.remove(folder, { recursive: true });
}

/** Gives the action a new folder that is removed after it. */
export async function withFolder<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "aether-bench-" });
  folders.add(folder);
  try {
    return await action(folder);
  } finally {
    folders.delete(folder);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Waits until something listens on a port of this machine. */
export async function listening(port: number): Promise<void> {
  const connection = await until(
    `port ${port} is open`,
    () => Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined),
  );
  connection.close();
}

function spawn(command: string, options: Deno.CommandOptions): Deno.ChildProcess {
  const child = new Deno.Command(command, options).spawn();
  children.add(child);
  void child.status.then(() => children.delete(child));
  return child;
}

/** How to start a server. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A running server; dispose of it to end it. */
export class Server {
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<string>[];
  #ended = false;
  /** When it was started, on the clock of `performance.now()`. */
  readonly startedAtMs: number;

  private constructor(child: Deno.ChildProcess, startedAtMs: number) {
    this.#child = child;
    this.startedAtMs = startedAtMs;
    this.#output = [readTail(child.stdout), readTail(child.stderr)];
    void child.status.then(() => this.#ended = true);
  }

  /** Starts a server; its standard input stays open until it is disposed of. */
  static start({ command, args, env = {} }: ServerCommand): Server {
    const startedAtMs = performance.now();
    const child = spawn(command, {
      args: [...args],
      env: { ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    });
    return new Server(child, startedAtMs);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Asks until the URL answers 200; resolves to the milliseconds since the start. */
  async answers(url: string, timeoutMs = 30_000): Promise<number> {
    for (;;) {
      const response = await fetch(url).catch(() => undefined);
      await response?.body?.cancel();
      const elapsedMs = performance.now() - this.startedAtMs;
      if (response?.status === 200) return elapsedMs;
      if (this.#ended) throw new Error(`The server of ${url} ended: ${await this.#printed()}`);
      if (elapsedMs > timeoutMs) throw new Error(`${url} did not answer in ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopTimeoutMs);
    await this.#child.status;
    clearTimeout(timer);
    await this.#child.stdin.close().catch(() => undefined);
    await Promise.all(this.#output);
  }

  async #printed(): Promise<string> {
    return (await Promise.all(this.#output)).join("").trim();
  }
}

/** Reads to the end, so that the pipe never fills, and keeps the last of it. */
async function readTail(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text = (text + chunk).slice(-outputBytesMax);
  }
  return text;
}

/** Runs a program to its end; throws with what it printed when it fails or takes too long. */
export async function runToEnd(
  { command, args, env = {} }: ServerCommand,
  timeoutMs: number,
): Promise<string> {
  const child = spawn(command, {
    args: [...args],
    env: { ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  try {
    const { success, code, stdout, stderr } = await child.output();
    const text = new TextDecoder();
    if (success) return text.decode(stdout);
    throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${text.decode(stderr)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Below the range from which systems take ports for calls, which would be taken meanwhile. */
const ports = { first: 15_000, last: 30_000 };
const givenPorts = new Set<number>();

/** A port on loopback that was free a moment ago; never the same one twice. */
export function freePort(): number {
  for (;;) {
    const port = ports.first + Math.floor(Math.random() * (ports.last - ports.first));
    if (givenPorts.has(port)) continue;
    givenPorts.add(port);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
