/**
 * Stops one thread of a process for a while, as a loop that never ends or a slow disk would.
 *
 * Through ptrace, so that the product needs no door for it. Needs Linux and the right to trace.
 *
 * @module
 */
import assert from "node:assert/strict";

const ptraceSeize = 0x4206;
const ptraceInterrupt = 0x4207;
const ptraceDetach = 17;

const symbols = {
  ptrace: { parameters: ["i64", "i32", "usize", "usize"], result: "i64" },
} as const;

/** The threads of a process that run workers, by id. */
export function workerThreads(pid: number): number[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => Number(name)).filter((id) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${id}/comm`).startsWith("worker-")
  );
}

/** Stops a thread until the answer is disposed of. */
export function freeze(thread: number): Disposable {
  const libc = Deno.dlopen("libc.so.6", symbols);
  const { ptrace } = libc.symbols;
  assert.equal(ptrace(BigInt(ptraceSeize), thread, 0n, 0n), 0n, "The thread cannot be traced");
  assert.equal(ptrace(BigInt(ptraceInterrupt), thread, 0n, 0n), 0n);
  return {
    [Symbol.dispose]: () => {
      ptrace(BigInt(ptraceDetach), thread, 0n, 0n);
      libc.close();
    },
  };
}

/** The thread without which a question gets no answer. */
export async function threadBehind(pid: number, ask: () => Promise<unknown>): Promise<number> {
  for (const thread of workerThreads(pid)) {
    using _ = freeze(thread);
    const answered = ask().then(() => true, () => false);
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_000));
    if (!await Promise.race([answered, late])) return thread;
  }
  return assert.fail("No thread answers that");
}
