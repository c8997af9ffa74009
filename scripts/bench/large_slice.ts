/**
 * Slices that are as large as they may be and do not compress well, to load a repository with.
 *
 * @module
 */
import { packSlice, sha256 } from "../../src/artifact/package.ts";
import { artifactBase } from "../../src/protocol/coordinates.ts";
import { limits } from "../../src/protocol/limits.ts";
import { manifestSchema } from "../../src/protocol/slice/manifest.ts";

const mebibyte = 1024 * 1024;
const overheadBytes = mebibyte;

/** Characters that need no escape anywhere. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function noise(bytes: number): string {
  const piece = new Uint8Array(65_536);
  const parts: string[] = [];
  for (let made = 0; made < bytes; made += piece.length) {
    crypto.getRandomValues(piece);
    parts.push(Array.from(piece, (byte) => alphabet[byte & 63]).join(""));
  }
  return parts.join("").slice(0, bytes);
}

/** Makes the file of a slice that nobody can run; its parts are the same for all of one maker. */
export function largeSlices(): (artifact: string) => Uint8Array<ArrayBuffer> {
  const module = new TextEncoder().encode(`// ${noise(limits.bundleBytes - overheadBytes)}`);
  const readme = noise(limits.artifactBytes - limits.bundleBytes - overheadBytes);
  return (artifact) => {
    const manifest = manifestSchema.parse({
      envelope: 1,
      artifact,
      sha256: sha256(module),
      builtWith: "0.1.0",
      definition: {
        contract: artifactBase(artifact),
        methods: {},
        errors: {},
        calls: [],
        resources: [],
      },
      dependencies: {},
      permissions: {},
    });
    return packSlice({ manifest, module, readme });
  };
}
