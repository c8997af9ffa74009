/**
 * Handlers of the rows about the node and the cluster.
 *
 * @module
 */
import { artifactBase } from "../../protocol/coordinates.ts";
import { buildInfo } from "../../io/entry.ts";
import { apiRows, apiTable } from "../../protocol/api/table.ts";
import type { systemRows } from "../../protocol/api/system.ts";
import { type InstanceValue, keys } from "../../protocol/keys.ts";
import type { Health } from "../../protocol/instance_state.ts";
import type { Control } from "../../node/control/control.ts";
import {
  instanceId,
  storedInstances,
  storedTargets,
  storedValues,
} from "../../node/control/views.ts";
import type { DownloadView } from "../../protocol/slice/call_figures.ts";
import type { Handlers } from "../handler.ts";
import { openApiDocument } from "../openapi.ts";

/** A node that takes part is a few slots behind all the time. */
const slotsBehindMax = 200;

/** See `protocol/api/system.ts`. */
export const systemHandlers: Handlers<keyof typeof systemRows> = {
  healthLive: () => ({ body: { status: "live" } }),
  healthReady: (_request, { control }) => {
    const reasons = notReadyReasons(control);
    const ready = reasons.length === 0;
    return { body: { ready, reasons }, status: ready ? 200 : 503 };
  },
  health: (_request, { control }) => ({
    body: {
      ready: notReadyReasons(control).length === 0,
      quorum: control.cluster.hasQuorum,
      connectedPeers: control.cluster.connected.length,
      nodeCount: storedValues(control.store.state, keys.member).length,
      sliceCount: storedTargets(control.store.state).length,
    },
  }),
  status: (_request, { control }) => ({ body: nodeStatus(control) }),
  nodes: (_request, { control }) => {
    const counts = new Map<string, number>();
    for (const { value } of storedInstances(control.store.state)) {
      counts.set(value.node, (counts.get(value.node) ?? 0) + 1);
    }
    const self = control.config.node.id;
    const leader = control.cluster.leader?.node;
    const { voters } = control.store;
    const nodes = storedValues(control.store.state, keys.member).map(({ value }) => ({
      id: value.id,
      state: value.state,
      leader: value.id === leader,
      alive: control.cluster.isAlive(value.id),
      voter: voters.includes(value.id),
      self: value.id === self,
      version: value.version,
      addresses: value.addresses,
      instances: counts.get(value.id) ?? 0,
    }));
    return { body: { nodes } };
  },
  slices: (_request, { control }) => ({ body: { slices: sliceViews(control) } }),
  slicesStatus: async (_request, { control }) => {
    const { health, downloads = {} } = await control.figures.read();
    const own = control.artifacts.downloads;
    const nowMs = control.clock.wallMs();
    const instances = storedInstances(control.store.state).map(({ value }) => ({
      id: instanceId(value.node, value.artifact, value.number),
      artifact: value.artifact,
      node: value.node,
      state: value.state,
      attempt: value.attempt,
      sinceMs: Math.max(0, nowMs - value.changedAtMs),
      ...(value.reason === undefined ? {} : { reason: value.reason }),
      ...(value.exit === undefined ? {} : { exit: value.exit }),
      ...downloadView(value, own, downloads),
      ...healthView(health[instanceId(value.node, value.artifact, value.number)]),
      ...usageView(control, instanceId(value.node, value.artifact, value.number)),
    }));
    return { body: { instances } };
  },
  routes: (_request, { control }) => {
    const { revision, services } = control.routes;
    const routes = services.flatMap(({ contract, artifact, methods, instances, remotes }) =>
      Object.entries(methods).flatMap(([handler, { http }]) =>
        http === undefined ? [] : [{
          method: http.method,
          path: http.path,
          contract,
          handler,
          artifacts: [artifact],
          instances: remotes.reduce((sum, { count }) => sum + count, instances.length),
        }]
      )
    );
    return { body: { revision, routes } };
  },
  openapi: () => ({ body: openApiDocument(apiRows(), buildInfo().version) }),
};

function healthView(health: Health | undefined) {
  return health === undefined ? {} : { health };
}

/** This node knows its own better than the leader, which has what was true a second ago. */
function downloadView(
  { node, artifact, number, state }: InstanceValue,
  own: ReadonlyMap<string, DownloadView>,
  others: Readonly<Record<string, DownloadView>>,
) {
  const id = instanceId(node, artifact, number);
  const found = own.get(id) ?? others[id];
  if (found === undefined || state !== "DOWNLOADING") return {};
  return { download: found };
}

function usageView(control: Control, id: string) {
  const usage = control.figures.usages.get(id);
  if (usage === undefined) return {};
  const { tier, heapBytes, externalBytes, cpuMs } = usage;
  const cpu = cpuMs === undefined ? {} : { cpuMs };
  return { usage: { tier, heapBytes, externalBytes, ...cpu } };
}

/** Why the node is not ready; empty when it is. */
function notReadyReasons(control: Control): string[] {
  const { state } = control.store;
  const reasons: string[] = [];
  if (state.get(keys.member.key(control.config.node.id)) === undefined) {
    reasons.push("The node has not joined yet");
  }
  if (!control.cluster.hasQuorum) reasons.push("No majority of the voters is reachable");
  if (control.store.isAbstaining) {
    reasons.push("The node came back without memory and does not vote yet: stop no other node now");
  }
  const { slotsBehind } = control.store;
  if (slotsBehind > slotsBehindMax) {
    reasons.push(`The node is ${slotsBehind} slots of the log behind the others`);
  }
  if (control.barrier.applied < 0) reasons.push("The gateway has not received its routes yet");
  return reasons;
}

function nodeStatus(control: Control) {
  const { state } = control.store;
  const instances = storedInstances(state);
  const { version, form } = buildInfo();
  return {
    node: control.config.node.id,
    version,
    form,
    uptimeMs: Math.round(control.clock.monotonicMs() - control.startedAtMs),
    leader: control.cluster.leader?.node ?? null,
    revision: state.revision,
    storeBytes: state.bytes,
    durable: control.store.durable,
    slots: control.store.slots,
    blueprints: storedValues(state, keys.blueprint).length,
    slices: storedTargets(state).length,
    instances: {
      active: instances.filter(({ value }) => value.state === "ACTIVE").length,
      failed: instances.filter(({ value }) => value.state === "FAILED").length,
      total: instances.length,
    },
    addresses: control.addresses,
    links: control.cluster.linkProblems,
  };
}

type SliceView = ReturnType<
  typeof apiTable.slices.response.parse
>["slices"][number];

function sliceViews(control: Control): SliceView[] {
  const statuses = new Map(
    control.blueprints.list().flatMap(({ slices }) =>
      slices.map((slice) => [artifactBase(slice.artifact), slice] as const)
    ),
  );
  return storedTargets(control.store.state).map((target) => {
    const status = statuses.get(target.artifactBase);
    return {
      artifact: target.artifact,
      blueprint: target.blueprint,
      instances: target.instances,
      active: status?.active ?? 0,
      minAvailable: target.minAvailable,
      status: status?.status ?? "PENDING",
      ...(status?.reason === undefined ? {} : { reason: status.reason }),
    };
  });
}
