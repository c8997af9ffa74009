/**
 * {@link EtcdCluster}: Debian's etcd on the hosts of a lab, to compare with.
 *
 * @module
 */
import { until } from "../../scripts/lib/until.ts";
import type { Host } from "./netns.ts";
import type { Running } from "./program.ts";
import type { World } from "./world.ts";

const requestTimeoutMs = 3_000;
const startTimeoutMs = 30_000;
/** A connection for each request, as the nodes of Aether get it. */
const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });

/** One member, through all of its lives. */
export class EtcdNode {
  readonly id: string;
  readonly host: Host;
  readonly #world: World;
  readonly #words: readonly string[];
  #process: Running | undefined;

  constructor(world: World, host: Host, words: readonly string[]) {
    this.id = `e${host.number}`;
    this.host = host;
    this.#world = world;
    this.#words = words;
  }

  /** Starts the process, and waits for nothing. */
  launch(): void {
    this.#process = this.#world.startProgram(this.#words, { under: this.host.under });
  }

  /** Waits until the member takes writes. */
  async ready(): Promise<void> {
    await until(`${this.id} takes a write`, async () => {
      return await this.put("probe", "1") === 200 || undefined;
    }, startTimeoutMs);
  }

  /** Ends the process as kill -9 does. */
  async crash(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.ended;
  }

  /** Writes a key; answers the status, 0 when there was no answer. */
  async put(key: string, value: string, timeoutMs = requestTimeoutMs): Promise<number> {
    const body = { key: btoa(key), value: btoa(value) };
    const answer = await this.#post("kv/put", body, timeoutMs);
    return answer?.status ?? 0;
  }

  /** Whether it says that it leads. */
  async isLeader(): Promise<boolean> {
    const answer = await this.#post("maintenance/status", {});
    if (answer?.status !== 200) return false;
    const { leader, header } = JSON.parse(answer.text) as {
      leader?: string;
      header: { member_id: string };
    };
    return leader === header.member_id;
  }

  async #post(
    path: string,
    body: object,
    timeoutMs = requestTimeoutMs,
  ): Promise<{ status: number; text: string } | undefined> {
    try {
      const response = await fetch(`http://${this.host.management}:2379/v3/${path}`, {
        method: "POST",
        body: JSON.stringify(body),
        client,
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: response.status, text: await response.text() };
    } catch {
      return undefined;
    }
  }
}

/** One member on each host. */
export class EtcdCluster {
  readonly nodes: readonly EtcdNode[];

  /** `folder` receives the data of all. */
  constructor(world: World, hosts: readonly Host[], folder: string) {
    const all = hosts.map(({ number, address }) => `e${number}=http://${address}:2380`).join(",");
    this.nodes = hosts.map((host) => {
      const { number, address, management } = host;
      return new EtcdNode(world, host, [
        ...["etcd", "--name", `e${number}`, "--data-dir", `${folder}/e${number}`],
        ...["--listen-peer-urls", `http://${address}:2380`],
        ...["--initial-advertise-peer-urls", `http://${address}:2380`],
        ...["--listen-client-urls", `http://${management}:2379`],
        ...["--advertise-client-urls", `http://${management}:2379`],
        ...["--initial-cluster", all, "--initial-cluster-state", "new"],
        ...["--logger", "zap", "--log-level", "error"],
      ]);
    });
  }

  /** Starts all and waits until they take writes. */
  async start(): Promise<void> {
    for (const node of this.nodes) node.launch();
    await this.ready();
  }

  /** Waits until all take writes. */
  async ready(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.ready()));
  }

  /** The member that leads. */
  async leader(): Promise<EtcdNode> {
    return await until("there is a leader", async () => {
      const answers = await Promise.all(this.nodes.map((node) => node.isLeader()));
      return this.nodes[answers.indexOf(true)];
    });
  }
}
