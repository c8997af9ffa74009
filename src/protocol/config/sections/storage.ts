/**
 * The tables `[artifact]` and `[storage]` of `aether.toml`: how much a node keeps for the cluster.
 *
 * @module
 */
import { limits } from "../../limits.ts";
import { byteSize, section } from "../fields.ts";

/** What the repository takes. */
export const artifactSection = section({
  maxBytes: byteSize({ minimum: "1KiB", maximum: `${limits.artifactBytes}B` }).prefault("64MiB")
    .describe("Largest file that the repository accepts"),
}).prefault({}).describe("The artifact repository");

/** What a node keeps. */
export const storageSection = section({
  maxBytes: byteSize({ minimum: "1MiB", maximum: "16TiB" }).prefault("64GiB").describe(
    "Most bytes of artifacts and other data that this node stores in its data directory for the " +
      "cluster; beyond, writes are refused and reads go on",
  ),
  memoryBytes: byteSize({ minimum: "1MiB", maximum: "64GiB" }).prefault("256MiB").describe(
    "The same without a data directory; with one, most bytes in memory of what may be lost",
  ),
  cacheBytes: byteSize({ minimum: "0B", maximum: "1TiB" }).prefault("256MiB").describe(
    "Most bytes of artifacts that the node keeps ready to start instances from",
  ),
}).prefault({}).describe("What this node stores for the cluster");
