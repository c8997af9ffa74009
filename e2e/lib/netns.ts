/**
 * A lab: a network of its own in which every host is a network namespace, and which leaves nothing
 * behind.
 *
 * A file of tests runs again inside of one outer set of namespaces (network, mounts, processes):
 * whatever happens, everything in it ends with it, even on kill -9. Hosts have two addresses: one
 * for traffic between nodes, which can be cut for each direction of each pair, and one for the test
 * and the management API, which nothing ever cuts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { root, Running } from "./program.ts";
import { e2eTest, type World } from "./world.ts";

const insideVariable = "AETHER_LAB";
const setUp = [
  "mount -t tmpfs tmpfs /run && mkdir -p /run/netns /run/lock",
  "mount -t sysfs sysfs /sys",
  "ip link set lo up",
  'exec "$@"',
].join(" && ");

/** Whether this process runs inside of a lab. */
export function isInLab(): boolean {
  return Deno.env.get(insideVariable) === "1";
}

/** The words to put in front of a program that is to run inside of a new lab. */
function labWords(): string[] {
  const user = Deno.uid() === 0 ? [] : ["-U", "-r"];
  return [
    // If whoever started this dies, so does everything.
    ...["setpriv", "--pdeathsig", "KILL"],
    ...["unshare", ...user, "-n", "-m", "-p", "-f", "--mount-proc", "--kill-child"],
    ...["env", `${insideVariable}=1`, "sh", "-c", setUp, "lab"],
  ];
}

/**
 * Registers the tests of a file, inside of a lab; outside, one test that runs the file in there.
 *
 * @param url `import.meta.url` of the file
 */
export function labTests(url: string, timeoutMs: number, register: () => void): void {
  if (isInLab()) return register();
  const file = fileURLToPath(url);
  Deno.test(`${basename(file)} in a network of its own`, async () => {
    const flags = ["--no-check", "--no-prompt", "--sanitize-ops", "--sanitize-resources"];
    const words = [...labWords(), Deno.execPath(), "test", "-A", ...flags, file];
    const running = new Running(words, { cwd: root, env: Deno.env.toObject() });
    const timer = setTimeout(() => running.kill(), timeoutMs);
    try {
      const { code, stdout, stderr } = await running.ended;

      assert.equal(code, 0, `It ended with ${code}:\n${stdout}\n${stderr}`);
      assert.match(stdout, /[1-9]\d* passed .* 0 failed/, stdout);
      // What the tests report about themselves.
      console.log(stdout.split("\n").filter((line) => line.startsWith("{")).join("\n"));
    } finally {
      clearTimeout(timer);
    }
  });
}

/** Runs a program of this checkout inside of a lab, on this terminal; answers its exit code. */
export async function runInLab(url: string, args: readonly string[]): Promise<number> {
  const [command = "", ...words] = labWords();
  const program = ["run", "-A", "--no-check", "--no-prompt", fileURLToPath(url)];
  const child = new Deno.Command(command, {
    args: [...words, Deno.execPath(), ...program, ...args],
    cwd: root,
  }).spawn();
  // Ctrl-C goes to the whole group; the program ends by itself.
  const ignore = () => {};
  Deno.addSignalListener("SIGINT", ignore);
  const { code } = await child.status;
  Deno.removeSignalListener("SIGINT", ignore);
  return code;
}

/** Hosts of every lab. */
const hostsMax = 7;
let opened: Promise<Lab> | undefined;

/** A test in the lab, with a world of its own and a network without faults. */
export function labTest(
  name: string,
  run: (world: World, lab: Lab) => Promise<void>,
): void {
  e2eTest(name, async (world) => {
    const lab = await (opened ??= Lab.open());
    await lab.heal();
    await run(world, lab);
  });
}

/** One host of a lab. */
export interface Host {
  /** From 1. */
  readonly number: number;
  /** Address for traffic between nodes. */
  readonly address: string;
  /** Address for everything else. */
  readonly management: string;
  /** The words to put in front of a program that is to run there. */
  readonly under: readonly string[];
}

/** The hosts and the links between them; there is one for all tests of a file. */
export class Lab {
  readonly hosts: readonly Host[];
  readonly #cuts = new Set<string>();

