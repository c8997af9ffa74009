/**
 * A chain of three slices on nodes of their own, under load, while a node in the middle of it dies
 * or stops answering: requests go on, and every hop knows whose request it is.
 *
 * `deno task bench chain` is the long form.
 *
 * @module
 */
import assert from "node:assert/strict";
import { faultAfterMs, loadChain, reportOf, startChain, victimOf } from "./lib/chain.ts";
import { labTest, labTests } from "./lib/netns.ts";

const load = { requestsPerSecond: 200, durationMs: 15_000 };

labTests(import.meta.url, 300_000, () => {
  labTest(
    "A chain of three slices survives kill -9 of a node in its middle",
    async (world, lab) => {
      const cluster = await startChain(world, lab);
      const entry = cluster.node(5);
      const victim = await victimOf(cluster, entry);
      const onFault = () => victim.process.kill("SIGKILL");
      const sent = await loadChain(entry, { ...load, onFault });
      const report = reportOf("kill", sent, { cluster, entry });
      console.log(JSON.stringify(report));
      assert.equal(report.brokenChains, 0, "Every hop knows the request and its trace");
      assert.ok(report.failed <= 3, `${report.failed} of ${report.requests} requests failed`);
    },
  );

  labTest(
    "A chain of three slices survives a pause of a node in its middle",
    async (world, lab) => {
      const cluster = await startChain(world, lab);
      const entry = cluster.node(5);
      const victim = await victimOf(cluster, entry);
      const sent = await loadChain(entry, {
        ...load,
        onFault: () => {
          victim.pause();
          setTimeout(() => victim.resume(), 5_000);
        },
      });
      console.log(JSON.stringify(reportOf("pause", sent, { cluster, entry })));
      const late = sent.filter(({ status, atMs }) => status !== 200 && atMs > faultAfterMs + 2_000);
      assert.deepEqual(late, [], "Requests fail for 2 s at most");
    },
  );
});
