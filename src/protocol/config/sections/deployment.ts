/**
 * The sections of `aether.toml` about deployment.
 *
 * @module
 */
import { limits } from "../../limits.ts";
import { boolean, durationMs, integer, section } from "../fields.ts";

const stateTimeout = () => durationMs({ minimum: "1s", maximum: "1d" });

/** How long states of instances may last. */
export const deploymentSection = section({
  loadingTimeout: stateTimeout().prefault("2m").describe(
    "Time in which the artifact of an instance must be here and checked",
  ),
  startingTimeout: stateTimeout().prefault("1m").describe(
    "Time in which an instance must be ready, including its wait for a worker",
  ),
  unloadingTimeout: stateTimeout().prefault("2m").describe(
    "Time in which an instance must be gone; the leader forgets it after three times as long",
  ),
  drainTimeout: stateTimeout().prefault("1m").describe(
    "Time that calls in an instance have to end before it is stopped all the same",
  ),
  shutdownTimeout: durationMs({ minimum: "0s", maximum: "1h" }).prefault("30s").describe(
    "Time that a node which is told to stop waits until others run its instances",
  ),
}).prefault({}).describe("States of instances and how long they may last");

/** When slices get more instances, and fewer. */
export const scalingSection = section({
  enabled: boolean().prefault(false).describe(
    "Whether the leader scales slices by their calls and their CPU time",
  ),
  dryRun: boolean().prefault(false).describe("Decide and record, but change nothing"),
  upInFlight: integer(1, 65_536).prefault(16).describe(
    "Calls under way per instance above which a slice gets another one",
  ),
  downInFlight: integer(0, 65_536).prefault(4).describe(
    "Calls under way per instance below which a slice loses one, never below minAvailable",
  ),
  upCpuPercent: integer(1, 100).prefault(80).describe(
    "Share of a core per instance, over ten seconds, above which a slice gets another one",
  ),
  downCpuPercent: integer(0, 99).prefault(20).describe(
    "Share of a core per instance below which a slice may lose one",
  ),
  maxInstances: integer(1, limits.instancesMax).prefault(32).describe(
    "Most instances that a slice is given",
  ),
}).prefault({}).describe("Scaling by load");
