/**
 * The command `aether dev`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import type { DevReady } from "../../src/forge/dev_session.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { renderError, renderErrorJson } from "../output/error.ts";
import { wholeNumber } from "../values.ts";

const portBaseMax = 65_490;

/** A node on this machine with slices that are deployed again whenever they change. */
export const command = defineCommand({
  path: ["dev"],
  summary: "Run a cluster here and deploy slices whenever they change",
  description: "Without a folder it runs the example app. With a folder it runs the slice in it, " +
    "or the slices in its subfolders and their blueprint.toml, watches them and deploys what " +
    "changed. Ctrl-C ends everything.",
  arguments: {
    folder: { summary: "A folder with slice.toml, or with folders that have one", optional: true },
  },
  options: {
    portBase: {
      value: "N",
      summary: "App from port N, management from N+10, cluster from N+20 (8070; 0 free ports)",
      parse: wholeNumber(portBaseMax),
    },
    nodes: {
      value: "N",
      summary: "Nodes of the cluster, 1 to 9 (default 3)",
      parse: wholeNumber(9, 1),
    },
    dataDir: { value: "DIR", summary: "Keep the store here; without it all is in memory" },
    logLevel: { value: "LEVEL", summary: "Least important level of the node's log (warn)" },
  },
  examples: [
    { line: "aether dev", summary: "The example app, with curl lines to try" },
    { line: "aether dev hello", summary: "The slice in the folder hello" },
    { line: "aether dev -o json --port-base 0", summary: "For programs: one line when it serves" },
  ],
  exitCodes: { 5: "A port is taken by another program" },
  async run({ args, options, context }) {
    const { runDev } = await import("../../src/forge/dev.ts");
    const { devCluster } = await import("../dev_cluster.ts");
    await runDev({
      folder: args.folder,
      nodes: options.nodes ?? 3,
      portBase: options.portBase ?? 8070,
      dataDir: options.dataDir,
      logLevel: options.logLevel ?? "warn",
      env: context.env,
      signal: context.interrupted(),
      connect: devCluster,
      onReady: (info) => context.show(info, () => readyText(info, context)),
      say: (line) => context.say(line),
      warn: (line) => context.io.err(`${line}\n`),
      report: (error) =>
        context.io.err(
          context.isJson ? renderErrorJson(error) : renderError(error, context.paint),
        ),
    });
  },
});

function readyText(info: DevReady, context: Context): string {
  const nodes = info.nodes.flatMap(({ id, management, app }) => [
    [`  ${id} app`, app] as const,
    [`  ${id} management`, management] as const,
  ]);
  const lines = info.try.map((line) => `  ${line}`);
  const watching = info.watching === null ? "" : `Watching ${info.watching}. `;
  return `${info.blueprint} is served: ${info.slices.join(", ")}\n\n${context.fields(nodes)}\n` +
    (lines.length === 0 ? "" : `Try:\n${lines.join("\n")}\n\n`) +
    `${watching}Ctrl-C ends everything\n`;
}
