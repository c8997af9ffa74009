/**
 * The runtime's record of what a slice process asks for, read while it runs.
 *
 * The relay opens one for each process when the audit is on. Whatever happens to the file, the
 * process is not concerned.
 *
 * @module
 */
import { sliceHostProgram } from "../../io/entry.ts";
import type { Permissions } from "../../protocol/slice/manifest.ts";
import type { Logger } from "../../sdk/logger.ts";
import { Audit } from "./audit.ts";

const intervalMs = 1_000;
/** Read of one process; a slice that asks on and on says nothing new by then. */
const bytesMax = 64 * 1024 * 1024;
const newline = 10;

/** A record that is followed. */
export class AuditFile {
  /** Where the runtime writes. */
  readonly path: string;
  readonly #audit: Audit;
  readonly #log: Logger;
  readonly #file: Deno.FsFile;
  readonly #timer: ReturnType<typeof setInterval>;
  #bytes = 0;
  #rest = new Uint8Array();

  private constructor(path: string, file: Deno.FsFile, permissions: Permissions, log: Logger) {
    this.path = path;
    this.#file = file;
    this.#audit = new Audit(permissions, sliceHostProgram().readable);
    this.#log = log;
    this.#timer = setInterval(() => this.#read(), intervalMs);
  }

  /** Makes an empty file; findings of what the manifest does not ask for go to the log. */
  static async open(
    { permissions }: { readonly permissions: Permissions },
    log: Logger,
  ): Promise<AuditFile> {
    const path = await Deno.makeTempFile({ prefix: "aether-audit-" });
    return new AuditFile(path, await Deno.open(path), permissions, log);
  }

  /** Reads what is left and removes the file. */
  close(): void {
    clearInterval(this.#timer);
    this.#read();
    this.#file.close();
    try {
      Deno.removeSync(this.path);
    } catch (error) {
      this.#log.warn("The record of the audit cannot be removed", { reason: String(error) });
    }
  }

  #read(): void {
    const chunk = new Uint8Array(64 * 1024);
    while (this.#bytes < bytesMax) {
      const count = this.#file.readSync(chunk);
      if (count === null) return;
      this.#bytes += count;
      this.#take(chunk.subarray(0, count));
      if (this.#bytes >= bytesMax) this.#log.warn("The audit ends: the slice asks too often");
    }
  }

  #take(bytes: Uint8Array): void {
    const all = new Uint8Array([...this.#rest, ...bytes]);
    const end = all.lastIndexOf(newline) + 1;
    this.#rest = all.slice(end);
    for (const line of new TextDecoder().decode(all.subarray(0, end)).split("\n")) {
      const finding = this.#audit.read(line);
      if (finding === undefined) continue;
      const { kind, value, allow } = finding;
      this.#log.warn(`Audit: ${kind} "${value}" would be denied`, { allow });
    }
  }
}
