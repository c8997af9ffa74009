/**
 * The command `aether calls`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../command.ts";

/** How the calls of the last minute went. */
export const command = defineCommand({
  path: ["calls"],
  summary: "Show calls, failures and times of every version and method in the cluster",
  description: "The figures are of the last minute, as the leader knows them. Calls count where " +
    "they enter, with everything that was tried for them; errors are failures that are not the " +
    "caller's, refused are answers with a status of 400 to 499",
  options: { outcomes: { summary: "Also the outcomes of methods whose metrics are switched on" } },
  examples: [
    { line: "aether calls", summary: "Everything that was called" },
    { line: "aether calls --outcomes", summary: "Also which errors there were" },
  ],
  async run({ options, context }) {
    const body = await (await context.client()).call("calls");
    await context.show(body, () =>
      options.outcomes
        ? context.table(
          ["ARTIFACT", "METHOD", "OUTCOME", "CALLS"],
          body.methods.flatMap(({ artifact, method, outcomes = {} }) =>
            Object.entries(outcomes).map(([outcome, count]) => [artifact, method, outcome, count])
          ),
        )
        : context.table(
          ["ARTIFACT", "METHOD", "CALLS", "PER SECOND", "ERRORS", "REFUSED", "P50", "P95", "P99"],
          body.methods.map((each) => [
            each.artifact,
            each.method,
            each.calls,
            each.perSecond,
            each.errors,
            each.refused,
            `${each.p50Ms} ms`,
            `${each.p95Ms} ms`,
            `${each.p99Ms} ms`,
          ]),
        ));
  },
});
