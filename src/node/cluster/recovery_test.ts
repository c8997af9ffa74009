import assert from "node:assert/strict";
import { ByteWriter } from "../../base/codec.ts";
import { AetherError } from "../../base/errors.ts";
import { MemoryStorage } from "../../base/storage.ts";
import { DataDirectory } from "../../io/log/data_directory.ts";
import type { ConsensusRecord } from "../../protocol/consensus/message.ts";
import { encodeRecord } from "../../protocol/peer/message_codec.ts";
import { type Command, encodeCommand } from "../../protocol/store/command.ts";
import { StoreState } from "../../store/state.ts";
import { consensusRecord } from "./consensus_host.ts";
import { encodeSnapshot, type Genesis } from "./genesis.ts";
import { abstention, blankNode, firstRecords, recoverNode } from "./recovery.ts";

const genesis: Genesis = {
  cluster: "c",
  founders: [{ id: "n2", address: "b:1" }, { id: "n1", address: "a:1" }],
  nonces: ["y", "x"],
};
const alone: Genesis = { cluster: "c", founders: [{ id: "n1", address: "a:1" }], nonces: ["x"] };

const decided: ConsensusRecord = { type: "decided", slot: 3, value: "" };

function command(sequence: number): Command {
  return {
    node: "n1",
    incarnation: 1,
    sequence,
    acknowledgedBelow: 0,
    writer: "user",
    transaction: { compare: [], then: [{ type: "delete", key: "user/a" }], otherwise: [] },
  };
}

/** A directory with these records, after a restart. */
async function directory(
  fill: (data: DataDirectory) => void | Promise<void>,
): Promise<DataDirectory> {
  const storage = new MemoryStorage();
  const identity = { create: () => ({ clusterId: "c", nodeId: "n1" }) };
  const data = await DataDirectory.open(storage, identity);
  await fill(data);
  await data.close();
  return await DataDirectory.open(storage, identity);
}

function append(data: DataDirectory, ...records: readonly { type: number; body: Uint8Array }[]) {
  for (const { type, body } of records) data.log.append(type, body);
}

const consensus = { type: consensusRecord, body: encodeRecord(decided, new ByteWriter()).slice() };

Deno.test("blankNode() begins with all founders as voters, in a fixed order", () => {
  assert.deepEqual(blankNode(genesis).configurations, [{ from: 0, members: ["n1", "n2"] }]);
});

Deno.test("recoverNode() finds the beginning and what was sent and decided", async () => {
  const data = await directory((data) => append(data, ...firstRecords(genesis, false), consensus));
  const recovered = recoverNode(data, alone);
  assert.deepEqual(recovered, {
    ...blankNode(genesis),
    hasGenesis: true,
    records: [decided],
  });
  assert.deepEqual(data.records, [], "The records are kept in memory");
});

Deno.test("recoverNode() knows whether the node abstains", async () => {
  const isAbstaining = async (...records: readonly { type: number; body: Uint8Array }[]) =>
    recoverNode(await directory((data) => append(data, ...records)), alone).isAbstaining;
  const begin = firstRecords(genesis, true);
  assert.equal(await isAbstaining(...begin), true);
  assert.equal(await isAbstaining(...begin, abstention(false)), false);
  assert.equal(await isAbstaining(...begin, abstention(false), abstention(true)), true);
});

Deno.test("recoverNode() goes on from a snapshot, and takes only what came after it", async () => {
  const state = new StoreState({ maxBytes: 1_000 }).snapshot();
  const configurations = [{ from: 5, members: ["n1", "n2", "n3"] }];
  const data = await directory(async (data) => {
    append(data, ...firstRecords(genesis, false), consensus, consensus);
    const body = encodeSnapshot({ genesis, nextSlot: 9, configurations, state });
    await data.saveSnapshot({ index: 3, body });
    append(data, abstention(true), consensus);
  });
  assert.deepEqual(recoverNode(data, alone), {
    genesis,
    hasGenesis: true,
    firstSlot: 9,
    configurations,
    state,
    commands: [],
    records: [decided],
    isAbstaining: true,
  });
});

Deno.test("recoverNode() reads the log of a node that was alone", async () => {
  const recovered = recoverNode(
    await directory((data) =>
      append(
        data,
        ...[1, 2].map((sequence) => ({
          type: 1,
          body: encodeCommand(command(sequence)),
        })),
      )
    ),
    alone,
  );
  assert.equal(recovered.hasGenesis, false);
  assert.deepEqual(recovered.configurations, [{ from: 0, members: ["n1"] }]);
  assert.deepEqual(recovered.commands.map(({ sequence }) => sequence), [1, 2]);
});

Deno.test("recoverNode() reads the snapshot of a node that was alone", async () => {
  const state = new StoreState({ maxBytes: 1_000 });
  state.apply(command(1));
  const body = state.snapshot();
  const data = await directory(async (data) => {
    append(data, { type: 1, body: encodeCommand(command(1)) });
    await data.saveSnapshot({ index: 1, body });
    append(data, { type: 1, body: encodeCommand(command(2)) });
  });
  const recovered = recoverNode(data, alone);
  assert.deepEqual(recovered.state, body);
  assert.equal(recovered.firstSlot, 0);
  assert.deepEqual(recovered.commands.map(({ sequence }) => sequence), [2]);
});

Deno.test("recoverNode() names what it cannot read", async () => {
  const isCorrupt = (reason: RegExp) => (error: unknown) =>
    error instanceof AetherError && error.name === "STORAGE_CORRUPT" && reason.test(error.message);
  const unknown = await directory((data) => append(data, { type: 99, body: new Uint8Array(1) }));
  assert.throws(() => recoverNode(unknown, alone), isCorrupt(/Record 1 has the unknown type 99/));
  const damaged = await directory((data) =>
    append(data, { type: consensusRecord, body: Uint8Array.of(77) })
  );
  assert.throws(() => recoverNode(damaged, alone), isCorrupt(/Record kind 77 is not known/));
});
