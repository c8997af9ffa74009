/**
 * Handlers of the rows about artifacts.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { Control } from "../../node/control/control.ts";
import type { OpenedFile } from "../../node/artifacts/opened_file.ts";
import type { artifactRows } from "../../protocol/api/data/artifacts.ts";
import type { RowResponse } from "../../protocol/api/row.ts";
import { parseRepositoryPath } from "../../protocol/coordinates.ts";
import { artifactPrefix, parsePath, sliceEnding } from "../../protocol/storage/repository_path.ts";
import type { FileRange } from "../../protocol/storage/artifacts.ts";
import type { Handlers } from "../handler.ts";
import type { StreamedBody } from "../upload.ts";

const contentTypes: Readonly<Record<string, string>> = {
  slice: "application/zip",
  jar: "application/java-archive",
  json: "application/json",
  toml: "application/toml",
  xml: "application/xml",
  pom: "application/xml",
  md: "text/plain; charset=utf-8",
  txt: "text/plain; charset=utf-8",
  md5: "text/plain; charset=utf-8",
  sha1: "text/plain; charset=utf-8",
  sha256: "text/plain; charset=utf-8",
};

/** See `protocol/api/data/artifacts.ts`. */
export const artifactHandlers: Handlers<keyof typeof artifactRows> = {
  artifactList: (_request, { control }) => ({
    body: { artifacts: control.catalog.list() },
  }),
  artifactInfo: async ({ params: { artifact } }, { control }) => {
    const files = (await filesOf(control, artifact)).map(({ index: _, ...file }) => file);
    return {
      body: { artifact, isSlice: files.some(({ path }) => path.endsWith(sliceEnding)), files },
    };
  },
  artifactDelete: async ({ params: { artifact } }, { control }) => {
    const paths = (await filesOf(control, artifact)).map(({ path }) => path);
    if (control.catalog.has(artifact)) await control.catalog.delete(artifact);
    else await control.artifacts.repository.delete(paths);
    return { body: undefined };
  },
  artifactVerify: async ({ params: { artifact } }, { control }) => {
    const { repository } = control.artifacts;
    const files = await Promise.all(
      (await filesOf(control, artifact)).map(async ({ path }) => ({
        path,
        ...await repository.verify(path),
      })),
    );
    return { body: { files } };
  },
  artifactVersions: async ({ params: { artifact: base } }, { control }) => {
    const [group = "", name = ""] = base.split(":");
    const { repository } = control.artifacts;
    const versions = await repository.known(() => {
      const found = repository.versions({ group, name });
      return found.length > 0 ? found : undefined;
    });
    if (versions !== undefined) return { body: { versions } };
    throw new AetherError("ARTIFACT_NOT_FOUND", `Nothing is published as ${base}`);
  },
  artifactFiles: ({ query: { prefix, limit } }, { control }) => {
    const all = control.artifacts.repository.list(prefix);
    const files = all.slice(0, limit).map(({ index: _, ...file }) => file);
    return { body: { files, more: all.length > limit } };
  },
  artifactCollect: async ({ body: { dryRun } }, { control }) => {
    const { chunks, bytes, silent } = await control.artifacts.repository.collect(dryRun);
    return { body: { chunks, bytes, dryRun, silent: [...silent] } };
  },
  artifactMetrics: async (_request, { control }) => {
    const { repository } = control.artifacts;
    const files = repository.list();
    const versions = new Set(files.map(({ path }) => path.slice(0, path.lastIndexOf("/"))));
    return {
      body: {
        files: files.length,
        artifacts: versions.size,
        bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        node: await repository.usage(),
      },
    };
  },
  repositoryGet: async ({ params: { path }, headers }, { control }) => {
    const file = await openFile(control, path);
    const etag = `"${file.sha256}"`;
    const common = {
      etag,
      "accept-ranges": "bytes",
      "x-checksum-sha256": file.sha256,
      "x-checksum-sha1": file.sha1,
      "x-checksum-md5": file.md5,
    };
    const contentType = contentTypes[path.slice(path.lastIndexOf(".") + 1)] ??
      "application/octet-stream";
    const body = { bytes: new Uint8Array(), contentType };
    if (isMatch(headers["if-none-match"], etag)) return { status: 304, body, headers: common };
    const isCurrent = (headers["if-range"] ?? etag) === etag;
    const range = isCurrent ? rangeOf(headers.range, file.sizeBytes, path) : undefined;
    const { first, last } = range ?? { first: 0, last: file.sizeBytes - 1 };
    return {
      status: range === undefined ? 200 : 206,
      body,
      headers: {
        ...common,
        "content-length": String(last + 1 - first),
        ...(range && { "content-range": `bytes ${first}-${last}/${file.sizeBytes}` }),
      },
      open: () => file.open(range),
    };
  },
  repositoryPut: ({ params, body }, { control }) => upload(control, params.path, body),
  repositoryPost: ({ params, body }, { control }) => upload(control, params.path, body),
  repositoryDelete: async ({ params: { path } }, { control }) => {
    const coordinates = path.endsWith(sliceEnding)
      ? parseRepositoryPath(path)?.coordinates
      : undefined;
    if (coordinates === undefined) await control.artifacts.repository.delete([path]);
    else {
      const { group, name, version } = coordinates;
      await control.catalog.delete(`${group}:${name}:${version}`);
    }
    return { body: undefined };
  },
};

