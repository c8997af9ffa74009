/**
 * Child processes for the scripts: run one and see its output, or capture what it prints.
 *
 * @module
 */

/** Runs a program with this terminal's output and no input; resolves to its exit code. */
export async function run(command: string, args: readonly string[], cwd?: string): Promise<number> {
  const options: Deno.CommandOptions = { args: [...args], stdin: "null" };
  const child = new Deno.Command(command, cwd === undefined ? options : { ...options, cwd });
  return (await child.spawn().status).code;
}

/** Standard output of a program, trimmed; undefined when it fails or does not exist. */
export async function capture(
  command: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const output = await new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      stderr: "null",
    }).output();
    return output.success ? new TextDecoder().decode(output.stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
