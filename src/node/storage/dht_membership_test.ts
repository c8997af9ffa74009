import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import { storedValue } from "../control/views.ts";
import { DhtMembershipWriter } from "./dht_membership.ts";

/** Lets what was proposed be applied. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("DhtMembershipWriter writes what was told last, again and again until it can", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  // deno-lint-ignore no-explicit-any -- the line's handler takes anything
  let tell: (told: any) => unknown = () => {};
  const line = { handle: (_topic: string, handler: typeof tell) => tell = handler };
  const writer = new DhtMembershipWriter({ node: "a", store, line, clock });
  const stored = () => storedValue(store.state, keys.dhtMember, keys.dhtMember.key("a"))?.value;
  store.refusal = new AetherError("NOT_PROPOSED", "There is no quorum");
  tell({ storage: "s1", settled: 0 });
  await turn();
  tell({ storage: "s1", settled: 3 });
  await turn();
  assert.equal(stored(), undefined);
  store.refusal = undefined;
  clock.advance(500);
  await turn();
  assert.deepEqual(stored(), { storage: "s1", settled: 3 });
  const { revision } = store.state;
  tell({ storage: "s1", settled: 2 });
  await turn();
  assert.equal(store.state.revision, revision);
  tell({ storage: "s2", settled: 0 });
  await turn();
  assert.deepEqual(stored(), { storage: "s2", settled: 0 });
  writer.close();
});
