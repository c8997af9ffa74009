/**
 * Fuzzes the management API of a node's process: each answer to a malformed request is a problem
 * document with a status from 400 to 499.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../src/base/random.ts";
import { errorCatalog, type ErrorName } from "../../src/base/error_catalog.ts";
import { type FuzzRequest, fuzzRequest } from "./requests.ts";

const callers = 8;
const answerTimeoutMs = 15_000;

/** What came of it. */
export interface ApiReport {
  /** Requests that were refused. */
  readonly refused: number;
  /** Requests that turned out to be valid. */
  readonly accepted: number;
  /** Answers by error name. */
  readonly problems: Readonly<Record<string, number>>;
}

/** Sends requests until so many were refused; throws on an answer that must not be. */
export async function fuzzApi(
  seed: string,
  refusalsMax: number,
  management: string,
): Promise<ApiReport> {
  const report = { refused: 0, accepted: 0, problems: {} as Record<string, number> };
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: callers });
  try {
    await Promise.all(Array.from({ length: callers }, async (_, index) => {
      const random = new SeededRandom(seed).split(`api/${index}`);
      while (report.refused < refusalsMax) {
        const name = await check(management, fuzzRequest(random), client);
        if (name === undefined) report.accepted++;
        else {
          report.refused++;
          report.problems[name] = (report.problems[name] ?? 0) + 1;
        }
      }
    }));
  } finally {
    client.close();
  }
  return report;
}

/** Sends one request; answers the name of the error, or undefined when it was accepted. */
async function check(
  management: string,
  request: FuzzRequest,
  client: Deno.HttpClient,
): Promise<string | undefined> {
  const { method, target, headers, body, mustBeRefused } = request;
  try {
    const response = await fetch(management + target, {
      method,
      headers: headers.map(([name, value]) => [name, value] as [string, string]),
      redirect: "manual",
      client,
      signal: AbortSignal.timeout(answerTimeoutMs),
      ...(body === undefined || method === "GET" ? {} : { body }),
    });
    if (response.status < 400) {
      // It may be a stream without an end.
      await response.body?.cancel();
      assert.ok(!mustBeRefused, `It was accepted with ${response.status}`);
      return undefined;
    }
    return problemName(response, await response.text());
  } catch (cause) {
    throw new Error(`${describe(request)}: ${cause}`, { cause });
  }
}

/** The name of the error that an answer reports; throws when it is no problem of the caller. */
function problemName({ status, headers }: Response, text: string): string {
  assert.ok(status < 500, text);
  assert.equal(headers.get("content-type"), "application/problem+json", text);
  const { name, detail } = JSON.parse(text) as { name: ErrorName; detail: string };
  assert.equal(errorCatalog[name].status, status, text);
  assert.ok(detail.length > 0, text);
  return name;
}

function describe({ row, method, target, headers, body }: FuzzRequest): string {
  const text = body === undefined ? "" : JSON.stringify(new TextDecoder().decode(body));
  const about = `${row}: ${method} ${target.slice(0, 300)} ${JSON.stringify(headers)}`;
  return `${about} ${text.slice(0, 600)}`;
}
