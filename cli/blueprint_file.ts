/**
 * What the blueprint commands share: reading the text, showing plans and progress, following.
 *
 * @module
 */
import type { AetherClient } from "../src/client/client.ts";
import { followDeployment } from "../src/client/follow.ts";
import type { BlueprintApplied } from "../src/protocol/api/blueprints.ts";
import { limits } from "../src/protocol/limits.ts";
import type { RawBody } from "../src/protocol/api/row.ts";
import type { BlueprintStatus, Plan } from "../src/protocol/blueprint.ts";
import type { Context } from "./context.ts";
import { readInput } from "./io.ts";
import type { Tone } from "./output/style.ts";

/** How the argument is described in every command. */
export const blueprintFile = { summary: "Path of a blueprint in TOML, - for standard input" };
/** How an id is described in every command. */
export const blueprintId = { summary: "Id of a blueprint, group:name:version" };

/** The text of a blueprint as a request body. */
export async function readBlueprint(context: Context, path: string): Promise<RawBody> {
  const bytes = await readInput(context.io, path, limits.blueprintBytes);
  return { bytes, contentType: "application/toml" };
}

const signs: Readonly<Record<Plan["changes"][number]["action"], readonly [string, Tone]>> = {
  create: ["+", "good"],
  update: ["~", "warn"],
  remove: ["-", "bad"],
  keep: ["=", "dim"],
};

/** A plan as lines, one for each slice. */
export function renderPlan(plan: Plan, context: Context): string {
  const lines = plan.changes.map(({ action, artifact, changes }) => {
    const [sign, tone] = signs[action];
    const details = changes.length === 0 ? "" : `  ${changes.join(", ")}`;
    return context.paint(`${sign} ${action.padEnd(6)} ${artifact}${details}`, tone);
  });
  const placement = plan.placement.map(({ artifact, node, before, after }) =>
    context.paint(`  ${node}: ${artifact} ${before} -> ${after}`, "dim")
  );
  const warnings = plan.warnings.map((text) => `${context.paint("warning:", "warn")} ${text}`);
  const count = plan.changeCount === 0 ? "Nothing changes" : countOf(plan.changeCount, "change");
  return [...lines, ...placement, ...warnings, `${count} at revision ${plan.revision}`, ""].join(
    "\n",
  );
}

/** One line on how far a blueprint is. */
export function progressLine({ status, slices }: BlueprintStatus): string {
  const active = slices.reduce((sum, slice) => sum + Math.min(slice.active, slice.instances), 0);
  const wanted = slices.reduce((sum, slice) => sum + slice.instances, 0);
  const waiting = slices.filter((slice) => slice.status !== "DEPLOYED");
  const names = waiting.slice(0, 3).map(({ artifact, status, reason }) =>
    `${artifact} ${status}${reason === undefined ? "" : ` (${reason})`}`
  );
  const more = waiting.length > 3 ? `, ${waiting.length - 3} more` : "";
  const rest = names.length === 0 ? "" : `: ${names.join(", ")}${more}`;
  return `${status} ${active}/${wanted} instances active${rest}`;
}

/** `1 slice`, `2 slices`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

const followTimeoutMsDefault = 300_000;

/** What the commands say that apply a blueprint and follow it. */
export const followNote = "--timeout limits the waiting (default 5m); ending it early stops " +
  "nothing in the cluster";

/** The end of a command that has applied a blueprint: follows it, unless told otherwise. */
export async function followApplied(
  context: Context,
  client: AetherClient,
  applied: BlueprintApplied,
  isDetached: boolean,
): Promise<void> {
  const { id, status, slices, number, revision, plan } = applied;
  await context.say(
    `${id} ${status}: ${countOf(slices, "slice")}, ${countOf(plan.changeCount, "change")}, ` +
      `revision ${revision}`,
  );
  for (const warning of plan.warnings) await context.io.err(`warning: ${warning}\n`);
  if (isDetached) {
    await context.show(applied, () => "");
    return;
  }
  const deployment = await followDeployment(client, id, {
    number,
    timeoutMs: context.options.timeout ?? followTimeoutMsDefault,
    onProgress: (progress) => context.say(progressLine(progress)),
  });
  await context.show({ ...applied, deployment }, () => "");
}
