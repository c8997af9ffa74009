/**
 * The one route table of the management API.
 *
 * Everything about the API is derived from it: the server, OpenAPI, the client, the command line
 * and the reference documents. To add an endpoint, add a row here and a handler in src/api.
 *
 * @module
 */
import { backupRows } from "./backups.ts";
import { blueprintRows } from "./blueprints.ts";
import { callRows } from "./calls.ts";
import { clusterRows, eventRows } from "./cluster.ts";
import { configRows } from "./config.ts";
import { artifactRows } from "./data/artifacts.ts";
import { kvRows } from "./data/kv.ts";
import { dhtRows } from "./data/dht.ts";
import { joinTokenRows } from "./join_tokens.ts";
import { leaseRows, lockRows } from "./locks.ts";
import { deployRows } from "./deployment/deploy.ts";
import { scalingRows } from "./deployment/scaling.ts";
import { nodeRows } from "./deployment/nodes.ts";
import { resourceRows } from "./resources.ts";
import type { Row } from "./row.ts";
import { scheduleRows } from "./deployment/schedules.ts";
import { systemRows } from "./system.ts";
import { deadLetterRows, topicRows } from "./messaging/topics.ts";

/** All rows by name. */
export const apiTable = {
  ...systemRows,
  ...callRows,
  ...nodeRows,
  ...resourceRows,
  ...scheduleRows,
  ...clusterRows,
  ...eventRows,
  ...deployRows,
  ...scalingRows,
  ...blueprintRows,
  ...kvRows,
  ...leaseRows,
  ...lockRows,
  ...joinTokenRows,
  ...configRows,
  ...topicRows,
  ...deadLetterRows,
  ...backupRows,
  ...artifactRows,
  ...dhtRows,
};

/** The table's type. */
export type ApiTable = typeof apiTable;
/** Name of a row. */
export type RowName = keyof ApiTable;

/** The rows as a list, most specific paths first. */
export function apiRows(): { readonly name: RowName; readonly row: Row }[] {
  return Object.entries(apiTable).map(([name, row]) => ({ name: name as RowName, row }));
}
