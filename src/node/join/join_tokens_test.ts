import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { SeededRandom } from "../../base/random.ts";
import { keys } from "../../protocol/keys.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import { JoinTokens } from "./join_tokens.ts";

const authority = "ab".repeat(32);

class BarrierStore extends MemoryStore {
  readBarrier(): Promise<void> {
    return Promise.resolve();
  }
}

function setUp() {
  const store = new BarrierStore();
  const clock = new ManualClock();
  return { store, clock, tokens: new JoinTokens({ store, clock, random: new SeededRandom("t") }) };
}

Deno.test("JoinTokens keeps nothing of a token with which somebody could join", async () => {
  const { store, tokens } = setUp();
  const { token, id } = await tokens.create({ ttlMs: 1_000, node: null, authority });
  const [[, entry] = []] = [...store.state.entries(keys.joinToken.prefix)];
  const stored = new TextDecoder().decode(entry?.value);
  const secret = Uint8Array.fromBase64(token.slice(4), { alphabet: "base64url" }).slice(8, 32);
  assert.ok(!stored.includes(secret.toHex()) && !stored.includes(secret.toBase64()));
  assert.deepEqual(tokens.list().map((view) => view.id), [id]);
});

Deno.test("JoinTokens.create() removes what has expired, and refuses too many", async () => {
  const { store, clock, tokens } = setUp();
  for (let i = 0; i < 100; i++) await tokens.create({ ttlMs: 1_000 + i, node: null, authority });
  await assert.rejects(tokens.create({ ttlMs: 1, node: null, authority }), { name: "OVERLOADED" });
  clock.advance(1_050);
  assert.equal(tokens.list().length, 49);
  await tokens.create({ ttlMs: 1_000, node: "n4", authority });
  assert.equal([...store.state.entries(keys.joinToken.prefix)].length, 50);
  assert.equal(tokens.list().at(-1)?.node, "n4");
});

Deno.test("JoinTokens.revoke() names a token that is not there", async () => {
  const { tokens } = setUp();
  const { id } = await tokens.create({ ttlMs: 1_000, node: null, authority });
  await tokens.revoke(id);
  await assert.rejects(tokens.revoke(id), {
    name: "JOIN_TOKEN_NOT_FOUND",
    message: `There is no join token "${id}"`,
  });
});
