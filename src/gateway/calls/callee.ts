/**
 * What may be called by others than clients over HTTP: slices, and the node itself.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { MethodManifest } from "../../protocol/slice/manifest.ts";
import type { Service } from "./service.ts";

const streams = { events: "events", bytes: "a stream of bytes", socket: "a socket" } as const;

/** A method, and the service that has it. */
export interface Callee {
  readonly service: Service;
  readonly manifest: MethodManifest;
}

/**
 * The callee of a contract and a method.
 *
 * @param mayStream Whether the caller can read events and bytes. @default {false}
 * @throws {AetherError} NO_INSTANCE, or CALL_REFUSED when there is no such method, or it streams in
 *   a way that the caller cannot follow.
 */
export function calleeOf(
  find: (contract: string) => Service | undefined,
  contract: string,
  method: string,
  mayStream = false,
): Callee {
  const service = find(contract);
  if (service === undefined) {
    throw new AetherError("NO_INSTANCE", `No instance of ${contract} is running`);
  }
  const manifest = service.method(method);
  if (manifest === undefined) {
    throw new AetherError("CALL_REFUSED", `${contract} has no method "${method}"`);
  }
  const hindrance = hindranceOf(manifest, mayStream);
  if (hindrance !== undefined) {
    throw new AetherError(
      "CALL_REFUSED",
      `${contract} ${method} ${hindrance}: only clients over HTTP can call it`,
    );
  }
  return { service, manifest };
}

/** Why a method cannot be called; undefined when it can. */
function hindranceOf({ stream, body }: MethodManifest, mayStream: boolean): string | undefined {
  if (body !== undefined) return "takes a body as a stream";
  if (stream === undefined || mayStream && stream !== "socket") return undefined;
  return `answers with ${streams[stream]}`;
}

/**
 * Checks how long an input or an output is.
 *
 * @throws {AetherError} CALL_TOO_LARGE naming both sizes.
 */
export function requireCallSize(
  what: "input" | "output",
  text: string,
  { contract, method, maxBytes }: {
    readonly contract: string;
    readonly method: string;
    readonly maxBytes: number;
  },
): void {
  // A character has 1 to 3 bytes in UTF-8, so most texts need no counting.
  if (text.length * 3 <= maxBytes) return;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= maxBytes) return;
  throw new AetherError(
    "CALL_TOO_LARGE",
    `The ${what} of ${contract} ${method} has ${bytes} bytes; the limit is ${maxBytes}`,
  );
}
