/**
 * {@link DevSession}: deploys one build after the other on the nodes of `aether dev`.
 *
 * The management API is reached through {@link DevCluster}, which the command line implements with
 * the typed client. It starts no process and watches no file.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import { parseCoordinates, repositoryPath } from "../protocol/coordinates.ts";
import type { DevArtifact, DevBuild } from "./dev_build.ts";
import type { NodeAddresses } from "./node_process.ts";
import { waitUntilServed } from "./served.ts";
import { tryLines } from "./try_lines.ts";

/** How long a deployment goes on after a change that replaces it, in milliseconds. */
const patienceMs = 3_000;

/** The parts of the management API that a deployment needs. */
export interface DevCluster {
  /** Publishes an artifact under a path of the repository. */
  publish(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Applies a blueprint, waits until it is deployed and returns its id. */
  deploy(blueprint: string, signal: AbortSignal): Promise<string>;
  /** Paths of the served routes, such as `/urls/:code`. */
  routes(signal: AbortSignal): Promise<readonly string[]>;
}

/** What is told when the app is served. */
export interface DevReady {
  readonly ready: true;
  readonly nodes: readonly NodeAddresses[];
  /** Id of the blueprint. */
  readonly blueprint: string;
  /** Coordinates of what is deployed. */
  readonly slices: readonly string[];
  /** Command lines to try. */
  readonly try: readonly string[];
  /** The folder that is watched, if there is one. */
  readonly watching: string | null;
}

/** Options of {@link DevSession}. */
export interface SessionOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** A client of the management API at a URL. */
  connect(management: string): DevCluster;
  /** Called once, when the first deployment is served. */
  onReady(info: DevReady): Promise<void>;
  /** Gets what happens, line by line. */
  say(line: string): Promise<void>;
  /** Gets warnings and the node's log, line by line. */
  warn(line: string): Promise<void>;
  /** Gets errors after which it goes on. */
  report(error: AetherError): Promise<void>;
}

/** Tells when there may be something new to deploy. */
export interface Changes {
  /** Waits for the next change; false when there will be none. */
  next(): Promise<boolean>;
}

/** Deployments on a cluster. */
export class DevSession {
  readonly #options: SessionOptions;
  readonly #nodes: readonly [NodeAddresses, ...NodeAddresses[]];
  readonly #cluster: DevCluster;
  readonly #folder: string | undefined;
  readonly #published = new Set<string>();
  /** The last build that was served. */
  #served: DevBuild | undefined;
  /** The blueprint that the cluster was last told to run, also when it did not work. */
  #applied: string | undefined;

  /** The folder is the one that is watched. */
  constructor(
    options: SessionOptions,
    nodes: readonly [NodeAddresses, ...NodeAddresses[]],
    folder: string | undefined,
  ) {
    this.#options = options;
    this.#nodes = nodes;
    this.#cluster = options.connect(nodes[0].management);
    this.#folder = folder;
  }

  /**
   * Deploys the first build and, after every change, the next; resolves when the signal fires.
   *
   * Errors are reported and the version before keeps running; without changes to wait for, or when
   * the node cannot be reached, an error is thrown. A change ends a deployment that does not come
   * to an end.
   */
  async run(
    first: Promise<DevBuild>,
    build: () => Promise<DevBuild>,
    changes: Changes | undefined,
  ): Promise<void> {
    const { signal } = this.#options;
    if (changes === undefined) {
      await this.#deploy(await first, signal);
      return await untilAborted(signal);
    }
    for (let next = first;; next = build()) {
      const attempt = new AbortController();
      let patience: ReturnType<typeof setTimeout> | undefined;
      let isOver = false;
      const change = changes.next().then((isThere) => {
        if (!isOver) patience = setTimeout(() => attempt.abort(), patienceMs);
        return isThere;
      });
      try {
        await this.#deploy(await next, AbortSignal.any([signal, attempt.signal]));
      } catch (error) {
        if (signal.aborted) return;
        if (!attempt.signal.aborted) await this.#report(error);
      } finally {
        isOver = true;
        clearTimeout(patience);
      }
      if (!await change) return;
    }
  }

  async #report(error: unknown): Promise<void> {
    if (!(error instanceof AetherError) || isDisconnection(error)) throw error;
    await this.#options.report(error);
    await this.#options.say(
      this.#served === undefined
        ? `Nothing is deployed yet; waiting for a change in ${this.#folder}`
        : "What was deployed before keeps running",
    );
  }

  async #deploy(build: DevBuild, signal: AbortSignal): Promise<void> {
    const before = this.#served;
    const { blueprint } = build;
    if (blueprint === before?.blueprint && blueprint === this.#applied) return;
    const startMs = performance.now();
    for (const artifact of build.artifacts) await this.#publish(artifact, signal);
    const id = await this.#apply(blueprint, signal);
    const routes = await this.#cluster.routes(signal);
    for (const { app } of this.#nodes) await waitUntilServed(app, routes, signal);
    this.#served = build;
    if (before === undefined) return await this.#options.onReady(this.#describe(build, id));
    const known = new Set(before.artifacts.map(({ artifact }) => artifact));
    const changed = build.artifacts.map(({ artifact }) => artifact)
      .filter((artifact) => !known.has(artifact));
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    const what = changed.length === 0 ? "The blueprint" : changed.join(", ");
    await this.#options.say(`${what} deployed in ${seconds} s`);
  }

  async #publish({ artifact, bytes, warnings }: DevArtifact, signal: AbortSignal): Promise<void> {
    if (this.#published.has(artifact)) return;
    for (const text of warnings) await this.#options.warn(`warning: ${artifact}: ${text}`);
    await this.#cluster.publish(repositoryPath(parseCoordinates(artifact)), bytes, signal);
    this.#published.add(artifact);
  }

  /** Applies a blueprint and returns its id; the one before comes back when it does not start. */
  async #apply(blueprint: string, signal: AbortSignal): Promise<string> {
    try {
      this.#applied = blueprint;
      return await this.#cluster.deploy(blueprint, signal);
    } catch (error) {
      const isFailure = error instanceof AetherError && error.name === "DEPLOYMENT_FAILED";
      if (isFailure && this.#served !== undefined) {
        this.#applied = this.#served.blueprint;
        // The cluster returns by itself as well, and one of both is told so. That is not what has
        // to be said: it is why the deployment failed.
        await this.#cluster.deploy(this.#applied, signal).catch(() => {});
      }
      throw error;
    }
  }

  #describe({ artifacts }: DevBuild, blueprint: string): DevReady {
    const methods = artifacts.flatMap((each) => Object.values(each.methods));
    return {
      ready: true,
      nodes: this.#nodes,
      blueprint,
      slices: artifacts.map(({ artifact }) => artifact),
      try: tryLines(this.#nodes[0].app, methods),
      watching: this.#folder ?? null,
    };
  }
}

function isDisconnection({ name }: AetherError): boolean {
  return name === "UNREACHABLE" || name === "OUTCOME_UNKNOWN";
}

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
