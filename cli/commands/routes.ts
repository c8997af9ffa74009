/**
 * The command `aether routes`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../command.ts";

/** HTTP routes of all slices. */
export const command = defineCommand({
  path: ["routes"],
  summary: "List the HTTP routes that are served",
  examples: [{ line: "aether routes", summary: "Every route with the slice behind it" }],
  async run({ context }) {
    const body = await (await context.client()).call("routes");
    await context.show(body, () =>
      context.table(
        ["METHOD", "PATH", "HANDLER", "INSTANCES", "ARTIFACTS"],
        body.routes.map((route) => [
          route.method,
          route.path,
          `${route.contract} ${route.handler}`,
          route.instances,
          route.artifacts.join(", "),
        ]),
      ));
  },
});
