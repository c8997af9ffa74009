/**
 * What the node commands share.
 *
 * @module
 */

/** How the id of a node is described in every command. */
export const nodeId = { summary: "Id of a node, as in `aether nodes`" };
