import type { Catalog } from "./resolve.ts";
import { artifactBase, parseCoordinates } from "../protocol/coordinates.ts";
import { type Manifest, manifestSchema } from "../protocol/slice/manifest.ts";

/** What a test wants to differ in a manifest. */
export interface ManifestOptions {
  readonly dependencies?: Record<string, string>;
  readonly permissions?: Manifest["permissions"];
  /** Routes such as `GET /urls/:code`. */
  readonly routes?: readonly string[];
}

/** A manifest of a slice without code. */
export function makeManifest(artifact: string, options: ManifestOptions = {}): Manifest {
  const methods = (options.routes ?? []).map((route, index) => {
    const [method, path] = route.split(" ");
    const http = { method, path, status: 200 };
    const rest = { input: {}, output: {}, idempotent: true, timeoutMs: 1000, headers: [] };
    return [`method${index}`, { ...rest, http }];
  });
  return manifestSchema.parse({
    artifact,
    sha256: "0".repeat(64),
    builtWith: "0.1.0",
    definition: {
      contract: artifactBase(artifact),
      methods: Object.fromEntries(methods),
      errors: {},
      calls: [],
      resources: [],
    },
    dependencies: options.dependencies ?? {},
    permissions: options.permissions ?? {},
  });
}

/** A catalog of these manifests. */
export function makeCatalog(...manifests: readonly Manifest[]): Catalog {
  const byArtifact = new Map(manifests.map((manifest) => [manifest.artifact, manifest]));
  return {
    manifest: (artifact) => byArtifact.get(artifact),
    versions: (base) =>
      [...byArtifact.keys()].filter((artifact) => artifactBase(artifact) === base)
        .map((artifact) => parseCoordinates(artifact).version),
  };
}
