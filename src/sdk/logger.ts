/**
 * The logger that slices get: levels, a message, and fields.
 *
 * Where the lines go is decided by whoever makes it: the shell sends them to the node, the testing
 * kit keeps them.
 *
 * @module
 */

/** Severity, least first. */
export const logLevels = ["trace", "debug", "info", "warn", "error"] as const;
/** One of {@link logLevels}. */
export type LogLevel = typeof logLevels[number];

/** Values that belong to a log line; they must be JSON. */
export type LogFields = Record<string, unknown>;

/** Writes log lines of one level each. */
export type Logger = {
  readonly [K in LogLevel]: (message: string, fields?: LogFields) => void;
};

/** Receives finished log lines. */
export type LogSink = (level: LogLevel, message: string, fields: LogFields) => void;

/** A logger that adds fixed fields and hands lines to a sink. */
export function createLogger(sink: LogSink, fixed: LogFields = {}): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
    sink(level, message, fields === undefined ? fixed : { ...fixed, ...fields });
  return {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}
