/**
 * {@link Context}: what every command gets besides its own arguments.
 *
 * Streams, environment, global options, and the connection to a node. Nothing here is started
 * before a command asks for it, so that `aether version` loads no client.
 *
 * @module
 */
import { AetherError } from "../src/base/errors.ts";
import type { AetherClient } from "../src/client/client.ts";
import { type CliIo, readInput, unreadable } from "./io.ts";
import { type Paint, painter } from "./output/style.ts";
import { type Cell, renderFields, renderTable } from "./output/table.ts";

/** Values of the options that every command has. */
export interface GlobalOptions {
  readonly output: "table" | "json" | "jsonl";
  /** Management address; undefined when neither the flag nor AETHER_ADDR gives one. */
  readonly connect?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly tlsCa?: string | undefined;
  /** Limit in milliseconds. */
  readonly timeout?: number | undefined;
  readonly color: boolean;
}

/** The process around a command. */
export interface Surroundings {
  readonly io: CliIo;
  readonly env: Readonly<Record<string, string>>;
  /** A signal that fires on SIGINT and SIGTERM, which then no longer end the process. */
  interrupted(): AbortSignal;
}

const tokenFileBytesMax = 4096;
const certificateBytesMax = 1024 * 1024;

/** What a command works with. */
export class Context {
  readonly io: CliIo;
  readonly env: Readonly<Record<string, string>>;
  readonly options: GlobalOptions;
  readonly paint: Paint;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings, options: GlobalOptions) {
    this.#surroundings = surroundings;
    this.io = surroundings.io;
    this.env = surroundings.env;
    this.options = options;
    this.paint = painter(isColored(options.color, this.io.outIsTerminal, this.env));
  }

  /** Whether output is for programs. */
  get isJson(): boolean {
    return this.options.output !== "table";
  }

  /** A signal for Ctrl-C and SIGTERM; asking for it means handling them. */
  interrupted(): AbortSignal {
    return this.#surroundings.interrupted();
  }

  /**
   * A client of the node that --connect or AETHER_ADDR names.
   *
   * @param limit What --timeout limits: each request, or the following of what a request began;
   * then requests have the client's usual time.
   */
  async client(limit: "requests" | "following" = "requests"): Promise<AetherClient> {
    const { AetherClient } = await import("../src/client/client.ts");
    const token = await this.#token();
    const { connect, timeout, tlsCa } = this.options;
    const address = connect ?? (this.env.AETHER_ADDR || undefined);
    return new AetherClient({
      ...(address === undefined ? {} : { address }),
      ...(token === undefined ? {} : { token }),
      ...(timeout === undefined || limit === "following" ? {} : { timeoutMs: timeout }),
      ...(tlsCa === undefined ? {} : { fetch: await this.#trust(tlsCa) }),
    });
  }

  /** Prints the body as JSON, or as the text that `render` makes of it. */
  async show(body: unknown, render: () => string): Promise<void> {
    await this.io.out(this.isJson ? JSON.stringify(body) + "\n" : render());
  }

  /** Prints a line for people; nothing with -o json. */
  async say(line: string): Promise<void> {
    if (!this.isJson) await this.io.out(line + "\n");
  }

  /** A table in the width of the terminal. */
  table(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
    return renderTable(titles, rows, { paint: this.paint, columns: this.io.columns });
  }

  /** Names and values of one thing. */
  fields(fields: readonly (readonly [name: string, value: Cell])[]): string {
    return renderFields(fields, { paint: this.paint });
  }

  async #token(): Promise<string | undefined> {
    const { tokenFile } = this.options;
    if (tokenFile === undefined) return this.env.AETHER_TOKEN || undefined;
    const bytes = await readInput(this.io, tokenFile, tokenFileBytesMax);
    const token = new TextDecoder().decode(bytes).trim();
    if (token !== "") return token;
    throw new AetherError("UNAUTHENTICATED", `The file ${tokenFile} has no API key in it`);
  }

  async #trust(path: string): Promise<typeof fetch> {
    const bytes = await readInput(this.io, path, certificateBytesMax);
    const pem = new TextDecoder().decode(bytes);
    if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
      throw unreadable(path, "it holds no certificate in PEM form");
    }
    const { trustingFetch } = await import("../src/client/trust.ts");
    return trustingFetch([pem]).fetch;
  }
}

/** Whether a stream gets colours; see https://no-color.org for the variable. */
export function isColored(
  wanted: boolean,
  isTerminal: boolean,
  env: Readonly<Record<string, string>>,
): boolean {
  return wanted && isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
}
