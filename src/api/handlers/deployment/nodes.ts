/**
 * Handlers of the rows about the life cycle of nodes and the reasons for where instances run.
 *
 * @module
 */
import type { nodeRows } from "../../../protocol/api/deployment/nodes.ts";
import type { Handlers } from "../../handler.ts";

/** See `protocol/api/deployment/nodes.ts`. */
export const nodeHandlers: Handlers<keyof typeof nodeRows> = {
  nodeLifecycles: (_request, { control }) => ({ body: { nodes: control.deployment.nodes.list() } }),
  nodeLifecycle: ({ params }, { control }) => ({ body: control.deployment.nodes.get(params.id) }),
  nodeDrain: async ({ params }, { control }) => ({
    body: await control.deployment.nodes.change(params.id, "drain"),
  }),
  nodeActivate: async ({ params }, { control }) => ({
    body: await control.deployment.nodes.change(params.id, "activate"),
  }),
  nodeShutdown: async ({ params }, { control }) => ({
    body: await control.deployment.nodes.change(params.id, "shutDown"),
  }),
  explainInstance: async ({ params }, { control }) => ({
    body: await control.deployment.explain(params.artifact),
  }),
};
