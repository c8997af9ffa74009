/**
 * A Redis server and the smallest client of it that pipelines: a command is answered in its turn.
 *
 * @module
 */
import { freePort, Server } from "../child.ts";

/** How Redis keeps what it is given. */
export type RedisMode = "memory" | "synced";

const encoder = new TextEncoder();
const [newline, minus, dollar] = [10, 45, 36];

/** One connection to a server of its own. */
export class Redis implements AsyncDisposable {
  readonly #server: Server;
  readonly #connection: Deno.TcpConn;
  readonly #reading: Promise<void>;
  readonly #waiting: PromiseWithResolvers<boolean>[] = [];
  #batch = "";
  #writing = Promise.resolve();

  private constructor(server: Server, connection: Deno.TcpConn) {
    this.#server = server;
    this.#connection = connection;
    this.#reading = this.#read();
  }

  /** Starts a server that syncs every command before it answers, or one without a disk. */
  static async start(folder: string, mode: RedisMode): Promise<Redis> {
    const port = freePort();
    const keeping = mode === "memory"
      ? ["--appendonly", "no"]
      : ["--appendonly", "yes", "--appendfsync", "always"];
    const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
    const server = Server.start({ command: "redis-server", args: [...args, ...keeping] });
    for (let attempt = 0;; attempt++) {
      try {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port });
        connection.setNoDelay(true);
        return new Redis(server, connection);
      } catch (error) {
        if (attempt > 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Stores a value, of text without line ends. */
  async set(key: string, value: string): Promise<void> {
    if (!await this.#ask(["SET", key, value])) throw new Error(`SET ${key} failed`);
  }

  /** Throws when there is no value. */
  async get(key: string): Promise<void> {
    if (!await this.#ask(["GET", key])) throw new Error(`GET ${key} failed`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    await this.#reading;
    await this.#server[Symbol.asyncDispose]();
  }

  /** Commands of one turn travel together. */
  #ask(words: readonly string[]): Promise<boolean> {
    if (this.#batch === "") queueMicrotask(() => this.#flush());
    this.#batch += `*${words.length}\r\n${
      words.map((it) => `$${it.length}\r\n${it}\r\n`).join("")
    }`;
    const waiting = Promise.withResolvers<boolean>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  #flush(): void {
    const bytes = encoder.encode(this.#batch);
    this.#batch = "";
    this.#writing = this.#writing.then(async () => {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    });
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(65_536);
    let rest = new Uint8Array();
    for (;;) {
      const count = await this.#connection.read(chunk).catch(() => null);
      if (count === null) return;
      const bytes = new Uint8Array(rest.length + count);
      bytes.set(rest);
      bytes.set(chunk.subarray(0, count), rest.length);
      let at = 0;
      for (let end = endOfReply(bytes, at); end > 0; end = endOfReply(bytes, at)) {
        const isError = bytes[at] === minus || bytes[at] === dollar && bytes[at + 1] === minus;
        this.#waiting.shift()?.resolve(!isError);
        at = end;
      }
      rest = bytes.slice(at);
    }
  }
}

/** Where a status, an error or a bulk string ends that starts here; 0 when it is not here whole. */
function endOfReply(bytes: Uint8Array, at: number): number {
  const line = bytes.indexOf(newline, at) + 1;
  if (line === 0) return 0;
  if (bytes[at] !== dollar) return line;
  let length = 0;
  for (let i = at + 1; i < line - 2; i++) length = length * 10 + (bytes[i] ?? 0) - 48;
  if (bytes[at + 1] === minus) return line;
  const end = line + length + 2;
  return end <= bytes.length ? end : 0;
}
