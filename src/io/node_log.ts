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
  const minimum = config.level === "off" ? logLevels.length : logLevels.indexOf(config.level);
  return createLogger((level, message, fields) => {
    if (logLevels.indexOf(level) < minimum) return;
    const time = new Date().toISOString();
    writeLine(
      config.format === "json"
        ? JSON.stringify({ time, level, source, message, ...fields })
        : textLine(time, level, source, message, fields),
    );
  });
}

function textLine(
  time: string,
  level: LogLevel,
  source: string,
  message: string,
  fields: LogFields,
): string {
  // One line per entry, whatever a slice writes: no forged lines, no terminal control codes.
  const text = JSON.stringify(message.slice(0, messageMax)).slice(1, -1).replaceAll('\\"', '"');
  const details = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  return `${time} ${level.toUpperCase().padEnd(5)} ${source}: ${text}${details.join("")}`;
}

function writeLine(line: string): void {
  const bytes = encoder.encode(line + "\n");
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
  } catch {
    // Nobody reads standard error any more; the node goes on without a log.
  }
}
