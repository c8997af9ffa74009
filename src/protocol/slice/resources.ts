/**
 * What a slice's manifest says about the resources that it needs.
 *
 * @module
 */
import { artifactBase } from "../coordinates.ts";
import type { Manifest } from "./manifest.ts";

/** Types of resources that a slice can need. */
export const resourceTypes: readonly string[] = [
  "blob",
  "cache",
  "config",
  "http",
  "kv",
  "lock",
  "topic",
];

/** One need of a slice. */
export interface ResourceNeed {
  /** Its name in `needs`. */
  readonly name: string;
  readonly type: string;
  /** Section of the node's configuration, "" when the type has none. */
  readonly section: string;
  /** Name of the topic, of a need of that type. */
  readonly topic?: string;
}

/** Who uses resources: one instance of a slice. */
export interface ResourceConsumer {
  readonly instance: string;
  readonly artifact: string;
  /** `group:name` of the slice. */
  readonly artifactBase: string;
  readonly needs: readonly ResourceNeed[];
  /** `host` and `host:port` entries that its manifest asks for under `net`. */
  readonly hosts: readonly string[];
}

type Asking = Pick<Manifest, "artifact" | "definition" | "permissions">;

/** The needs of a manifest. */
export function resourceNeeds({ definition }: Pick<Asking, "definition">): ResourceNeed[] {
  return definition.resources.map(({ name, type, options }) => ({
    name,
    type,
    section: typeof options["section"] === "string" ? options["section"] : "",
    ...(typeof options["topic"] === "string" ? { topic: options["topic"] } : {}),
  }));
}

/** An instance of a manifest as a consumer. */
export function resourceConsumer(instance: string, manifest: Asking): ResourceConsumer {
  return {
    instance,
    artifact: manifest.artifact,
    artifactBase: artifactBase(manifest.artifact),
    needs: resourceNeeds(manifest),
    hosts: manifest.permissions.net ?? [],
  };
}
