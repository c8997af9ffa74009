/**
 * Threads of this process as Linux shows them: which one a new worker got, what CPU it used or
 * waited for, and whether it is still there.
 *
 * Deno neither tells a worker's thread nor stops one that computes, so the supervisor looks for
 * itself. On other systems nothing is known.
 *
 * @module
 */
const folder = "/proc/self/task";
// Deno names the threads of workers so; other threads may start at the same moment.
const workerName = /^worker-/;

/** Numbers of all threads of this process; empty where the system does not say. */
export function threadIds(): ReadonlySet<number> {
  try {
    return new Set([...Deno.readDirSync(folder)].map(({ name }) => Number(name)));
  } catch {
    return new Set();
  }
}

/** The worker's thread that is there now and was not before; undefined when it is not clear. */
export function newWorkerThread(before: ReadonlySet<number>): number | undefined {
  const found = [...threadIds()].filter((id) => !before.has(id) && workerName.test(nameOf(id)));
  return before.size > 0 && found.length === 1 ? found[0] : undefined;
}

/** Whether the thread still runs. */
export function isThreadAlive(id: number): boolean {
  return workerName.test(nameOf(id));
}

/** CPU time of a thread of this process, or of a whole process, in milliseconds. */
export function cpuMs(of: { readonly thread: number } | { readonly process: number }) {
  const path = "thread" in of ? `${folder}/${of.thread}/stat` : `/proc/${of.process}/stat`;
  try {
    const text = Deno.readTextFileSync(path);
    const [user = NaN, system = NaN] = text.slice(text.lastIndexOf(")") + 2).split(" ").slice(11)
      .map(Number);
    return (user + system) * 1000 / ticksPerSecond;
  } catch {
    return undefined;
  }
}

/**
 * How long a thread of this process was ready to run and got no processor since it began, in
 * milliseconds; undefined where the system does not say.
 */
export function waitedMs(thread: number): number | undefined {
  try {
    const [, waitedNs] = Deno.readTextFileSync(`${folder}/${thread}/schedstat`).split(" ");
    return waitedNs === undefined ? undefined : Number(waitedNs) / 1e6;
  } catch {
    return undefined;
  }
}

/** USER_HZ is 100 on every Linux that Deno runs on. */
const ticksPerSecond = 100;

function nameOf(id: number): string {
  try {
    return Deno.readTextFileSync(`${folder}/${id}/comm`);
  } catch {
    return "";
  }
}
