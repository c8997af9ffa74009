import assert from "node:assert/strict";
import type { Instance } from "../targets.ts";
import { Sightings } from "./sightings.ts";

const instance: Instance = {
  id: "n1/echo/1",
  artifact: "org.shop:echo:1.0.0",
  node: "n1",
  n: 1,
  state: "LOADING",
  attempt: 1,
};

Deno.test("Sightings.look() counts from the first look at a state of an attempt", () => {
  const sightings = new Sightings();
  const sinceMs = (more: Partial<Instance>, nowMs: number) =>
    sightings.look([{ ...instance, ...more }], nowMs)[0]?.sinceMs;
  assert.equal(sinceMs({}, 5), 5);
  assert.equal(sinceMs({}, 9), 5);
  assert.equal(sinceMs({ state: "STARTING" }, 12), 12);
  assert.equal(sinceMs({ state: "STARTING", attempt: 2 }, 20), 20);
  sightings.look([], 25);
  assert.equal(sinceMs({ state: "STARTING", attempt: 2 }, 30), 30, "what was gone begins anew");
});
