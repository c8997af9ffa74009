/**
 * Writes `docs/reference/lint.md` from the lint rules for slices.
 *
 * Run `deno run -A scripts/docs_lint.ts` after a change of a rule; a test compares the two.
 *
 * @module
 */
import { lintRules, pluginName } from "../src/artifact/lint/plugin.ts";
import { type LintSample, lintSamples } from "../src/artifact/lint/samples.ts";

const head = `# Lint rules for slices

<!-- Made by scripts/docs_lint.ts: do not edit. -->

\`aether slice lint FOLDER\` checks a slice's sources by these rules and by those that Deno
recommends, without network, and names file, line and what to do. A slice made by
\`aether slice new\` has them in its \`deno.json\`: editors and \`deno lint\` show them while you
write. Permissions are compared by \`aether slice lint\` only, which reads \`slice.toml\`.

A line may break a rule for a reason: write \`// deno-lint-ignore ${pluginName}/RULE\` above it,
and the reason.

Besides these, \`aether slice lint\` reports every kind of permission in \`slice.toml\` that no
source uses (\`${pluginName}/permission-unused\`).
`;

/** The whole document, as `deno fmt` writes it. */
export async function renderLintReference(): Promise<string> {
  const rules = lintRules.map(({ name, summary, reason }) => {
    const samples = lintSamples[name];
    if (samples === undefined) throw new Error(`Rule ${name} has no samples`);
    const { bad, good } = samples;
    return `\n## ${name}\n\n${summary} ${reason}\n\nNot:\n\n${block(bad)}\nBut:\n\n${block(good)}`;
  });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--no-config", "--ext", "md", "--line-width", "100", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = child.output();
  await ReadableStream.from([new TextEncoder().encode(head + rules.join(""))]).pipeTo(child.stdin);
  return new TextDecoder().decode((await output).stdout);
}

function block({ file, permissions, code }: LintSample): string {
  const toml = permissions === undefined
    ? ""
    : `// [permissions] of slice.toml: ${
      Object.entries(permissions).map(([kind, names]) => `${kind} = ${JSON.stringify(names)}`)
        .join(", ") || "none"
    }\n`;
  return `\`\`\`ts\n${file === undefined ? "" : `// ${file}\n`}${toml}${code}\`\`\`\n`;
}

if (import.meta.main) {
  await Deno.writeTextFile(
    new URL("../docs/reference/lint.md", import.meta.url),
    await renderLintReference(),
  );
}
