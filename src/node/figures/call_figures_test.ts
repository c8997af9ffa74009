import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import type { AskHandler } from "../cluster/asks.ts";
import type { DownloadView } from "../../protocol/slice/call_figures.ts";
import { CallFigures } from "./call_figures.ts";

/** Nodes that know each other and, perhaps, a leader. */
class World {
  leader: { node: string; term: number } | undefined = { node: "n1", term: 1 };
  readonly clock = new ManualClock();
  readonly downloads = new Map<string, ReadonlyMap<string, DownloadView>>();
  readonly #handlers = new Map<string, AskHandler>();

  node(id: string): CallFigures {
    const asks = {
      handle: (topic: string, handler: AskHandler) => this.#handlers.set(`${id} ${topic}`, handler),
      ask: (node: string, topic: string, body: Uint8Array) =>
        this.#handlers.get(`${node} ${topic}`)?.(body, id) ??
          Promise.reject(new AetherError("UNREACHABLE", `Node ${node} is gone`)),
    };
    const isLeader = () => this.leader?.node === id;
    const leader = () => this.leader;
    const cluster = {
      asks,
      get isLeader() {
        return isLeader();
      },
      get leader() {
        return leader();
      },
    } as unknown as ConstructorParameters<typeof CallFigures>[0]["cluster"];
    const downloads = this.downloads.get(id) ?? new Map();
    return new CallFigures({ node: id, cluster, clock: this.clock, artifacts: { downloads } });
  }
}

const method = {
  artifact: "org.example:echo:1.0.0",
  method: "get",
  calls: 2,
  errors: 1,
  refused: 0,
  buckets: [[80, 2]] as [number, number][],
};

Deno.test("CallFigures brings what every node counted to the leader, and to whoever asks", async () => {
  const world = new World();
  const download = { bytes: 3, sizeBytes: 10 };
  world.downloads.set("n2", new Map([["n2/echo/2", download]]));
  const [leader, other] = [world.node("n1"), world.node("n2")];
  const usage = { instance: "n2/echo/1", tier: "worker", health: "SILENT" } as const;
  other.usages.set(usage.instance, { ...usage, heapBytes: 1, externalBytes: 1, cpuMs: 1 });
  await leader.report([method]);
  await other.report([method]);
  for (const asked of [leader, other]) {
    const { methods, health, downloads } = await asked.read();
    assert.deepEqual(downloads, { "n2/echo/2": download });
    assert.deepEqual([methods[0]?.calls, methods[0]?.errors], [4, 2]);
    assert.deepEqual(health, { "n2/echo/1": "SILENT" });
  }
});

Deno.test("CallFigures has nothing to show without a leader that answers", async () => {
  const world = new World();
  const alone = world.node("n2");
  await alone.report([method]);
  assert.deepEqual((await alone.read()).methods, []);
  world.leader = undefined;
  await alone.report([method]);
  assert.deepEqual((await alone.read()).methods, []);
});

Deno.test("CallFigures begins anew when a node leads again", async () => {
  const world = new World();
  const node = world.node("n1");
  await node.report([method]);
  world.leader = { node: "n1", term: 9 };
  await node.report([]);
  assert.deepEqual((await node.read()).methods, []);
});
