/**
 * All factories of this version.
 *
 * @module
 */
import type { ResourceFactory } from "./factory.ts";
import { blobFactory } from "./types/blob.ts";
import { cacheFactory } from "./types/cache.ts";
import { configFactory } from "./types/config.ts";
import { httpFactory } from "./types/http.ts";
import { kvFactory } from "./types/kv.ts";
import { lockFactory } from "./types/lock.ts";
import { topicFactory } from "./types/topic.ts";

/** What opens resources. */
export const resourceFactories: readonly ResourceFactory[] = [
  blobFactory as ResourceFactory,
  cacheFactory as ResourceFactory,
  configFactory as ResourceFactory,
  httpFactory as ResourceFactory,
  kvFactory,
  lockFactory,
  topicFactory,
];