async function upload(
  control: Control,
  path: string,
  body: unknown,
): Promise<{ readonly body: RowResponse<typeof artifactRows["repositoryPut"]>; status: number }> {
  const { maxBytes } = control.config.artifact;
  const { stream, failure } = (body as StreamedBody).open(maxBytes, (bytes) => {
    return new AetherError(
      "ARTIFACT_TOO_LARGE",
      `"${path}" has ${bytes} bytes; artifact.maxBytes is ${maxBytes}`,
    );
  });
  try {
    const { status, sha256, underReplicated } = await control.artifacts.repository.put(
      path,
      stream,
    );
    const isNew = status === "created";
    return {
      body: {
        status: isNew ? "created" : "unchanged",
        sha256,
        ...(underReplicated > 0 && { underReplicated }),
      },
      status: isNew ? 201 : 200,
    };
  } catch (error) {
    throw failure() ?? error;
  }
}

/** A file of the repository, or one that a former release left on this node. */
async function openFile(control: Control, path: string): Promise<OpenedFile> {
  try {
    return await control.artifacts.repository.get(path);
  } catch (error) {
    const former = await control.artifacts.formerFile(path);
    if (former === undefined) throw error;
    return former;
  }
}

/** The files of a version; throws when there are none. */
async function filesOf(control: Control, artifact: string) {
  const { repository } = control.artifacts;
  const [group = "", name = "", version = ""] = artifact.split(":");
  const prefix = `${artifactPrefix({ group, name })}${version}/`;
  const files = await repository.known(() => {
    const found = repository.list(prefix).filter(({ path }) => parsePath(path)?.kind === "file");
    return found.length > 0 || control.catalog.has(artifact) ? found : undefined;
  });
  if (files !== undefined) return files;
  throw new AetherError("ARTIFACT_NOT_FOUND", `${artifact} is not published`);
}

/** Whether If-None-Match names the file as it is. */
function isMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === "*" ||
    header.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
}

/** One part; whatever else a Range header says is ignored, as RFC 9110 allows. */
function rangeOf(
  header: string | undefined,
  sizeBytes: number,
  path: string,
): FileRange | undefined {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  const first = from === "" ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const last = from === "" || to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (first <= last) return { first, last };
  throw new AetherError("RANGE_INVALID", `"${path}" has ${sizeBytes} bytes, not ${header}`);
}
