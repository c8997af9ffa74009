import assert from "node:assert/strict";
import { rolloutCommands } from "../src/deployment/rollout/engine.ts";
import { blueprintStatusSchema, planSchema, revisionStates } from "../src/protocol/blueprint.ts";
import { scalingRecordsSchema } from "../src/protocol/api/deployment/scaling.ts";
import { healths, instanceStates } from "../src/protocol/instance_state.ts";
import { nodeLifecycles } from "../src/protocol/node_lifecycle.ts";
import {
  cleanupPolicies,
  rolloutStates,
  rolloutStrategies,
  splitSchema,
  verdicts,
} from "../src/protocol/rollout.ts";
import { sizingSchema } from "../src/protocol/deployment/sizing.ts";

/** Every enumeration of deployment, with the folders whose tests must name each of its values. */
const enumerations: Readonly<
  Record<string, readonly [values: readonly string[], folders: readonly string[]]>
> = {
  "states of instances": [instanceStates, ["src/protocol", "src/deployment", "src/store"]],
  "healths of instances": [healths, ["src/protocol", "src/node", "src/sandbox", "e2e"]],
  "life cycles of nodes": [nodeLifecycles, ["src/protocol", "src/store"]],
  "states of rollouts": [rolloutStates, ["src/deployment"]],
  "strategies of rollouts": [rolloutStrategies, ["src/deployment"]],
  "clean-up policies": [cleanupPolicies, ["src/deployment"]],
  "verdicts": [verdicts, ["src/deployment"]],
  "commands to rollouts": [rolloutCommands, ["src/deployment"]],
  "ways to split calls": [splitSchema.shape.by.options, ["src/gateway"]],
  "states of revisions": [revisionStates, ["src/node"]],
  "states of blueprints": [blueprintStatusSchema.shape.status.options, ["src/deployment"]],
  "states of slices": [
    blueprintStatusSchema.shape.slices.element.shape.status.options,
    ["src/deployment"],
  ],
  "changes of plans": [planSchema.shape.changes.element.shape.action.options, ["src/deployment"]],
  "results of scaling": [
    scalingRecordsSchema.shape.decisions.element.shape.result.options,
    ["src/node"],
  ],
  "orders of nodes": [
    sizingSchema.shape.order.unwrap().shape.kind.options,
    ["src/deployment/sizing"],
  ],
};

/** The text of all tests below a folder. */
async function testsIn(folder: string): Promise<string> {
  const texts: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    if (isDirectory) texts.push(await testsIn(`${folder}/${name}`));
    else if (isFile && name.endsWith("_test.ts")) {
      texts.push(await Deno.readTextFile(`${folder}/${name}`));
    }
  }
  return texts.join("\n");
}

for (const [what, [values, folders]] of Object.entries(enumerations)) {
  Deno.test(`every one of the ${what} is in a test by name: ${values.join(", ")}`, async () => {
    const root = new URL("..", import.meta.url).pathname;
    const text = (await Promise.all(folders.map((folder) => testsIn(root + folder)))).join("\n");
    const missing = values.filter((value) => !new RegExp(`\\b${value}\\b`).test(text));
    assert.deepEqual(missing, []);
  });
}
