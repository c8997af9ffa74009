/**
 * Slice artifacts without code, for tests of what is done with them before anything runs.
 *
 * @module
 */
import { packSlice, sha256 } from "../../src/artifact/package.ts";
import { artifactBase } from "../../src/protocol/coordinates.ts";
import { type Manifest, manifestSchema } from "../../src/protocol/slice/manifest.ts";

/** What a test wants to differ in a slice. */
export interface SliceSetup {
  /** Text of the module, to make artifacts that differ. */
  readonly module?: string;
  readonly routes?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly permissions?: Manifest["permissions"];
  /** Names of schedules that are due once a day. */
  readonly schedules?: readonly string[];
  /** Envelope version of the manifest. */
  readonly envelope?: number;
}

/** The bytes of a `.slice` file whose module nobody can run. */
export function packedSlice(artifact: string, setup: SliceSetup = {}): Uint8Array<ArrayBuffer> {
  const module = new TextEncoder().encode(setup.module ?? "export default undefined;");
  const methods = (setup.routes ?? []).map((route, index) => {
    const [method, path] = route.split(" ");
    const http = { method, path, status: 200 };
    const rest = { input: {}, output: {}, idempotent: true, timeoutMs: 1000, headers: [] };
    return [`method${index}`, { ...rest, http }];
  });
  const { schedules = [] } = setup;
  const scheduled = schedules.map((name) => {
    const rest = { input: {}, output: {}, idempotent: false, timeoutMs: 1000, headers: [] };
    return [name, { ...rest, trigger: "schedule" }];
  });
  const daily = { every: "1d", overlap: true };
  const manifest = manifestSchema.parse({
    envelope: setup.envelope ?? 1,
    artifact,
    sha256: sha256(module),
    builtWith: "0.1.0",
    definition: {
      contract: artifactBase(artifact),
      methods: Object.fromEntries([...methods, ...scheduled]),
      schedules: Object.fromEntries(schedules.map((name) => [name, daily])),
      errors: {},
      calls: Object.keys(setup.dependencies ?? {}),
      resources: [],
    },
    dependencies: setup.dependencies ?? {},
    permissions: setup.permissions ?? {},
  });
  return packSlice({ manifest, module });
}