  private constructor(hosts: readonly Host[]) {
    this.hosts = hosts;
  }

  /** Makes the hosts. */
  static async open(): Promise<Lab> {
    const hosts = Array.from({ length: hostsMax }, (_, index): Host => {
      const number = index + 1;
      return {
        number,
        address: `198.18.5.${number}`,
        management: `198.18.6.${number}`,
        under: ["ip", "netns", "exec", `h${number}`],
      };
    });
    await ip([], [
      ...["nodes", "side"].flatMap((name) => [
        `link add ${name} type bridge`,
        `link set ${name} up`,
      ]),
      "addr add 198.18.6.254/24 dev side",
      ...hosts.flatMap(linesOfHost),
    ]);
    const lab = new Lab(hosts);
    await Promise.all(hosts.map(async (host) => {
      await ip(["-n", `h${host.number}`], [
        "link set lo up",
        `addr add ${host.address}/24 dev nodes`,
        `addr add ${host.management}/24 dev side`,
        "link set nodes up",
        "link set side up",
        ...lab.#neighbours(host),
      ]);
    }));
    return lab;
  }

  /** Loses everything that goes from one host to another, silently. */
  async drop(...pairs: readonly (readonly [from: number, to: number])[]): Promise<void> {
    for (const [from, to] of pairs) this.#cuts.add(`${from}>${to}`);
    await this.#apply(pairs.map(([from]) => from));
  }

  /** Lets only those pairs talk for which the function says so. */
  async allow(isLinked: (one: number, other: number) => boolean): Promise<void> {
    this.#cuts.clear();
    for (const { number: one } of this.hosts) {
      for (const { number: other } of this.hosts) {
        if (one !== other && !isLinked(one, other)) this.#cuts.add(`${one}>${other}`);
      }
    }
    await this.#apply(this.hosts.map(({ number }) => number));
  }

  /** Separates groups of hosts from each other; who is in none is alone. */
  async split(...groups: readonly (readonly number[])[]): Promise<void> {
    await this.allow((one, other) =>
      groups.some((group) => group.includes(one) && group.includes(other))
    );
  }

  /** Lets everybody talk to everybody again. */
  async heal(): Promise<void> {
    await this.allow(() => true);
  }

  async #apply(numbers: readonly number[]): Promise<void> {
    const hosts = this.hosts.filter(({ number }) => numbers.includes(number));
    await Promise.all(
      hosts.map((host) => ip(["-n", `h${host.number}`], this.#neighbours(host))),
    );
  }

  /** Where a host sends what is meant for the others: to them, or to a card that nobody has. */
  #neighbours({ number }: Host): string[] {
    return this.hosts.filter((other) => other.number !== number).map((other) => {
      const isCut = this.#cuts.has(`${number}>${other.number}`);
      const card = isCut ? `02:00:00:00:ff:${hex(other.number)}` : cardOf(other.number);
      return `neigh replace ${other.address} lladdr ${card} dev nodes nud permanent`;
    });
  }
}

function linesOfHost({ number }: Host): string[] {
  const host = `h${number}`;
  return [
    `netns add ${host}`,
    `link add n${number} type veth peer name nodes address ${cardOf(number)} netns ${host}`,
    `link set n${number} master nodes up`,
    `link add s${number} type veth peer name side netns ${host}`,
    `link set s${number} master side up`,
  ];
}

function cardOf(number: number): string {
  return `02:00:00:00:00:${hex(number)}`;
}

function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}

/** Runs lines of the program `ip`. */
async function ip(flags: readonly string[], lines: readonly string[]): Promise<void> {
  const links = lines.filter((line) => !line.startsWith("netns"));
  // `ip -batch` does not know namespaces.
  for (const line of lines.filter((line) => line.startsWith("netns"))) {
    await must(["ip", ...line.split(" ")], "");
  }
  await must(["ip", ...flags, "-batch", "-"], links.join("\n"));
}

/** Runs a program in the lab and throws when it fails. */
export async function must(words: readonly string[], input = ""): Promise<void> {
  const [command = "", ...args] = words;
  const child = new Deno.Command(command, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  if (code === 0) return;
  const text = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  throw new Error(`${words.join(" ")} ended with ${code}: ${text}`);
}
