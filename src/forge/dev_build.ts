/**
 * {@link DevBuilder}: builds the slices of a workspace under development versions, each state of a
 * folder once.
 *
 * @module
 */
import { buildSlice, type SliceTools } from "../artifact/build.ts";
import { contentHash, devVersion } from "../artifact/slice_folder.ts";
import { formatCoordinates, parseCoordinates } from "../protocol/coordinates.ts";
import type { MethodManifest } from "../protocol/slice/manifest.ts";
import { readWorkspace, withVersions, type WorkspaceSlice } from "./workspace.ts";

/** A built slice, ready to publish. */
export interface DevArtifact {
  /** E.g. `org.example:echo:1.0.0-dev.h3fa2`. */
  readonly artifact: string;
  readonly bytes: Uint8Array;
  readonly methods: Readonly<Record<string, MethodManifest>>;
  readonly warnings: readonly string[];
}

/** Everything that one deployment needs. */
export interface DevBuild {
  readonly artifacts: readonly DevArtifact[];
  /** Text of the blueprint that names exactly these artifacts. */
  readonly blueprint: string;
}

/** Builds again only what changed. Types are not checked: that is what `slice build` is for. */
export class DevBuilder {
  readonly #tools: SliceTools;
  /** The last build of each folder. */
  readonly #last = new Map<string, DevArtifact>();

  constructor(tools: SliceTools) {
    this.#tools = tools;
  }

  /** @throws {AetherError} the first error of a slice.toml or a build */
  async build(folder: string): Promise<DevBuild> {
    const { slices, blueprint } = await readWorkspace(folder);
    const artifacts: DevArtifact[] = [];
    const versions = new Map<string, string>();
    for (const slice of slices) {
      const built = await this.#buildSlice(slice);
      artifacts.push(built);
      versions.set(slice.artifact, built.artifact);
    }
    return { artifacts, blueprint: withVersions(blueprint, versions) };
  }

  async #buildSlice({ dir, artifact }: WorkspaceSlice): Promise<DevArtifact> {
    const coordinates = parseCoordinates(artifact);
    const hash = await contentHash(dir, this.#tools.builtWith);
    const version = devVersion(coordinates.version, hash);
    const name = formatCoordinates({ ...coordinates, version });
    const last = this.#last.get(dir);
    if (last?.artifact === name) return last;
    const { bytes, manifest, warnings } = await buildSlice(dir, {
      ...this.#tools,
      version,
      check: false,
    });
    const built = { artifact: name, bytes, methods: manifest.definition.methods, warnings };
    this.#last.set(dir, built);
    return built;
  }
}
