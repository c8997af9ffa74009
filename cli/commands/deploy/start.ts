/**
 * The command `aether deploy start`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { parseDuration } from "../../../src/base/duration.ts";
import { followRollout } from "../../../src/client/follow_rollout.ts";
import {
  cleanupPolicies,
  type RolloutSplit,
  rolloutStrategies,
} from "../../../src/protocol/rollout.ts";
import { defineCommand } from "../../command.ts";
import { rolloutLine } from "../../rollout_command.ts";
import { duration, wholeNumber } from "../../values.ts";

const timeoutMsDefault = 7 * 86_400_000;

/** Lets a new version take over. */
export const command = defineCommand({
  path: ["deploy", "start"],
  summary: "Let a new version of a slice take over, and follow it",
  description:
    "The version must be published, and its slice be listed in a blueprint. What fails " +
    "more than --max-error-rate or takes longer than --max-latency is rolled back by itself.",
  arguments: { artifact: { summary: "The new version, group:name:version" } },
  options: {
    strategy: {
      value: "STRATEGY",
      summary: "How: rolling unless given",
      choices: rolloutStrategies,
    },
    manual: { summary: "Wait for `aether deploy promote` before each step" },
    observe: { value: "TIME", summary: "Least time in each step (default 30s)", parse: duration },
    stages: {
      value: "LIST",
      summary: "Stages of a canary as share@time, e.g. 5@1m,50@5m",
      parse: stageList,
    },
    percent: {
      value: "N",
      summary: "Share of the new version in an A/B test (default 50)",
      parse: wholeNumber(99, 1),
    },
    splitBy: {
      value: "PLACE",
      summary: "What decides in an A/B test: header:NAME, cookie:NAME, or header:NAME=VALUE of " +
        "those who get the new version",
      parse: splitText,
    },
    maxErrorRate: { value: "RATE", summary: "Share of failed calls, 0 to 1", parse: rate },
    maxLatency: { value: "TIME", summary: "Of 99 % of the calls (default 500ms)", parse: duration },
    minRequests: {
      value: "N",
      summary: "Calls before anything is concluded (default 100)",
      parse: wholeNumber(1_000_000),
    },
    cleanup: {
      value: "POLICY",
      summary: "What becomes of the old version at the end",
      choices: cleanupPolicies,
    },
    grace: { value: "TIME", summary: "Of GRACE_PERIOD (default 5m)", parse: duration },
    detach: { summary: "Return as soon as it has begun" },
  },
  examples: [
    { line: "aether deploy start org.example:echo:2.0.0", summary: "One instance after the other" },
    {
      line: "aether deploy start org.example:echo:2.0.0 --strategy canary --stages 5@1m,50@5m",
      summary: "A small share first",
    },
    {
      line: "aether deploy start org.example:echo:2.0.0 --strategy blue-green",
      summary: "Both in full, switched by `aether deploy promote`",
    },
  ],
  exitCodes: { 1: "It was rolled back", 5: "Another rollout of the slice is under way" },
  async run({ args, options, context }) {
    const client = await context.client("following");
    const begun = await client.call("deployStart", {
      body: {
        artifact: args.artifact,
        strategy: options.strategy,
        manual: options.manual,
        observeMs: options.observe,
        stages: options.stages,
        percent: options.percent,
        split: options.splitBy,
        maxErrorRate: options.maxErrorRate,
        maxLatencyMs: options.maxLatency,
        minRequests: options.minRequests,
        cleanup: options.cleanup,
        graceMs: options.grace,
      },
    });
    if (options.detach) {
      await context.show(begun, () => rolloutLine(begun) + "\n");
      return;
    }
    const ended = await followRollout(client, begun.id, {
      timeoutMs: context.options.timeout ?? timeoutMsDefault,
      onProgress: (rollout) => context.say(rolloutLine(rollout)),
    });
    await context.show(ended, () => "");
  },
});

function rate(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw new AetherError("USAGE", `${JSON.stringify(text)} is not a number from 0 to 1`);
}

function splitText(text: string): RolloutSplit {
  const [, by, name, , value] = /^(header|cookie):([^=]+)(=(.+))?$/s.exec(text) ?? [];
  if (name !== undefined && (by === "header" || by === "cookie" && value === undefined)) {
    return { by, name, ...(value === undefined ? {} : { value }) };
  }
  throw new AetherError(
    "USAGE",
    `${JSON.stringify(text)} is neither header:NAME, cookie:NAME nor header:NAME=VALUE`,
  );
}

function stageList(text: string): { percent: number; observeMs: number }[] {
  return text.split(",").map((part) => {
    const [share = "", time = ""] = part.split("@");
    return { percent: wholeNumber(100, 1)(share), observeMs: parseDuration(time) };
  });
}
