/**
 * Main module of the relay thread: owns the slice processes and carries their traffic.
 *
 * A thread of its own, so that what a hostile process sends costs neither the gateway nor the
 * supervisor a turn. When it dies its processes die with it: they see the end of their input.
 *
 * @module
 */
import { type Problem, toAetherError } from "../../base/errors.ts";
import { createNodeLogger } from "../../io/node_log.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { FromRelay, ToRelay } from "../../protocol/thread/relay.ts";
import type { ExitReason } from "../../protocol/thread/threads.ts";
import { AuditFile } from "./audit_file.ts";
import { findWrappers, launchOf, type Wrappers } from "./launch.ts";
import { SliceProcess } from "./slice_process.ts";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const running = new Map<string, SliceProcess>();
let logConfig: Config["log"] = { level: "info", format: "text" };
let wrappers: Promise<Wrappers> | undefined;

function post(message: FromRelay): void {
  scope.postMessage(message);
}

/** One message after another: what is meant for a process must find it started. */
let turn = Promise.resolve();

scope.onmessage = (event: MessageEvent<ToRelay>) => {
  const message = event.data;
  // Not in turn: it says that this thread lives, not that it has nothing to do.
  if (message.type === "ping") post({ type: "pong", sequence: message.sequence });
  else turn = turn.then(() => handle(message));
};

async function handle(message: ToRelay): Promise<void> {
  switch (message.type) {
    case "start":
      logConfig = message.log;
      post({ type: "started" });
      break;
    case "instance":
      await start(message).catch((error) => {
        ended(message.spec.instance, "error", toAetherError(error).toProblem());
      });
      break;
    case "gateway":
      running.get(message.instance)?.connectGateway(message.gateway);
      break;
    case "resources":
      running.get(message.instance)?.connectResources(message.resources);
      break;
    case "stop":
      running.get(message.instance)?.stop();
      break;
    case "expel":
      running.get(message.instance)?.expel(message.cause);
      break;
  }
}

async function start(message: Extract<ToRelay, { type: "instance" }>): Promise<void> {
  const { spec, gateway, resources } = message;
  const { instance } = spec;
  wrappers ??= reportWrappers(findWrappers());
  const log = createNodeLogger(logConfig, instance);
  const audit = spec.auditMax === undefined ? undefined : await AuditFile.open(spec, log);
  const launch = launchOf({
    granted: spec.auditMax ?? spec.permissions,
    heapMb: spec.heapMb,
    deniedHosts: spec.deniedHosts,
    auditFile: audit?.path,
    wrappers: await wrappers,
    ownEnv: Deno.env.toObject(),
  });
  const process = new SliceProcess({
    spec,
    launch,
    gateway,
    resources,
    onReady: () => post({ type: "ready", instance }),
    onRetire: (cause) => post({ type: "retire", instance, cause }),
    onUsage: (usage) => post({ type: "usage", usage }),
    onEnd: (reason, problem) => {
      audit?.close();
      ended(instance, reason, problem);
    },
  });
  running.set(instance, process);
}

function ended(instance: string, reason: ExitReason, problem: Problem | undefined): void {
  running.delete(instance);
  post({ type: "ended", instance, reason, problem });
}

/** Says once what this machine cannot do. */
async function reportWrappers(found: Promise<Wrappers>): Promise<Wrappers> {
  const { prlimit, blockSignal } = await found;
  const log = createNodeLogger(logConfig, "relay");
  if (!prlimit) log.warn("Slice processes have no data limit: prlimit of util-linux is missing");
  if (!blockSignal) log.warn("Slice processes take SIGUSR1: env of coreutils 8.31 is missing");
  return await found;
}
