/**
 * What travels with a call beside its input: trace context, client address, and the headers that
 * the method's contract names. Everything else that an outsider sends ends here.
 *
 * @module
 */
import type { CallMeta } from "../../protocol/thread/instance.ts";
import { isReservedHeader } from "../../protocol/slice/reserved_headers.ts";

/** https://www.w3.org/TR/trace-context/: version, trace id, parent id, flags. */
const traceparentPattern =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;
const tracestateLengthMax = 512;
const forwardedFor = "x-forwarded-for";

/** Trace context and client of a call. */
export type CallOrigin = Pick<CallMeta, "traceparent" | "tracestate" | "client">;

/** The valid trace context of a request; an invalid one is none. */
export function traceOf(
  traceparent: string | null | undefined,
  tracestate: () => string | null | undefined,
): Pick<CallMeta, "traceparent" | "tracestate"> {
  if (traceparent === null || traceparent === undefined) return {};
  if (traceparent.length > 128 || !traceparentPattern.test(traceparent)) return {};
  const state = tracestate();
  if (typeof state !== "string" || state === "" || state.length > tracestateLengthMax) {
    return { traceparent };
  }
  return { traceparent, tracestate: state };
}

/**
 * Address of the client: the peer of the connection, or what trusted proxies in front say. The last
 * address in X-Forwarded-For that is no trusted proxy counts; those before it anyone can write.
 */
export function clientOf(
  headers: Headers,
  peer: string | undefined,
  trusted: ReadonlySet<string>,
): string | undefined {
  if (peer === undefined || !trusted.has(peer)) return peer;
  const hops = headers.get(forwardedFor)?.split(",").map((hop) => hop.trim()) ?? [];
  return hops.findLast((hop) => hop !== "" && !trusted.has(hop))?.slice(0, 64) ?? peer;
}

/** The JSON of {@link CallMeta} for a request; "" when there is nothing to say. */
export function requestMeta(
  headers: Headers,
  wanted: readonly string[],
  client: string | undefined,
): string {
  const traceparent = headers.get("traceparent");
  // The common case, without an object.
  if (traceparent === null && wanted.length === 0) {
    return client === undefined ? "" : `{"client":${JSON.stringify(client)}}`;
  }
  const trace = traceOf(traceparent, () => headers.get("tracestate"));
  if (wanted.length === 0) return JSON.stringify({ ...trace, client });
  return JSON.stringify({ ...trace, client, headers: chosen(headers, wanted, client) });
}

function chosen(
  headers: Headers,
  wanted: readonly string[],
  client: string | undefined,
): Record<string, string> {
  const connection = headers.get("connection")?.toLowerCase().split(",") ?? [];
  const ofConnection = new Set(connection.map((name) => name.trim()));
  const found: Record<string, string> = {};
  for (const name of wanted) {
    if (isReservedHeader(name) || ofConnection.has(name)) continue;
    // Whatever an outsider wrote there is not the truth.
    const value = name === forwardedFor ? client ?? null : headers.get(name);
    if (value !== null) found[name] = value;
  }
  return found;
}

/** Origin of a call that a slice makes; nothing else that it says of its call is believed. */
export function nestedOrigin(said: object): CallOrigin {
  const { traceparent, tracestate, client } = said as Record<string, unknown>;
  const text = (value: unknown) => typeof value === "string" ? value : undefined;
  const address = text(client)?.slice(0, 64);
  return {
    ...traceOf(text(traceparent), () => text(tracestate)),
    ...(address === undefined ? {} : { client: address }),
  };
}
