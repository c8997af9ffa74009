/**
 * A new version replaces the old one without a failed request.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { Load } from "./lib/load.ts";
import { Node } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";

const clients = 8;
const json = { "content-type": "application/json" };

e2eTest(
  `redeploys echo under the load of ${clients} clients without a failed request`,
  async (world) => {
    const node = await Node.start(world);
    await node.publish("echo", "echo-v2");
    await node.apply("org.example:echo:1.0.0");
    const load = new Load(clients, (client, round) => {
      const text = `${client}.${round}`;
      return client % 2 === 0
        ? new Request(`${node.app}/echo/${text}`)
        : new Request(`${node.app}/echo`, {
          method: "POST",
          headers: json,
          body: JSON.stringify({ text }),
        });
    });
    await load.more(200);
    for (const version of ["2.0.0", "1.0.0", "2.0.0"]) {
      await node.apply(`org.example:echo:${version}`);
      const start = load.seen.length;
      await until(`version ${version} answers`, () => {
        const { text } = load.seen.at(-1) ?? { text: "" };
        return text.includes(`"version":"${version[0]}"`) ? true : undefined;
      });
      await load.more(200);
      // Once the new version answers, the old one never does again.
      const versions = load.seen.slice(start).map(({ text }) => /"version":"(\d)"/.exec(text)?.[1]);
      assert.ok(
        !versions.slice(versions.indexOf(version[0]) + clients).includes(
          version === "1.0.0" ? "2" : "1",
        ),
      );
    }
    await load.stop();
    assert.deepEqual(load.failed, []);
    const { instances } = await node.client.call("slicesStatus");
    assert.deepEqual(instances.map(({ artifact, state }) => [artifact, state]), [
      ["org.example:echo:2.0.0", "ACTIVE"],
    ]);
    assert.match(await node.served("/shout/abc"), /ABC/);
  },
);
