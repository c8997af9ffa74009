/**
 * A cluster of three containers that know each other by certificates, through the ways in which
 * containers fail: killed, paused, cut off, stopped.
 *
 * A program of its own, run by `e2e/containers_test.ts` beside a Docker daemon. Arguments: the
 * folder of the image, and the folder with a folder of configuration for each node. Prints what
 * held; ends with 0 when everything did.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from "testcontainers";

const ids = ["n1", "n2", "n3"] as const;
type Id = typeof ids[number];
const managementPort = 8080;
const image = "localhost/aether:e2e";
const limitMs = 60_000;

const [imageFolder = "", configFolder = ""] = Deno.args;
const startedMs = performance.now();

function tell(text: string): void {
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(1)} s  ${text}`);
}

/** Asks again until the answer is right; the last wrong one is in the error. */
async function until(
  what: string,
  ask: () => Promise<Answer>,
  isRight: (answer: Answer) => boolean,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return;
    if (performance.now() > endMs) {
      throw new Error(`It did not happen in ${limitMs} ms: ${what}; ${JSON.stringify(answer)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Answer {
  /** 0 when there was none. */
  readonly status: number;
  readonly text: string;
}

/** The containers, and the daemon's own view of them for what the library does not offer. */
class Containers {
  readonly #started = new Map<Id, StartedTestContainer>();
  readonly #network: StartedNetwork;
  readonly #docker: Awaited<ReturnType<typeof getContainerRuntimeClient>>["container"]["dockerode"];

  private constructor(
    network: StartedNetwork,
    client: Awaited<ReturnType<typeof getContainerRuntimeClient>>,
  ) {
    this.#network = network;
    this.#docker = client.container.dockerode;
  }

  static async start(): Promise<Containers> {
    await GenericContainer.fromDockerfile(imageFolder).build(image, { deleteOnExit: false });
    tell("the image is built");
    const containers = new Containers(
      await new Network().start(),
      await getContainerRuntimeClient(),
    );
    await Promise.all(ids.map((id) => containers.#launch(id)));
    return containers;
  }

  async #launch(id: Id): Promise<void> {
    const started = await new GenericContainer(image)
      .withNetwork(this.#network)
      .withNetworkAliases(id)
      .withExposedPorts(managementPort)
      .withBindMounts([{ source: join(configFolder, id), target: "/etc/aether", mode: "ro" }])
      .withWaitStrategy(Wait.forHttp("/health/ready", managementPort))
      .withStartupTimeout(limitMs)
      .start();
    this.#started.set(id, started);
  }

  #container(id: Id) {
    const started = this.#started.get(id);
    assert.ok(started !== undefined, id);
    return this.#docker.getContainer(started.getId());
  }

  /** The address of a node inside of the network: mapped ports change with every life. */
  async #address(id: Id): Promise<string> {
    const { NetworkSettings } = await this.#container(id).inspect();
    return NetworkSettings.Networks[this.#network.getName()]?.IPAddress ?? "";
  }

  async request(id: Id, path: string, init: RequestInit = {}): Promise<Answer> {
    try {
      const url = `http://${await this.#address(id)}:${managementPort}${path}`;
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(3_000) });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      return { status: 0, text: String(error) };
    }
  }

  async put(id: Id, key: string, value: string): Promise<void> {
    const init = { method: "PUT", body: value, headers: { "content-type": "text/plain" } };
    const write = () => this.request(id, `/api/kv/${key}`, init);
    await until(`${id} writes ${key}`, write, ({ status }) => status === 200);
  }

  async holds(id: Id, key: string, value: string): Promise<void> {
    const read = () => this.request(id, `/api/kv/${key}`);
    await until(`${id} reads ${key}`, read, ({ status, text }) => status === 200 && text === value);
  }

  async ready(id: Id): Promise<void> {
    const ask = () => this.request(id, "/health/ready");
    await until(`${id} is ready`, ask, ({ status }) => status === 200);
  }

  async kill(id: Id): Promise<void> {
    await this.#container(id).kill({ signal: "SIGKILL" });
  }

  async restart(id: Id): Promise<void> {
    await this.#container(id).start();
    await this.ready(id);
  }

  async pause(id: Id): Promise<void> {
    await this.#container(id).pause();
  }

  async unpause(id: Id): Promise<void> {
    await this.#container(id).unpause();
    await this.ready(id);
  }

  async cut(id: Id): Promise<void> {
    await this.#docker.getNetwork(this.#network.getId()).disconnect({
      Container: this.#container(id).id,
      Force: true,
    });
  }

  async join(id: Id): Promise<void> {
    await this.#docker.getNetwork(this.#network.getId()).connect({
      Container: this.#container(id).id,
      EndpointConfig: { Aliases: [id] },
    });
    await this.ready(id);
  }

  /** Stops a container as `docker stop` does; answers the exit code of the node. */
  async stop(id: Id): Promise<number> {
    await this.#container(id).stop({ t: 20 });
    return (await this.#container(id).inspect()).State.ExitCode;
  }

  async logs(): Promise<string> {
    const parts = await Promise.all(
      [...this.#started.keys()].map(async (id) => {
        const options = { stdout: true, stderr: true, tail: 30, follow: false } as const;
        return `--- ${id}\n${await this.#container(id).logs(options)}`;
      }),
    );
    return parts.join("\n");
  }

  async close(): Promise<void> {
    for (const id of this.#started.keys()) {
      await this.#container(id).remove({ force: true, v: true });
    }
    await this.#network.stop();
  }
}

async function scenario(containers: Containers): Promise<void> {
  await containers.put("n1", "first", "1");
  for (const id of ids) await containers.holds(id, "first", "1");
  tell("formed over TLS: a write is read at every node");

  await containers.kill("n2");
  await containers.put("n1", "while-killed", "2");
  await containers.restart("n2");
  await containers.holds("n2", "while-killed", "2");
  tell("killed and started again: what was written meanwhile is there");

  await containers.pause("n3");
  await containers.put("n1", "while-paused", "3");
  await containers.unpause("n3");
  await containers.holds("n3", "while-paused", "3");
  tell("paused and resumed");

  await containers.cut("n1");
  await containers.put("n2", "while-cut", "4");
  await containers.join("n1");
  await containers.holds("n1", "while-cut", "4");
  tell("cut off and joined again");

  for (const id of ids) await containers.kill(id);
  await Promise.all(ids.map((id) => containers.restart(id)));
  for (const [key, value] of [["first", "1"], ["while-cut", "4"]] as const) {
    for (const id of ids) await containers.holds(id, key, value);
  }
  tell("all killed and started again: nothing is lost");

  assert.equal(await containers.stop("n3"), 0);
  await containers.put("n1", "after-stop", "5");
  tell("stopped in order");
}

const containers = await Containers.start();
tell("three containers are ready");
try {
  await scenario(containers);
  console.log("containers: all held");
} catch (error) {
  console.error(await containers.logs());
  throw error;
} finally {
  await containers.close();
}
Deno.exit(0);
