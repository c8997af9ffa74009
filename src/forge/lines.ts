/**
 * A stream of bytes as lines of text, for what a child process prints.
 *
 * @module
 */

/** Longer lines are cut into pieces of this length. */
const lineLengthMax = 65_536;

/** The lines without their ends; a last one without an end counts. */
export async function* linesOf(bytes: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r?\n/);
    rest = lines.pop() ?? "";
    yield* lines;
    for (; rest.length >= lineLengthMax; rest = rest.slice(lineLengthMax)) {
      yield rest.slice(0, lineLengthMax);
    }
  }
  if (rest !== "") yield rest;
}
