/**
 * The command `aether deadletter replay`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { defineCommand } from "../../command.ts";
import { filterOf, letterFilter } from "../../dead_letter_options.ts";

/** Another attempt at many dead letters. */
export const command = defineCommand({
  path: ["deadletter", "replay"],
  summary: "Retry all dead letters, or those of a slice or topic, one after another",
  options: {
    ...letterFilter,
    rate: { value: "N", summary: "Retries a second (default 50)", parse: rateOf },
  },
  examples: [{
    line: "aether deadletter replay --topic clicks --rate 10",
    summary: "Those of a topic, ten a second",
  }],
  async run({ options, context }) {
    const client = await context.client();
    const perSecond = options.rate ?? 50;
    let [handled, failed] = [0, 0];
    let after: string | undefined;
    for (;;) {
      const body = await client.call("deadLetterReplay", {
        body: { ...filterOf(options), perSecond, ...(after === undefined ? {} : { after }) },
      });
      handled += body.handled;
      failed += body.failed;
      if (body.next === null) break;
      after = body.next;
    }
    const text = `${handled} are handled, ${failed} failed again\n`;
    await context.show({ handled, failed }, () => text);
    return failed === 0 ? 0 : 1;
  },
});

function rateOf(text: string): number {
  const rate = Number(text);
  if (rate >= 0.1 && rate <= 1_000) return rate;
  throw new AetherError("USAGE", `"${text}" is no rate: write 0.1 to 1000`);
}
