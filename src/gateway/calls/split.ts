/**
 * To which version a request is assigned by an A/B test, once for all its calls.
 *
 * The value of a header, or the hash of a header, of a cookie or of the request's id decides, in
 * proportion to the shares, and the same on every gateway. What was decided travels with the
 * request, so that slices behind others see the same version.
 *
 * @module
 */
import { claim } from "../../policy/rendezvous.ts";
import type { RoutedService } from "../../protocol/thread/threads.ts";
import type { Service } from "./service.ts";

/** Versions by contract. */
export type Variants = Readonly<Record<string, string>>;

const variantsMax = 16;

/** The versions for a request from outside; undefined when no test runs. */
export function variantsOf(
  tested: readonly Service[],
  headers: Headers,
  requestId: string,
): Variants | undefined {
  if (tested.length === 0) return undefined;
  return Object.fromEntries(
    tested.slice(0, variantsMax).map((service) =>
      [service.contract, variantOf(service, requestId, headers)] as const
    ),
  );
}

/** The version for calls of a contract; without headers the request's id decides. */
export function variantOf(service: Service, requestId: string, headers?: Headers): string {
  const { split, versions } = service;
  if (split === undefined) return "";
  const said = headers === undefined ? undefined : valueOf(split, headers);
  if (split.value !== undefined) {
    const other = versions.find(({ routed }) => routed.artifact !== split.to)?.routed.artifact;
    return said === split.value ? split.to : other ?? split.to;
  }
  const key = said ?? requestId;
  let [best, most] = ["", -1];
  for (const { routed: { artifact }, weight } of versions) {
    const own = weight > 0 ? claim(key, artifact, weight) : -1;
    if (own > most) [best, most] = [artifact, own];
  }
  return best;
}

function valueOf(
  { by, name = "" }: NonNullable<RoutedService["split"]>,
  headers: Headers,
): string | undefined {
  if (by === "request") return undefined;
  if (by === "header") return headers.get(name) ?? undefined;
  for (const part of (headers.get("cookie") ?? "").split(";")) {
    const [key = "", ...value] = part.trim().split("=");
    if (key === name) return value.join("=");
  }
  return undefined;
}

/** Adds what was decided to what travels with a call: JSON of an object, or "". */
export function withVariants(meta: string, variants: Variants | undefined): string {
  if (variants === undefined) return meta;
  const text = `"variants":${JSON.stringify(variants)}`;
  return meta === "" ? `{${text}}` : `{${text},${meta.slice(1)}`;
}

/** What a slice says was decided for the request that it answers; it only leads calls. */
export function saidVariants(said: unknown): Variants | undefined {
  if (typeof said !== "object" || said === null || Array.isArray(said)) return undefined;
  const entries = Object.entries(said);
  const isSane = entries.length <= variantsMax &&
    entries.every(([contract, artifact]) =>
      contract.length <= 256 && typeof artifact === "string" && artifact.length <= 512
    );
  return isSane ? Object.fromEntries(entries) : undefined;
}
