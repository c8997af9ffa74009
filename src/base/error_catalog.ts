/**
 * Every error that Aether can show a user: number, HTTP status, one-line meaning and hint.
 *
 * One catalogue drives the API's problem documents, the CLI's exit codes and `aether explain`.
 * Numbers are never reused. 1xxx configuration and command line, 2xxx access, 3xxx store,
 * 4xxx artifacts, slices and blueprints, 5xxx running nodes.
 *
 * @module
 */

import { clusterErrors } from "./catalog/cluster_errors.ts";
import { dhtErrors } from "./catalog/dht_errors.ts";
import { type ErrorInfo, row } from "./catalog/row.ts";
import { deploymentErrors } from "./catalog/deployment_errors.ts";
import { messagingErrors } from "./catalog/messaging_errors.ts";
import { callErrors } from "./catalog/call_errors.ts";
import { resourceErrors } from "./catalog/resource_errors.ts";
import { storageErrors } from "./catalog/storage_errors.ts";
import { scheduleErrors } from "./catalog/schedule_errors.ts";
import { storeErrors } from "./catalog/store_errors.ts";

/** The catalogue, by the name that code uses. */
export const errorCatalog = {
  // 1xxx: configuration and command line
  CONFIG_INVALID: row(
    "E1001",
    400,
    "The configuration is not valid",
    "Correct every listed problem; `aether config validate FILE` checks without starting",
  ),
  CONFIG_UNREADABLE: row(
    "E1002",
    400,
    "A configuration file cannot be read",
    "Check that the path exists and that this user may read it",
  ),
  USAGE: row("E1003", 400, "The command line is not valid", "Run the command again with --help"),
  DURATION_INVALID: row(
    "E1004",
    400,
    "The text is not a duration",
    "Write a number and a unit, for example 500ms, 30s or 1m30s",
  ),
  SIZE_INVALID: row(
    "E1005",
    400,
    "The text is not a size in bytes",
    "Write a number and a unit, for example 512KiB or 64MiB",
  ),
  SECRET_MISSING: row(
    "E1006",
    400,
    "A referenced secret or variable does not exist",
    "Set the variable or create the secret file before the start",
  ),
  INSECURE_LISTENER: row(
    "E1007",
    400,
    "A listener would be open to others without protection",
    "Configure an API key and TLS, keep 127.0.0.1, or set insecure = true",
  ),
  FILE_UNREADABLE: row(
    "E1008",
    400,
    "A file or folder cannot be read",
    "Check that the path exists and that this user may read it",
  ),
  OVERRIDE_NOT_FOUND: row(
    "E1010",
    404,
    "There is no such override",
    "See `aether config list --overrides`",
  ),
  FILE_EXISTS: row(
    "E1012",
    409,
    "A file exists that would be overwritten",
    "Name another folder, or remove the file when nobody needs it any more",
  ),
  // 2xxx: access
  UNAUTHENTICATED: row(
    "E2001",
    401,
    "No valid API key was given",
    "Send `Authorization: Bearer KEY`, or set AETHER_TOKEN for the CLI",
  ),
  FORBIDDEN: row(
    "E2002",
    403,
    "The API key's role does not allow this",
    "Use a key with the role that the message names",
  ),
  HOST_REFUSED: row(
    "E2003",
    403,
    "The Host header is not one of this node's names",
    "Use a name of this node, or add yours to management.hosts",
  ),
  CONTENT_TYPE_REFUSED: row(
    "E2004",
    415,
    "The content type is not accepted here",
    "Send one of the content types that the message names, or use an API key",
  ),
  CERTIFICATE_INVALID: row(
    "E2010",
    400,
    "A certificate or its key cannot be used",
    "See what it says with `aether tls show FILE`, and issue another with `aether tls issue`",
  ),
  PEER_REFUSED: row(
    "E2011",
    403,
    "The other end of a connection is not who it must be",
    "Compare clocks, and both certificates with `aether tls show FILE`",
  ),
  JOIN_REFUSED: row(
    "E2012",
    403,
    "The join token does not let this node in",
    "Make another token with `aether cluster token create`",
  ),
  JOIN_TOKEN_NOT_FOUND: row(
    "E2013",
    404,
    "There is no such join token",
    "See `aether cluster token list`; it may have been used, or have expired",
  ),
  ISSUER_MISSING: row(
    "E2014",
    409,
    "Nodes of this cluster cannot make certificates",
    "Make one where ca.key is with `aether tls issue NODE` and copy it to the new node, or set " +
      "tls.issuerKey on this one",
  ),
  ...storeErrors,
  ...dhtErrors,
  ...callErrors,
  // 4xxx: artifacts, slices, blueprints
  ARTIFACT_INVALID: row(
    "E4001",
    400,
    "The artifact is not valid",
    "Build it again with `aether slice build`",
  ),
  ARTIFACT_NOT_FOUND: row(
    "E4002",
    404,
    "The artifact does not exist",
    "Publish it with `aether slice publish`, or correct its coordinates",
  ),
  ARTIFACT_EXISTS: row(
    "E4003",
    409,
    "This version is already published with other bytes",
    "Releases never change: publish under a new version",
  ),
  ARTIFACT_TOO_LARGE: row("E4004", 413, "The artifact is too large", "Keep artifacts under 64 MiB"),
  COORDINATES_INVALID: row(
    "E4005",
    400,
    "The coordinates are not valid",
    "Write group:name:version, for example org.example:echo:1.0.0",
  ),
  ENVELOPE_UNSUPPORTED: row(
    "E4006",
    400,
    "The slice was built for another envelope version",
    "Build the slice again with this version of aether",
  ),
  SLICE_INVALID: row(
    "E4007",
    400,
    "The slice's definition is not valid",
    "Correct the named part of slice.toml or of the module",
  ),
  SLICE_BUILD_FAILED: row(
    "E4008",
    400,
    "The slice does not build",
    "Correct the named lines and build again",
  ),
  BLUEPRINT_INVALID: row(
    "E4009",
    400,
    "The blueprint is not valid",
    "Correct every listed problem; `aether blueprint validate FILE` checks without applying",
  ),
  BLUEPRINT_NOT_FOUND: row(
    "E4010",
    404,
    "The blueprint does not exist",
    "`aether blueprint list` shows what is applied",
  ),
  BLUEPRINT_CONFLICT: row(
    "E4011",
    409,
    "Another blueprint owns a part of this one",
    "Remove it from one of the two blueprints",
  ),
  DEPENDENCY_CYCLE: row(
    "E4012",
    400,
    "The slices depend on each other in a cycle",
    "Break the printed cycle",
  ),
  DEPENDENCY_MISSING: row(
    "E4013",
    400,
    "A dependency cannot be resolved",
    "Publish a version in the named range, or change the range",
  ),
  ROUTE_CONFLICT: row(
    "E4014",
    409,
    "Two slices claim the same route",
    "Change the path in one of the two contracts",
  ),
  PERMISSION_REFUSED: row(
    "E4015",
    403,
    "The slice asks for more than the operator allows",
    "Remove the permission from slice.toml, or raise [sandbox.max]",
  ),
  REVISION_CONFLICT: row(
    "E4016",
    409,
    "The blueprint has changed meanwhile",
    "Run `aether blueprint plan` again",
  ),
  FOLDER_NOT_EMPTY: row(
    "E4017",
    409,
    "The folder is not empty",
    "Name a new folder, or remove what is in this one",
  ),
  DEPLOYMENT_FAILED: row(
    "E4018",
    500,
    "The blueprint did not deploy",
    "Read the reasons; `aether slices --instances` and the node's log say more",
  ),
  LINT_FAILED: row(
    "E4019",
    400,
    "The slice breaks rules for slices",
    "Correct each, or write `// deno-lint-ignore RULE` with the reason above the line",
  ),
  ...deploymentErrors,
  // 5xxx: running nodes
  ROUTE_NOT_FOUND: row(
    "E5001",
    404,
    "No slice serves this path",
    "`aether routes` lists what is served",
  ),
  METHOD_NOT_ALLOWED: row(
    "E5002",
    405,
    "The path exists, but not for this method",
    "Use one of the methods in the Allow header",
  ),
  INPUT_INVALID: row(
    "E5003",
    400,
    "The input does not match the method's schema",
    "Correct the listed fields",
  ),
  OUTPUT_INVALID: row(
    "E5004",
    500,
    "The slice returned something that its contract does not allow",
    "Look at the slice's log for the fields",
  ),
  SLICE_FAILED: row(
    "E5005",
    500,
    "The slice failed",
    "Look at the slice's log with the request id",
  ),
  BODY_TOO_LARGE: row("E5006", 413, "The body is too large", "Keep bodies within the named limit"),
  OVERLOADED: row("E5007", 503, "The instance is overloaded", "Retry after the Retry-After time"),
  NO_INSTANCE: row(
    "E5008",
    503,
    "No instance of the slice is running",
    "`aether slices` shows the state and the reason",
  ),
  DEADLINE_EXCEEDED: row(
    "E5009",
    504,
    "The call took longer than its deadline",
    "Retry if the method is idempotent, or raise timeoutMs",
  ),
  PORT_TAKEN: row(
    "E5010",
    409,
    "A port is taken by another program",
    "Stop the other program or choose another port",
  ),
  NOT_BUILT: row("E5011", 501, "This is not built yet", "See CHANGELOG.md for what a version has"),
  UNREACHABLE: row(
    "E5012",
    503,
    "The node cannot be reached",
    "Check that it runs and that --connect names its management address",
  ),
  TIMEOUT: row(
    "E5013",
    504,
    "The command did not end in time",
    "Look at its state, or raise --timeout",
  ),
  THREAD_FAILED: row("E5014", 500, "A thread of the node failed", "Look at the node's log"),
  REQUEST_INVALID: row("E5015", 400, "The request is not valid", "Correct the named part"),
  NODE_STOPPING: row("E5016", 503, "The node is stopping", "Retry on another node"),
  NOT_FOUND: row(
    "E5017",
    404,
    "There is nothing at this path",
    "See /api/openapi.json for the API",
  ),
  CALL_REFUSED: row(
    "E5018",
    403,
    "The slice may not call this",
    "Declare the contract under [dependencies] in slice.toml and in needs",
  ),
  NODE_ENDED: row(
    "E5019",
    500,
    "A node process ended by itself",
    "Look at its last messages above",
  ),
  BODY_TIMEOUT: row(
    "E5020",
    408,
    "The body of the request did not arrive in time",
    "Send it again without long pauses: nothing was changed",
  ),
  NODE_ID_TAKEN: row(
    "E5021",
    500,
    "Another process has the id of this node",
    "Stop one of the two, or give it another --node-id; a copied data directory needs one too",
  ),
  UPGRADE_REQUIRED: row(
    "E5040",
    426,
    "The route is a WebSocket",
    "Connect with a WebSocket client",
  ),
  ORIGIN_REFUSED: row(
    "E5041",
    403,
    "Pages of this origin may not use the route",
    "Let the operator add the origin to app.cors.origins",
  ),
  CALL_ENDED: row(
    "E5042",
    499,
    "The call has ended",
    "The caller has gone or has its answer: stop working on it",
  ),
  ...resourceErrors,
  ...clusterErrors,
  ...storageErrors,
  ...messagingErrors,
  ...scheduleErrors,
  INTERNAL: row(
    "E5999",
    500,
    "Something failed inside aether",
    "Look at the node's log, and report it",
  ),
} as const satisfies Record<string, ErrorInfo>;

/** The name of an error in the catalogue. */
export type ErrorName = keyof typeof errorCatalog;

/** The row of a number such as `E1001`, or undefined. */
export function errorByCode(code: string): { name: ErrorName; info: ErrorInfo } | undefined {
  for (const [name, info] of Object.entries(errorCatalog)) {
    if (info.code === code.toUpperCase()) return { name: name as ErrorName, info };
  }
  return undefined;
}
