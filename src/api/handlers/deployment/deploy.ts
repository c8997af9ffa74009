/**
 * Handlers of the rows about rollouts.
 *
 * @module
 */
import type { deployRows, RolloutView } from "../../../protocol/api/deployment/deploy.ts";
import { isEnded, type Rollout } from "../../../protocol/rollout.ts";
import type { Handlers } from "../../handler.ts";

/** See `protocol/api/deployment/deploy.ts`. */
export const deployHandlers: Handlers<keyof typeof deployRows> = {
  deployStart: async ({ body }, { control }) => {
    const { manual, maxErrorRate, maxLatencyMs, minRequests, maxRelativePercent, ...rest } = body;
    const relative = maxRelativePercent === undefined ? {} : { maxRelativePercent };
    const rollout = await control.deployment.rollouts.start({
      ...rest,
      isManual: manual,
      thresholds: { maxErrorRate, maxLatencyMs, minRequests, ...relative },
    });
    return { body: shown(rollout) };
  },
  deployList: (_request, { control }) => ({
    body: { deploys: control.deployment.rollouts.list().map(shown) },
  }),
  deployStatus: ({ params }, { control }) => ({
    body: shown(control.deployment.rollouts.get(params.id)),
  }),
  deployHealth: async ({ params }, { control }) => ({
    body: await control.deployment.health(params.id),
  }),
  deployChange: async ({ params }, { control }) => ({
    body: shown(await control.deployment.rollouts.change(params.id, params.action)),
  }),
  rollingUpdateStart: async ({ body }, { control }) => {
    const { maxErrorRate, maxLatencyMs, minRequests } = body;
    const rollout = await control.deployment.rollouts.start({
      artifact: `${body.artifactBase}:${body.version}`,
      strategy: "rolling",
      isManual: body.requireManualApproval,
      thresholds: { maxErrorRate, maxLatencyMs, minRequests },
      cleanup: body.cleanupPolicy,
      graceMs: 300_000,
      observeMs: body.observeMs,
      percent: 50,
    });
    return { body: shown(rollout) };
  },
  rollingUpdateList: (_request, { control }) => ({
    body: {
      updates: control.deployment.rollouts.list().filter((each) => !isEnded(each)).map(shown),
    },
  }),
  rollingUpdateStatus: ({ params }, { control }) => ({
    body: shown(control.deployment.rollouts.get(params.id)),
  }),
  rollingUpdateHealth: async ({ params }, { control }) => ({
    body: await control.deployment.health(params.id),
  }),
  rollingUpdateRouting: async ({ params, body }, { control }) => {
    const [fresh = 0, old = 0] = body.routing.split(":").map(Number);
    const weights = { new: fresh, old };
    return { body: shown(await control.deployment.rollouts.route(params.id, weights)) };
  },
  rollingUpdateComplete: async ({ params }, { control }) => ({
    body: shown(await control.deployment.rollouts.change(params.id, "complete")),
  }),
  rollingUpdateRollback: async ({ params }, { control }) => ({
    body: shown(await control.deployment.rollouts.change(params.id, "rollback")),
  }),
};

function shown({ next: _next, isPromoted: _isPromoted, ...view }: Rollout): RolloutView {
  return view;
}
