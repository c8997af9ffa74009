/**
 * `deno task image`: puts the executable and the C library it needs into `dist/image`, from where
 * `docker build dist/image` makes a container image that needs no base image.
 *
 * Builds `dist/aether` first. Used by operators who run nodes as containers, and by
 * `e2e/containers_test.ts`.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./lib/process.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The libraries of this machine that the runtime loads, by what the dynamic linker says. */
async function libraries(program: string): Promise<readonly string[]> {
  const { success, stdout } = await new Deno.Command("ldd", { args: [program] }).output();
  if (!success) throw new Error(`The libraries of ${program} are not known: ldd failed`);
  const lines = new TextDecoder().decode(stdout).split("\n");
  // `libc.so.6 => /lib/libc.so.6 (0x...)`, or `/lib64/ld-linux-x86-64.so.2 (0x...)` alone.
  return lines.flatMap((line) => /(?:=>\s+|^\s*)(\/\S+)\s+\(0x/.exec(line)?.[1] ?? []);
}

/** What `docker build` reads; the data directory is a volume, so that it outlives a container. */
const dockerfile = `FROM scratch
COPY rootfs/ /
COPY --chown=10000:10000 state/ /var/
ENV HOME=/var/lib/aether AETHER_CACHE=/var/cache/aether
USER 10000:10000
VOLUME /var/lib/aether
EXPOSE 8070 8080 8090 8091
ENTRYPOINT ["/usr/bin/aether"]
CMD ["node", "start", "--config", "/etc/aether/aether.toml"]
`;

/** Fills `folder` with a Dockerfile and the files of the image. */
export async function makeImage(folder: string): Promise<void> {
  const rootfs = join(folder, "rootfs");
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const copy = async (from: string, to: string) => {
    await Deno.mkdir(dirname(join(rootfs, to)), { recursive: true });
    await Deno.copyFile(from, join(rootfs, to));
  };
  await copy(join(root, "dist", "aether"), "usr/bin/aether");
  for (const library of await libraries(Deno.execPath())) await copy(library, library);
  await Deno.mkdir(join(rootfs, "etc"), { recursive: true });
  await Deno.writeTextFile(
    join(rootfs, "etc", "passwd"),
    "aether:x:10000:10000::/var/lib/aether:/nowhere\n",
  );
  await Deno.mkdir(join(rootfs, "etc", "aether"));
  await Deno.mkdir(join(rootfs, "tmp"));
  await Deno.chmod(join(rootfs, "tmp"), 0o1777);
  for (const name of ["lib", "cache"]) {
    await Deno.mkdir(join(folder, "state", name, "aether"), { recursive: true });
  }
  await Deno.writeTextFile(join(folder, "Dockerfile"), dockerfile);
}

if (import.meta.main) {
  const build = join(root, "scripts", "build.ts");
  const code = await run(Deno.execPath(), ["run", "-A", "--no-prompt", build], root);
  if (code !== 0) Deno.exit(code);
  const folder = join(root, "dist", "image");
  await makeImage(folder);
  console.log(`${folder} is ready: docker build -t aether ${folder}`);
}
