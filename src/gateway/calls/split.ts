/**
 * By what a request is assigned to a version while versions share the calls of a contract.
 *
 * An A/B test wants the same client on the same version: a header or a cookie decides then, by its
 * hash. A request without it takes its turn like any other.
 *
 * @module
 */
import type { RoutedService } from "../../protocol/thread/threads.ts";
import type { Service } from "./service.ts";

/** The text that decides; undefined when nothing does. */
export function splitKey(service: Service, headers: Headers): string | undefined {
  if (service.versions.length < 2) return undefined;
  const split = service.versions.find(({ routed }) => routed.split !== undefined)?.routed.split;
  return split === undefined ? undefined : valueOf(split, headers);
}

function valueOf(
  { by, name }: NonNullable<RoutedService["split"]>,
  headers: Headers,
): string | undefined {
  if (by === "header") return headers.get(name) ?? undefined;
  for (const part of (headers.get("cookie") ?? "").split(";")) {
    const [key = "", ...value] = part.trim().split("=");
    if (key === name) return value.join("=");
  }
  return undefined;
}
