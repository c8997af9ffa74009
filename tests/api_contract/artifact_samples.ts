/**
 * Samples of the rows about artifacts and the DHT; see `samples.ts`.
 *
 * @module
 */
import { repositoryPath } from "../../src/protocol/coordinates.ts";
import { packedSlice } from "./slices.ts";

const echo = "org.example:echo:1.0.0";
const echoPath = repositoryPath({ group: "org.example", name: "echo", version: "1.0.0" });
const unused = "org.example:unused:1.0.0";
const unusedPath = repositoryPath({ group: "org.example", name: "unused", version: "1.0.0" });
const notesPath = "org/example/notes/1.0/notes-1.0.txt";

/** Calls that succeed. */
export const goodArtifacts = {
  artifactList: {},
  artifactInfo: { params: { artifact: echo } },
  artifactDelete: { params: { artifact: unused }, status: 204 },
  artifactVerify: { params: { artifact: echo } },
  artifactVersions: { params: { artifact: "org.example:echo" } },
  artifactFiles: { query: { prefix: "org/" } },
  artifactCollect: { body: '{"dryRun":true}' },
  artifactMetrics: {},
  dhtStatus: {},
  dhtLocate: { query: { key: "0".repeat(64) } },
  dhtRepair: {},
  repositoryGet: { params: { path: echoPath } },
  repositoryPut: { params: { path: echoPath }, body: packedSlice(echo, { routes: ["GET /echo"] }) },
  repositoryPost: {
    params: { path: echoPath },
    body: packedSlice(echo, { routes: ["GET /echo"] }),
  },
  repositoryDelete: { params: { path: notesPath }, status: 204 },
} as const;

/** Calls with a wrong part. */
export const wrongArtifacts = {
  artifactList: [],
  artifactInfo: [{ part: "params", params: { artifact: "echo" }, issue: "artifact" }],
  artifactDelete: [{ part: "params", params: { artifact: "echo" }, issue: "artifact" }],
  artifactVerify: [{ part: "params", params: { artifact: "echo" }, issue: "artifact" }],
  artifactVersions: [{ part: "params", params: { artifact: "echo" }, issue: "artifact" }],
  artifactFiles: [{ part: "query", query: { limit: "0" }, issue: "limit" }],
  artifactCollect: [{ part: "body", body: '{"dryRun":1}', issue: "dryRun" }],
  artifactMetrics: [],
  dhtStatus: [],
  dhtLocate: [
    { part: "query", query: { key: "k".repeat(513) }, issue: "key" },
    { part: "query", query: { key: "a", scope: "b" }, issue: "scope" },
  ],
  dhtRepair: [],
  repositoryGet: [
    { part: "params", params: { path: "p".repeat(1025) }, issue: "path" },
    {
      part: "headers",
      params: { path: echoPath },
      headers: { range: "r".repeat(257) },
      issue: "range",
    },
  ],
  repositoryPut: [{ part: "params", params: { path: "p".repeat(1025) }, body: "x", issue: "path" }],
  repositoryPost: [{
    part: "params",
    params: { path: "p".repeat(1025) },
    body: "x",
    issue: "path",
  }],
  repositoryDelete: [{ part: "params", params: { path: "p".repeat(1025) }, issue: "path" }],
} as const;

/** Makes what the good calls need. */
export async function prepareArtifacts(
  must: (method: string, path: string, body: string | Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<void> {
  await must("PUT", `/repository/${unusedPath}`, packedSlice(unused));
  await must("PUT", `/repository/${notesPath}`, "notes");
}
