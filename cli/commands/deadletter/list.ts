/**
 * The command `aether deadletter list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { filterOf, letterFilter } from "../../dead_letter_options.ts";
import { wholeNumber } from "../../values.ts";

/** What failed for good. */
export const command = defineCommand({
  path: ["deadletter", "list"],
  summary: "List messages and schedules that failed as often as they may",
  options: {
    ...letterFilter,
    limit: { value: "N", summary: "At most so many (default 100)", parse: wholeNumber() },
  },
  examples: [{ line: "aether deadletter list --topic clicks", summary: "Those of one topic" }],
  async run({ options, context }) {
    const { limit } = options;
    const body = await (await context.client()).call("deadLetterList", {
      query: { ...filterOf(options), ...(limit === undefined ? {} : { limit }) },
    });
    await context.show(body, () => {
      const rows = body.letters.map((
        { id, source, contract, method, attempts, cause, ...times },
      ) => [
        id,
        source.kind === "topic"
          ? `${source.topic}/${source.partition}/${source.offset}`
          : source.schedule,
        `${contract} ${method}`,
        attempts,
        new Date(times.lastAttemptAtMs).toISOString(),
        `${cause.code}: ${cause.message}`,
      ]);
      const table = context.table(["ID", "SOURCE", "FOR", "ATTEMPTS", "LAST", "CAUSE"], rows);
      const left = body.count - body.letters.length;
      return left === 0 ? table : `${table}${left} more\n`;
    });
  },
});
