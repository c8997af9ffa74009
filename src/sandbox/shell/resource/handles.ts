/**
 * Makes the handles of resources that `create` receives.
 *
 * @module
 */
import { AetherError } from "../../../base/errors.ts";
import type { Topic } from "../../../sdk/resource/topic.ts";
import type { ResourceSpec } from "../../../sdk/resource/spec.ts";
import { BlobProxy } from "./blob.ts";
import { CacheProxy } from "./cache.ts";
import { ConfigProxy } from "./config.ts";
import { HttpProxy } from "./http.ts";
import { KvProxy } from "./kv.ts";
import { LockProxy } from "./lock.ts";
import type { ResourcePort } from "./port.ts";
import { TopicProxy } from "./topic.ts";

/**
 * The handle for a need; it talks to the node.
 *
 * @throws {AetherError} SLICE_INVALID for a type that this version does not have.
 */
export function createResource(
  name: string,
  spec: ResourceSpec<unknown>,
  port: ResourcePort,
): unknown {
  switch (spec.type) {
    case "blob":
      return new BlobProxy(name, port);
    case "cache":
      return new CacheProxy(name, spec, port);
    case "kv":
      return new KvProxy(name, spec, port);
    case "lock":
      return new LockProxy(name, port);
    case "http":
      return new HttpProxy(name, port);
    case "config":
      return new ConfigProxy(name, spec, port);
    case "topic":
      return new TopicProxy(name, spec as Topic, port);
    default:
      throw new AetherError(
        "SLICE_INVALID",
        `Need "${name}" has resource type "${spec.type}", which this node does not offer`,
      );
  }
}
