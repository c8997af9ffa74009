/**
 * The command `aether resources`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../command.ts";

/** What the slices of each node share. */
export const command = defineCommand({
  path: ["resources"],
  summary: "List what the slices of each node share, such as HTTP clients, and who uses it",
  examples: [{ line: "aether resources", summary: "Every resource with its users" }],
  async run({ context }) {
    const body = await (await context.client()).call("resources");
    await context.show(body, () => {
      const rows = body.nodes.flatMap(({ node, resources }) =>
        resources.map(({ type, section, state, reason, references, users, figures }) => [
          node,
          type,
          section,
          { text: state, tone: state === "FAILED" ? "bad" as const : "good" as const },
          references,
          figuresText(figures),
          reason ?? usersText(users),
        ])
      );
      const table = context.table(
        ["NODE", "TYPE", "SECTION", "STATE", "REFERENCES", "FIGURES", "USED BY"],
        rows,
      );
      const silent = body.silent.length === 0 ? "" : `No answer from ${body.silent.join(", ")}\n`;
      return table + silent;
    });
  },
});

function figuresText(figures: Readonly<Record<string, number>> = {}): string {
  return Object.entries(figures).map(([name, value]) => `${name} ${value}`).join(", ");
}

function usersText(users: readonly { readonly artifact: string }[]): string {
  const counts = new Map<string, number>();
  for (const { artifact } of users) counts.set(artifact, (counts.get(artifact) ?? 0) + 1);
  return [...counts].map(([artifact, count]) => count === 1 ? artifact : `${artifact} x${count}`)
    .join(", ");
}
