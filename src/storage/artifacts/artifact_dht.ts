/**
 * What files need of the DHT.
 *
 * @module
 */
import type { DhtService } from "../dht/service.ts";

/** Operations, and where chunks are. */
export type ArtifactDht = Pick<DhtService, "dht" | "store" | "owners" | "holdings">;
