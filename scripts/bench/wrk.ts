/**
 * Load by `wrk`, a closed loop: each connection sends its next request when the answer is there.
 *
 * @module
 */
import { join } from "node:path";
import { runToEnd } from "./child.ts";

/** The methods under load: GET with the text in the path, POST with a JSON body. */
export const methods = ["GET", "POST"] as const;
/** A name of {@link methods}. */
export type Method = typeof methods[number];

/** What one run of wrk saw. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers other than 2xx, and connections that failed. */
  readonly errors: number;
}

/** One run. */
export interface LoadOptions {
  readonly url: string;
  readonly method: Method;
  readonly connections: number;
  readonly seconds: number;
  /** Where {@link writeScripts} put its files. */
  readonly folder: string;
  /** Pause of each connection between an answer and its next request. @default {0} */
  readonly pauseMs?: number;
}

const graceMs = 15_000;
const paths: Readonly<Record<Method, string>> = { GET: "/echo/hello", POST: "/echo" };

/** A script that defines no per-request function costs wrk nothing. */
function scriptOf(method: Method): string {
  const request = method === "GET" ? "" : `wrk.method = "POST"
wrk.body = '{"text":"hello"}'
wrk.headers["content-type"] = "application/json"
`;
  return `${request}
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50Us":%.0f,"p99Us":%.0f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
function init(args)
  local pause = tonumber(args[1] or "0")
  if pause > 0 then
    function delay() return pause end
  end
end
`;
}

/** Writes wrk's scripts, one per method. */
export async function writeScripts(folder: string): Promise<void> {
  for (const method of methods) {
    await Deno.writeTextFile(join(folder, `${method}.lua`), scriptOf(method));
  }
}

/** Runs wrk for the given time with one thread. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const { url, method, connections, seconds, folder, pauseMs = 0 } = options;
  const printed = await runToEnd({
    command: "wrk",
    args: [
      ...["-t1", `-c${connections}`, `-d${seconds}s`, "--latency"],
      ...["-s", join(folder, `${method}.lua`), url + paths[method], "--", `${pauseMs}`],
    ],
  }, seconds * 1000 + graceMs);
  return parseResult(printed);
}

/**
 * Takes the result that our script printed out of wrk's output.
 *
 * @throws {Error} when there is none.
 */
export function parseResult(printed: string): LoadResult {
  const json = /^RESULT (\{.*\})$/m.exec(printed)?.[1];
  if (json === undefined) throw new Error(`No result in the output of wrk: ${printed}`);
  return JSON.parse(json) as LoadResult;
}
