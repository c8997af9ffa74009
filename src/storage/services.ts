/**
 * The services of the storage thread, in the order of their start; see `service.ts`.
 *
 * @module
 */
import type { OpenStorageService } from "./service.ts";
import { openTopics } from "./topics/service.ts";

/** All of them. */
export const storageServices: readonly OpenStorageService[] = [openTopics];
