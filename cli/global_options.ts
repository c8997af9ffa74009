/**
 * The options that every command has.
 *
 * @module
 */
import type { OptionSpec } from "./command.ts";
import { duration } from "./values.ts";

/** Forms of output. */
export const outputs = ["table", "json", "jsonl"] as const;

/** Global options by name; `noColor` is stored as `color: false`. */
export const globalOptions = {
  output: {
    short: "o",
    value: "FORM",
    summary: "table for people, json for programs, jsonl for one line a message",
    choices: outputs,
  },
  connect: {
    value: "HOST:PORT",
    summary: "Management address, also https://HOST:PORT (or AETHER_ADDR; 127.0.0.1:8080)",
  },
  tokenFile: { value: "FILE", summary: "File with the API key (or AETHER_TOKEN with the key)" },
  tlsCa: { value: "FILE", summary: "Certificate authorities to trust besides the system's, PEM" },
  timeout: { value: "DURATION", summary: "Limit, for example 30s or 2m", parse: duration },
  noColor: { summary: "Print without colours (or NO_COLOR)" },
} as const satisfies Record<string, OptionSpec>;
