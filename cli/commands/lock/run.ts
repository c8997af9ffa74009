/**
 * The command `aether lock run`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { HeldLock } from "../../../src/client/lock.ts";
import { defineCommand } from "../../command.ts";
import { duration } from "../../values.ts";

const ttlDefaultMs = 15_000;
const killGraceMs = 5_000;
/** As shells report a program that Ctrl-C has ended. */
const exitInterrupted = 130;

/** Runs a program while holding a lock. */
export const command = defineCommand({
  path: ["lock", "run"],
  summary: "Run a program while holding a lock of the cluster",
  description:
    "The lock is renewed while the program runs and released afterwards; the exit code " +
    "is the program's. AETHER_LOCK_TOKEN is a number that grows with every holder: hand it to " +
    "what the lock protects, which can then refuse a holder of the past. When the lock cannot be " +
    "renewed in time, the program is ended before anybody else can have the lock",
  arguments: { name: { summary: "Name of the lock, for example jobs/nightly" } },
  rest: { name: "COMMAND", summary: "The program and its arguments" },
  options: {
    ttl: {
      value: "DURATION",
      summary: "Time until the lock is free when its holder has vanished (default 15s)",
      parse: duration,
    },
    wait: {
      value: "DURATION",
      summary: "Wait so long for another holder (default: not at all)",
      parse: duration,
    },
  },
  examples: [
    { line: "aether lock run jobs/nightly -- ./nightly.sh", summary: "Once in the cluster" },
    {
      line: "aether lock run deploy --wait 5m --ttl 30s -- make deploy",
      summary: "One after the other",
    },
  ],
  exitCodes: { 5: "Somebody else holds the lock, or it was lost while the program ran" },
  async run({ args, rest, options, context }) {
    const client = await context.client();
    const interrupted = context.interrupted();
    const wish = {
      name: args.name,
      holder: `${Deno.hostname()}:${Deno.pid}`,
      ttlMs: options.ttl ?? ttlDefaultMs,
      waitMs: options.wait ?? 0,
      signal: interrupted,
    };
    const lock = await HeldLock.acquire(client, wish).catch((error) => {
      if (!interrupted.aborted) throw error;
    });
    if (lock === undefined) return exitInterrupted;
    try {
      const { code, lost } = await runHolding(lock, rest, interrupted);
      if (lost !== undefined) throw lost;
      return code;
    } finally {
      await lock.release();
    }
  },
});

async function runHolding(
  lock: HeldLock,
  [program = "", ...words]: readonly string[],
  interrupted: AbortSignal,
): Promise<{ readonly code: number; readonly lost: AetherError | undefined }> {
  const child = start(program, words, lock);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    kill(child, "SIGTERM");
    timer ??= setTimeout(() => kill(child, "SIGKILL"), killGraceMs);
  };
  let lost: AetherError | undefined;
  lock.onLost((error) => {
    lost = error;
    // There is no time for grace: from now on somebody else may hold the lock.
    kill(child, "SIGKILL");
  });
  interrupted.addEventListener("abort", end);
  if (interrupted.aborted) end();
  try {
    const { code } = await child.status;
    return { code, lost };
  } finally {
    clearTimeout(timer);
    interrupted.removeEventListener("abort", end);
  }
}

function start(program: string, words: readonly string[], lock: HeldLock): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args: [...words],
      env: { AETHER_LOCK_NAME: lock.name, AETHER_LOCK_TOKEN: String(lock.token) },
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AetherError("USAGE", `Cannot start ${JSON.stringify(program)}: ${reason}`, { cause });
  }
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has just ended.
  }
}
