/**
 * What the deploy commands share: showing rollouts, and those that steer one.
 *
 * @module
 */
import type { RolloutView } from "../src/protocol/api/deployment/deploy.ts";
import { type Command, defineCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { toneOfState } from "./output/style.ts";

/** How the id of a rollout is described in every command. */
export const rolloutId = { summary: "Id of a rollout, or group:name of its slice" };

/** What a steering command differs in. */
export interface RolloutCommandText {
  readonly action: "promote" | "pause" | "resume" | "rollback" | "complete";
  readonly summary: string;
  readonly description?: string;
  readonly example: string;
}

/** A command that changes a rollout and shows what it is then. */
export function rolloutCommand(text: RolloutCommandText): Command {
  const { action, summary, description, example } = text;
  return defineCommand({
    path: ["deploy", action],
    summary,
    ...(description === undefined ? {} : { description }),
    arguments: { id: rolloutId },
    examples: [{ line: `aether deploy ${action} org.example:echo`, summary: example }],
    exitCodes: { 5: "It makes no sense in the state of the rollout" },
    async run({ args, context }) {
      const client = await context.client();
      const body = await client.call("deployChange", { params: { id: args.id, action } });
      await context.show(body, () => rolloutLine(body) + "\n");
    },
  });
}

/** A rollout in one line. */
export function rolloutLine(rollout: RolloutView): string {
  const { id, strategy, state, isPaused, step, steps, weights, reason } = rollout;
  const paused = isPaused ? ", paused" : "";
  return `${id} ${strategy} ${state}${paused}, step ${step + 1} of ${steps.length}, calls ` +
    `${weights.new}:${weights.old}: ${reason}`;
}

/** Everything about a rollout, for people. */
export function rolloutFields(rollout: RolloutView, context: Context): string {
  const { id, strategy, from, to, state, isPaused, step, steps, weights } = rollout;
  return context.fields([
    ["id", { text: id, tone: "strong" }],
    ["strategy", strategy],
    ["from", from],
    ["to", to],
    ["state", { text: state + (isPaused ? " (paused)" : ""), tone: toneOfState(state) }],
    ["step", `${step + 1} of ${steps.length}`],
    ["calls new:old", `${weights.new}:${weights.old}`],
    ["instances new:old", `${rollout.newInstances}:${rollout.oldInstances}`],
    ["clean-up", rollout.cleanup],
    ["reason", rollout.reason],
  ]);
}
