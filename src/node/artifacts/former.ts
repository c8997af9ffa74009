/**
 * {@link FormerArtifacts}: artifacts of a data directory of an earlier release, in which each node
 * held whole files.
 *
 * They are served, to other nodes too, until they were carried over into the repository of the
 * cluster; then they are not looked at any more. A restored backup comes in the same form.
 *
 * @module
 */
import { checksumsOf } from "../../artifact/checksums.ts";
import { ArtifactRepository } from "../../artifact/repository.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { Storage } from "../../base/storage.ts";
import { formatCoordinates, parseCoordinates, repositoryPath } from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import { parsePath } from "../../protocol/storage/repository_path.ts";
import type { Asks } from "../cluster/asks.ts";
import type { Repository } from "./repository.ts";

const topic = "artifact";
const fetchTimeoutMs = 60_000;
/** Its presence says that everything was carried over. */
const marker = "carried";

type VersionRecord = ReturnType<typeof keys.artifact.decode>;

/** What it needs. */
export interface FormerArtifactsOptions {
  readonly node: string;
  readonly storage: Storage;
  readonly asks: Pick<Asks, "ask" | "handle">;
  isAlive(node: string): boolean;
}

/** Whole files on this node and on others. */
export class FormerArtifacts {
  readonly #options: FormerArtifactsOptions;
  #repository: ArtifactRepository | undefined;

  private constructor(options: FormerArtifactsOptions, repository: ArtifactRepository | undefined) {
    this.#options = options;
    this.#repository = repository;
    options.asks.handle(topic, async (body) => {
      const artifact = new TextDecoder().decode(body);
      return await this.#own(artifact);
    });
  }

  /** Opens what is there. */
  static async open(options: FormerArtifactsOptions): Promise<FormerArtifacts> {
    const names = await options.storage.list();
    const isOver = names.length === 0 || names.includes(marker);
    const repository = isOver ? undefined : await ArtifactRepository.open(options.storage);
    return new FormerArtifacts(options, repository);
  }

  /** Paths that this node has still to carry over. */
  get paths(): readonly string[] {
    return this.#repository?.list("", Infinity) ?? [];
  }

  /** The bytes of a file that this node has, or undefined. */
  async file(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const repository = this.#repository;
    return repository?.exists(path) ? (await repository.get(path)).bytes : undefined;
  }

  /**
   * The bytes of a slice, from here or from another node that has it.
   *
   * @throws {AetherError} UNREACHABLE with the reason of each holder.
   */
  async bytes({ manifest, sha256, holders }: VersionRecord): Promise<Uint8Array> {
    const { node, asks, isAlive } = this.#options;
    const { artifact } = manifest;
    const reasons: string[] = [];
    const others = holders.filter((holder) => holder !== node);
    const inOrder = [...others.filter(isAlive), ...others.filter((holder) => !isAlive(holder))];
    for (const holder of [node, ...inOrder]) {
      try {
        const body = new TextEncoder().encode(artifact);
        const bytes = holder === node
          ? await this.#own(artifact)
          : await asks.ask(holder, topic, body, fetchTimeoutMs);
        if ((await checksumsOf(bytes)).sha256 === sha256) return bytes;
        reasons.push(`${holder}: it has other bytes than were published`);
      } catch (error) {
        reasons.push(`${holder}: ${toAetherError(error).message}`);
      }
    }
    throw new AetherError(
      "UNREACHABLE",
      `${artifact} could not be fetched from any of its holders (${reasons.join("; ")})`,
      { hint: "Start one of the holders, or publish the artifact again" },
    );
  }

  /**
   * Puts everything into the repository; what fails stays for the next time.
   *
   * @throws {AetherError} the first failure, when everything else was tried.
   */
  async carryOver(repository: Repository): Promise<number> {
    let carried = 0;
    let failure: AetherError | undefined;
    for (const path of this.paths) {
      try {
        const bytes = await this.file(path);
        // What the repository would refuse today cannot be carried over; it stays on the disk.
        if (bytes === undefined || parsePath(path) === undefined) continue;
        await repository.put(path, new Blob([bytes]).stream());
        carried++;
      } catch (error) {
        const problem = toAetherError(error);
        // Other bytes were published in its place, or it is damaged: nothing is left to be done.
        const isFinal = ["ARTIFACT_EXISTS", "STORAGE_CORRUPT", "ARTIFACT_INVALID"];
        if (!isFinal.includes(problem.name)) failure ??= problem;
      }
    }
    if (failure !== undefined) throw failure;
    if (this.#repository !== undefined) await this.#options.storage.writeAtomic(marker, []);
    this.#repository = undefined;
    return carried;
  }

  async #own(artifact: string): Promise<Uint8Array<ArrayBuffer>> {
    const coordinates = parseCoordinates(artifact);
    const bytes = await this.file(repositoryPath(coordinates));
    if (bytes !== undefined) return bytes;
    throw new AetherError(
      "ARTIFACT_NOT_FOUND",
      `This node does not have ${formatCoordinates(coordinates)} as a whole`,
    );
  }
}
