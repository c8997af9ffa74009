/**
 * What the commands `aether tls ...` share.
 *
 * @module
 */
import type { IssuedFile } from "../src/io/tls/authority_folder.ts";
import type { Context } from "./context.ts";
import type { Cell } from "./output/table.ts";

/** Folder of the authority unless another one is named. */
export const tlsFolder = "tls";

/** The texts of a list with commas. */
export function namesOf(list: string): string[] {
  return list.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** A certificate for programs. */
export function certificateView({ path, info }: IssuedFile) {
  const { identity, subject, issuer, names, notBeforeMs, notAfterMs, sha256 } = info;
  return {
    path,
    name: identity === undefined ? subject : `${identity.role} ${identity.id}`,
    cluster: identity?.cluster ?? null,
    issuer,
    names,
    from: iso(notBeforeMs),
    until: iso(notAfterMs),
    sha256,
  };
}

/** A table of certificates, with what is wrong with them. */
export function certificateTable(context: Context, files: readonly IssuedFile[]): string {
  const rows = files.map((file): Cell[] => {
    const { path, name, cluster, issuer, until } = certificateView(file);
    return [path, name, cluster ?? "", timeCell(file, until), issuer.replace("CN=", "")];
  });
  return context.table(["FILE", "FOR", "CLUSTER", "UNTIL", "ISSUER"], rows);
}

/** Whether a certificate holds now. */
export function isInTime({ info }: IssuedFile): boolean {
  return info.notBeforeMs <= Date.now() && Date.now() <= info.notAfterMs;
}

function timeCell(file: IssuedFile, until: string): Cell {
  return isInTime(file) ? until : { text: `${until} (does not hold now)`, tone: "bad" };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, "Z");
}
