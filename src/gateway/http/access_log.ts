/**
 * The access log: one line for each request, as far as the operator wants it and within a limit.
 *
 * @module
 */
import type { Config } from "../../protocol/config/config.ts";
import { LogLimit } from "../../sandbox/log_limit.ts";
import type { Logger } from "../../sdk/logger.ts";

/** What is said of a request; never its query, which may hold secrets. */
export interface AccessEntry {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
  readonly requestId: string;
  readonly client: string | undefined;
}

/** Writes requests to the node's log. */
export class AccessLog {
  readonly #log: Logger | undefined;
  #which: Config["app"]["accessLog"] = "off";
  #limit = new LogLimit(1);

  /** @param log where to write; without one there is no access log */
  constructor(log: Logger | undefined) {
    this.#log = log;
  }

  /** Takes over what is to be written. */
  configure(config: Pick<Config["app"], "accessLog" | "accessLogPerSecond">): void {
    this.#which = this.#log === undefined ? "off" : config.accessLog;
    this.#limit = new LogLimit(config.accessLogPerSecond);
  }

  /** Whether an answer with this status is written. */
  wants(status: number): boolean {
    return this.#which === "all" || (this.#which === "errors" && status >= 500);
  }

  /** Whether any answer is written. */
  get isOn(): boolean {
    return this.#which !== "off";
  }

  /** Writes a request, unless too many were written in this second. */
  write(entry: AccessEntry, nowMs: number): void {
    const { passes, leftOut } = this.#limit.admit(nowMs);
    if (leftOut > 0) this.#log?.warn("Requests were left out of the access log", { leftOut });
    if (!passes) return;
    const durationMs = Math.round(entry.durationMs * 10) / 10;
    this.#log?.info("Request", { ...entry, path: entry.path.slice(0, 500), durationMs });
  }
}
