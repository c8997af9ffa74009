/**
 * Handlers of the rows about artifacts.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { artifactRows } from "../../protocol/api/data.ts";
import type { Handlers } from "../handler.ts";

/** See `protocol/api/data.ts`. */
export const artifactHandlers: Handlers<keyof typeof artifactRows> = {
  artifactList: (_request, { control }) => ({
    body: { artifacts: control.catalog.list() },
  }),
  repositoryGet: async ({ params }, { control }) => {
    const { bytes, contentType, etag, sha256 } = await control.catalog.file(params.path);
    return {
      body: { bytes, contentType },
      headers: { etag, "x-checksum-sha256": sha256 },
    };
  },
  repositoryPut: async ({ params, body }, { control }) => {
    const { maxBytes } = control.config.artifact;
    if (body.bytes.length > maxBytes) {
      throw new AetherError(
        "ARTIFACT_TOO_LARGE",
        `"${params.path}" has ${body.bytes.length} bytes; artifact.maxBytes is ${maxBytes}`,
      );
    }
    const { status, sha256 } = await control.catalog.put(params.path, body.bytes);
    const isNew = status === "created";
    return {
      body: { status: isNew ? "created" : "unchanged", sha256 },
      status: isNew ? 201 : 200,
    };
  },
};
