/**
 * The data plane goes on while control stands still, and while the cluster has no quorum.
 *
 * @module
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../scripts/lib/until.ts";
import { TestCluster } from "./lib/cluster.ts";
import { freeze, threadBehind } from "./lib/freeze.ts";
import { Load } from "./lib/load.ts";
import { labTest, labTests } from "./lib/netns.ts";
import { Node } from "./lib/node.ts";
import { root } from "./lib/program.ts";
import { e2eTest } from "./lib/world.ts";

const stallMs = 3_000;
const withoutQuorumMs = 20_000;

e2eTest("Requests are served while control stands still for 3 s", async (world) => {
  const node = await Node.start(world);
  await node.publish("echo");
  await node.apply("org.example:echo:1.0.0");
  await node.served("/echo/hello");
  const health = () => fetch(`${node.management}/health/live`).then((answer) => answer.text());
  const control = await threadBehind(node.process.pid, health);

  const load = new Load(8, (client, round) => new Request(`${node.app}/echo/${client}.${round}`));
  await load.more(100);
  {
    using _ = freeze(control);
    const unanswered = Symbol("unanswered");
    const answer = health();
    await sleep(stallMs);
    assert.equal(await Promise.race([answer, sleep(0).then(() => unanswered)]), unanswered);
    await load.more(100);
    answer.catch(() => {});
  }
  await load.more(100);
  await load.stop();
  assert.deepEqual(load.failed, []);
  await health();
  assert.ok(node.process.isRunning);
});

e2eTest("Requests are served while control hangs, is given up and is replaced", async (world) => {
  const node = await Node.start(world, ["--data-dir", world.path("data")]);
  await node.publish("echo");
  await node.apply("org.example:echo:1.0.0");
  await node.served("/echo/hello");
  const health = () => fetch(`${node.management}/health/live`).then((answer) => answer.text());
  const control = await threadBehind(node.process.pid, health);
  const load = new Load(8, (client, round) => new Request(`${node.app}/echo/${client}.${round}`));
  await load.more(100);
  {
    using _ = freeze(control);
    await node.process.line("stderr", (line) => line.includes("control thread died") || undefined);
    // Its lock and its ports are its own as long as its thread lives: nobody takes its place.
    await sleep(1_000);
    await assert.rejects(fetch(`${node.management}/health/live`, {
      signal: AbortSignal.timeout(500),
    }));
    await load.more(100);
  }
  await until("writes work again", async () => {
    const put = fetch(`${node.management}/api/kv/a`, { method: "PUT", body: "1" });
    const answer = await put.catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok === true || undefined;
  });
  await load.more(100);
  await load.stop();
  assert.deepEqual(load.failed, []);
});

labTests(import.meta.url, 180_000, () => {
  labTest("Requests are served while there is no quorum for 20 s", async (world, lab) => {
    const hosts = lab.hosts.slice(0, 3);
    const cluster = await TestCluster.create(world, { hosts, isDurable: false });
    await cluster.start();
    await cluster.ready();
    const one = cluster.node(1);
    await one.must(["slice", "publish", `${root}/slices/echo`, "--skip-check"]);
    const text = 'id = "org.example:app:1.0.0"\n[[slices]]\n' +
      'artifact = "org.example:echo:1.0.0"\ninstances = 3\n';
    await one.must(["blueprint", "apply", "-"], text);
    const load = new Load(4, (client, round) => {
      return new Request(`http://${one.host.management}:8070/echo/${client}.${round}`);
    });
    await load.more(100);
    cluster.node(2).pause();
    cluster.node(3).pause();
    await until("writes are refused", async () => {
      const answer = await one.request("/api/kv/a", { method: "PUT", body: "1" });
      return answer.status >= 500 || undefined;
    });
    await sleep(withoutQuorumMs);
    await load.more(100);
    cluster.node(2).resume();
    cluster.node(3).resume();
    await load.more(100);
    await load.stop();
    assert.deepEqual(load.failed, []);
  });
});
