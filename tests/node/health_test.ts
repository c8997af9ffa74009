/**
 * What an instance says of its health reaches operators and the choice of who takes calls, and what
 * gateways count reaches the leader.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runForTest } from "../../cli/testing.ts";
import { until } from "../../scripts/lib/until.ts";
import { withFolder } from "../fixtures/slices/temporary.ts";
import { TestNode } from "./setup.ts";

const slice = {
  "slice.toml": 'artifact = "org.example:moody:1.0.0"\n',
  "mod.ts": `import { contract, method, slice, z } from "aether";
const output = z.object({ instance: z.string() });
const moody = contract("org.example:moody", {
  who: method({ input: z.object({}), output, http: "GET /moody" }),
  sulk: method({ input: z.object({}), output, http: "POST /moody/sulk" }),
});
export default slice(moody, {
  create: (_handles, instance) => {
    let isReady = true;
    instance.readiness(() => isReady);
    const said = { instance: instance.instance };
    return {
      who: () => said,
      sulk: () => {
        isReady = false;
        return said;
      },
    };
  },
});
`,
};

Deno.test("runNode() shows the health of instances, spares them, and counts by version and method", async () => {
  await withFolder(slice, async (folder) => {
    await using node = await TestNode.start();
    const artifact = await node.publish(folder);
    const id = "org.example:app:1.0.0";
    await node.apply(id, `id = "${id}"\n[[slices]]\nartifact = "${artifact}"\ninstances = 2\n`);
    const ask = async (path: string, method = "GET"): Promise<string> => {
      const answer = await fetch(`http://${node.info.app}${path}`, { method });
      const body = await answer.json();
      assert.equal(answer.status, 200, JSON.stringify(body));
      return body.instance;
    };
    const healthOf = (wanted: string) => async () => {
      const { instances } = await node.client.call("slicesStatus");
      assert.equal(instances.length, 2);
      return instances.find(({ health }) => health === wanted)?.id;
    };
    const sulking = await ask("/moody/sulk", "POST");
    assert.equal(await until("it is shown", healthOf("NOT_READY")), sulking);
    const shown = await runForTest(["slice", "status", "--connect", node.info.management]);
    assert.match(shown.out, new RegExp(`${sulking} .*ACTIVE +NOT_READY`));
    const takers = new Set<string>();
    for (let index = 0; index < 10; index++) takers.add(await ask("/moody"));
    assert.ok(!takers.has(sulking), "it is called only when there is no other");
    const counted = await until("the leader has the figures", async () => {
      const { methods } = await node.client.call("calls");
      return methods.length === 2 ? methods : undefined;
    });
    assert.deepEqual(
      counted.map((each) => `${each.artifact} ${each.method}`).sort(),
      [`${artifact} sulk`, `${artifact} who`],
    );
    assert.ok(counted.every(({ calls, errors, p99Ms }) => calls > 0 && errors === 0 && p99Ms > 0));
  });
});
