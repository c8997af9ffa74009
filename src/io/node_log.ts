/**
 * The node's log: structured lines on standard error, as text for people or JSON for machines.
 *
 * Every thread writes its own lines, each with one write, so that they do not mix.
 *
 * @module
 */
import type { Config } from "../protocol/config/config.ts";
import { createLogger, type LogFields, type Logger, type LogLevel } from "../sdk/logger.ts";
import { logLevels } from "../sdk/logger.ts";

const encoder = new TextEncoder();
const messageMax = 16_384;

/**
 * A logger that writes lines of a source at or above the configured level.
 *
 * @example
 * ```ts
 * import { createNodeLogger } from "./node_log.ts";
 * createNodeLogger({ level: "warn", format: "text" }, "control").info("Not written");
 * ```
 */
export function createNodeLogger(config: Config["log"], source: string): Logger {
  return createLogger((level, message, fields) => {
    // Looked at each time: the level can be changed while the node runs.
    if (config.level === "off" || logLevels.indexOf(level) < logLevels.indexOf(config.level)) {
      return;
    }
    const line = {
      time: new Date().toISOString(),
      level,
      source,
      message: message.slice(0, messageMax),
    };
    // Fields come from slices too: they must not pass for the line's own.
    writeLine(
      config.format === "json" ? quoted({ ...line, ...fields, ...line }) : textLine(line, fields),
    );
  });
}

interface Line {
  readonly time: string;
  readonly level: LogLevel;
  readonly source: string;
  readonly message: string;
}

/** One line per entry, whatever a slice writes: no forged lines, no terminal control codes. */
function textLine({ time, level, source, message }: Line, fields: LogFields): string {
  const text = quoted(message).slice(1, -1).replaceAll('\\"', '"');
  const details = Object.entries(fields).map(([key, value]) =>
    ` ${plainKey.test(key) ? key : quoted(key)}=${quoted(value)}`
  );
  return `${time} ${level.toUpperCase().padEnd(5)} ${source}: ${text}${details.join("")}`;
}

const plainKey = /^[A-Za-z0-9_.-]+$/;
// What JSON leaves as it is: DEL, the C1 controls, line separators, changes of direction.
const unsafe = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function quoted(value: unknown): string {
  return String(JSON.stringify(value)).replaceAll(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function writeLine(line: string): void {
  const bytes = encoder.encode(line + "\n");
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
  } catch {
    // Nobody reads standard error any more; the node goes on without a log.
  }
}
