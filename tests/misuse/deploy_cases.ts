/**
 * Ways to misuse the programming model that a deployment refuses.
 *
 * @module
 */
import { requireCeiling } from "../../src/deployment/ceiling.ts";
import { makeCatalog, makeManifest } from "../../src/deployment/manifest_fixture_test.ts";
import { parseBlueprint } from "../../src/deployment/parse_blueprint.ts";
import { resolveBlueprint } from "../../src/deployment/resolve.ts";
import { resolveConfig } from "../../src/protocol/config/config.ts";
import type { Manifest } from "../../src/protocol/slice/manifest.ts";
import { requireResources } from "../../src/resource/check.ts";
import { resourceFactories } from "../../src/resource/factories.ts";
import type { Misuse } from "./misuse.ts";

const blueprint = (text: string) => `id = "org.example:app:1.0.0"\n[[slices]]\n${text}\n`;

/** Applies a blueprint as control does, as far as its checks go. */
function apply(
  text: string,
  published: readonly Manifest[],
  config: Record<string, unknown> = {},
): Misuse["give"] {
  return () =>
    Promise.try(() => {
      const catalog = makeCatalog(...published);
      const { slices } = resolveBlueprint(parseBlueprint(text), catalog);
      const manifests = slices.flatMap(({ artifact }) => catalog.manifest(artifact) ?? []);
      const { resources, sandbox } = resolveConfig(config);
      requireCeiling(manifests, { ...sandbox.max, heapMb: sandbox.heapMb });
      requireResources(manifests, resources, resourceFactories);
    });
}

const one = blueprint('artifact = "org.example:one:1.0.0"');

function needing(type: string, section: string): Manifest {
  const manifest = makeManifest("org.example:one:1.0.0");
  const resources = [{ name: "bank", type, options: { section } }];
  return { ...manifest, definition: { ...manifest.definition, resources } };
}

const bank = { type: "http", baseUrl: "https://bank.example" };

/** See the module. */
export const deployments: readonly Misuse[] = [
  {
    what: "an artifact that was never published",
    give: apply(one, []),
    code: "ARTIFACT_NOT_FOUND",
    place: "org.example:one:1.0.0",
    fix: "aether slice publish",
  },
  {
    what: "a dependency that was never published",
    give: apply(one, [
      makeManifest("org.example:one:1.0.0", { dependencies: { "org.example:two": "^1.0.0" } }),
    ]),
    code: "DEPENDENCY_MISSING",
    place: "org.example:two",
    fix: /[Pp]ublish/,
  },
  {
    what: "a dependency in no version that fits",
    give: apply(one, [
      makeManifest("org.example:one:1.0.0", { dependencies: { "org.example:two": "^2.0.0" } }),
      makeManifest("org.example:two:1.0.0"),
    ]),
    code: "DEPENDENCY_MISSING",
    place: "^2.0.0",
    fix: "1.0.0",
  },
  {
    what: "slices that call each other in a circle",
    give: apply(one, [
      makeManifest("org.example:one:1.0.0", { dependencies: { "org.example:two": "^1.0.0" } }),
      makeManifest("org.example:two:1.0.0", { dependencies: { "org.example:one": "^1.0.0" } }),
    ]),
    code: "DEPENDENCY_CYCLE",
    place: "org.example:one -> org.example:two -> org.example:one",
    fix: /[Rr]emove|[Ll]et|[Bb]reak/,
  },
  {
    what: "a resource section that does not exist",
    give: apply(one, [needing("http", "bank")]),
    code: "RESOURCE_INVALID",
    place: "[resources.bank]",
    fix: "add it",
  },
  {
    what: "a resource section with a name that is nearly right",
    give: apply(one, [needing("http", "bank")], { resources: { bnak: bank } }),
    code: "RESOURCE_INVALID",
    place: "[resources.bank]",
    fix: "add it",
  },
  {
    what: "a resource section of another type",
    give: apply(one, [needing("config", "bank")], { resources: { bank } }),
    code: "RESOURCE_INVALID",
    place: '[resources.bank] has type "http"',
    fix: 'not "config"',
  },
  {
    what: "a value of a resource section that is wrong",
    give: apply(one, [needing("http", "bank")], { resources: { bank: { ...bank, timeout: 5 } } }),
    code: "RESOURCE_INVALID",
    place: "timeout",
    fix: '"5s"',
  },
  {
    what: "a permission over the operator's ceiling",
    give: apply(one, [{
      ...makeManifest("org.example:one:1.0.0"),
      permissions: { env: ["TOKEN"] },
    }]),
    code: "PERMISSION_REFUSED",
    place: "TOKEN",
    fix: "[sandbox.max]",
  },
  {
    what: "instances that are no number",
    give: apply(`${one}instances = "two"\n`, [makeManifest("org.example:one:1.0.0")]),
    code: "BLUEPRINT_INVALID",
    place: "instances",
    fix: "Write a whole number",
  },
  {
    what: "more instances to keep than there are",
    give: apply(`${one}minAvailable = 3\n`, [makeManifest("org.example:one:1.0.0")]),
    code: "BLUEPRINT_INVALID",
    place: "minAvailable 3",
    fix: "write 1 to 1",
  },
];
