/**
 * Runs the command line inside a test, with streams that are kept instead of printed.
 *
 * @module
 */
import type { CliIo } from "./io.ts";
import { runCli } from "./run.ts";

/** What a command printed and how it ended. */
export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly outBytes: Uint8Array;
  readonly err: string;
}

/** What surrounds the command. */
export interface CliSetup {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; without it, input comes from a terminal. */
  readonly stdin?: string;
  readonly isTerminal?: boolean;
}

/** Runs the words after `aether`. */
export async function runForTest(
  words: readonly string[],
  setup: CliSetup = {},
): Promise<CliResult> {
  const out: Uint8Array[] = [];
  let err = "";
  const isTerminal = setup.isTerminal ?? false;
  const io: CliIo = {
    out: (data) => {
      out.push(typeof data === "string" ? new TextEncoder().encode(data) : data);
      return Promise.resolve();
    },
    err: (text) => {
      err += text;
      return Promise.resolve();
    },
    stdin: ReadableStream.from([new TextEncoder().encode(setup.stdin ?? "")]),
    stdinIsTerminal: setup.stdin === undefined,
    outIsTerminal: isTerminal,
    errIsTerminal: isTerminal,
    columns: isTerminal ? 80 : undefined,
  };
  const code = await runCli(words, {
    io,
    env: setup.env ?? {},
    interrupted: () => new AbortController().signal,
  });
  const outBytes = new Uint8Array(await new Blob(out as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  return { code, out: new TextDecoder().decode(outBytes), outBytes, err };
}
