/**
 * A slice gets exactly what its slice.toml asks for and the operator allows.
 *
 * @module
 */
import assert from "node:assert/strict";
import { blueprint, Node } from "./lib/node.ts";
import { writeSlice } from "./lib/slices.ts";
import { e2eTest, type World } from "./lib/world.ts";

const config = `
[sandbox.max]
net = ["*"]
env = ["GREETING"]
read = ["/etc/hostname"]
`;

/** What slices ask for beyond that, and the text that must name it with the way out. */
const beyond: readonly (readonly [toml: string, refusal: string])[] = [
  [
    'env = ["HOME"]',
    'asks for env "HOME", which the operator does not allow: remove it from env under ' +
    "[permissions] in slice.toml, or add it to env under [sandbox.max]",
  ],
  [
    'read = ["/etc"]',
    'asks for read "/etc", which the operator does not allow: remove it from read under ' +
    "[permissions] in slice.toml, or add it to read under [sandbox.max]",
  ],
  [
    'read = ["/etc/hostname/../shadow"]',
    'asks for read "/etc/hostname/../shadow", which the operator does not allow',
  ],
  ['write = ["/tmp"]', 'asks for write "/tmp", which the operator does not allow'],
  ['run = ["sh"]', "or set run = true under [sandbox.max]"],
  ['sys = ["hostname"]', 'asks for sys "hostname", which the operator does not allow'],
  ['net = ["127.0.0.1:8080"]', 'asks for net "127.0.0.1:8080", a loopback address'],
  ['net = ["[::ffff:127.0.0.1]:80"]', "a loopback address"],
  ['net = ["169.254.169.254"]', "a link-local address, where clouds keep their metadata"],
  ['env = ["AETHER_TOKEN"]', 'asks for env "AETHER_TOKEN", a variable of the node itself'],
];

const methods = `
  get: method({
    input: z.object({}),
    output: z.object({ value: z.string() }),
    http: "GET /probe",
  }),`;

e2eTest("blueprint apply refuses slices that ask for more than [sandbox.max]", async (world, t) => {
  const file = await world.write("aether.toml", config);
  const node = await Node.start(world, ["--config", file]);
  for (const [index, [permissions, refusal]] of beyond.entries()) {
    await t.step(permissions, async () => {
      const name = `greedy-${index}`;
      const toml = `[permissions]\n${permissions}\n`;
      const handlers = 'get: () => ({ value: "" }),';
      await node.publish(await writeSlice(world, { name, toml, methods, handlers }));
      const stdin = blueprint(`org.example:${name}:1.0.0`);
      const outcome = await node.run(["blueprint", "apply", "-"], { stdin });
      assert.equal(outcome.code, 4, outcome.stderr);
      assert.ok(outcome.stderr.startsWith("error[E4015]: "), outcome.stderr);
      assert.ok(outcome.stderr.includes(`org.example:${name}:1.0.0`), outcome.stderr);
      assert.ok(outcome.stderr.includes(refusal), outcome.stderr);
    });
  }
  assert.deepEqual((await node.client.call("slices")).slices, []);
});

/** What a slice without permissions tries, and the words that its failure must have in the log. */
const attempts: readonly (readonly [code: string, named: readonly string[]])[] = [
  ['Deno.env.get("HOME")', ["env", '"HOME"']],
  ['Deno.readTextFileSync("/etc/hostname")', ["read", "/etc/hostname"]],
  ['Deno.writeTextFileSync("/tmp/aether-probe", "x")', ["write", "/tmp/aether-probe"]],
  ['await fetch("http://127.0.0.1:8071/")', ["net", "127.0.0.1:8071"]],
  ['await Deno.connect({ hostname: "127.0.0.1", port: 1 })', ["net", "127.0.0.1:1"]],
  ['Deno.listen({ hostname: "127.0.0.1", port: 0 })', ["net", "127.0.0.1:0"]],
  ['await new Deno.Command("sh").output()', ["run", "sh"]],
  ["Deno.hostname()", ["sys", "hostname"]],
  ["Deno.exit(3)", ["Deno.exit is not available in a slice"]],
  ["Deno.kill(Deno.pid)", ["Deno.kill is not available"]],
  ["new Worker('data:text/javascript,1', { type: 'module' })", ["Worker is not available"]],
];

async function probe(world: World, index: number, code: string, toml = ""): Promise<string> {
  return await writeSlice(world, {
    name: `probe-${index}`,
    toml,
    methods: methods.replace("/probe", `/probe-${index}`),
    handlers: `async get() { const value = ${code}; return { value: String(value) }; },`,
  });
}

e2eTest(
  "a slice that does what it may not answers 500, and the log names the permission",
  async (world, t) => {
    const node = await Node.start(world);
    const folders = await Promise.all(attempts.map(([code], index) => probe(world, index, code)));
    await node.publish(...folders);
    await node.apply(...attempts.map((_, index) => `org.example:probe-${index}:1.0.0`));
    for (const [index, [code, named]] of attempts.entries()) {
      await t.step(code, async () => {
        const response = await fetch(`${node.app}/probe-${index}`);
        const text = await response.text();
        assert.equal(response.status, 500, text);
        const problem = JSON.parse(text) as { name: string; requestId: string };
        assert.equal(problem.name, "SLICE_FAILED");
        // What was tried is for the log; the caller learns nothing of it.
        for (const word of named) assert.ok(!text.includes(word), text);
        const line = await node.process.line(
          "stderr",
          (each) =>
            each.includes(`org.example:probe-${index}:1.0.0`) && each.includes("Handler failed")
              ? each
              : undefined,
        );
        for (const word of named) {
          assert.ok(line.replaceAll('\\"', '"').includes(word), line);
        }
        assert.ok(line.includes(problem.requestId), line);
      });
    }
    assert.equal((await node.client.call("health")).ready, true);
    await assert.rejects(Deno.stat("/tmp/aether-probe"), Deno.errors.NotFound);
  },
);

e2eTest(
  "a slice gets what it asks for within [sandbox.max], and nothing beside it",
  async (world) => {
    const file = await world.write("aether.toml", config);
    const env = { GREETING: "good morning", SECRET: "geheim" };
    const node = await Node.start(world, ["--config", file], { env });
    const hostname = (await Deno.readTextFile("/etc/hostname")).trim();
    const toml = '[permissions]\nenv = ["GREETING"]\nread = ["/etc/hostname"]\n';
    const granted: readonly (readonly [code: string, value: string])[] = [
      ['Deno.env.get("GREETING")', "good morning"],
      ['Deno.readTextFileSync("/etc/hostname").trim()', hostname],
    ];
    const denied = ['Deno.env.get("SECRET")', 'Deno.readTextFileSync("/etc/passwd")'];
    const codes = [...granted.map(([code]) => code), ...denied];
    for (const [index, code] of codes.entries()) {
      await node.publish(
        await probe(world, index, code, toml),
      );
    }
    await node.apply(...codes.map((_, index) => `org.example:probe-${index}:1.0.0`));
    for (const [index, code] of codes.entries()) {
      const response = await fetch(`${node.app}/probe-${index}`);
      const text = await response.text();
      const [, value] = granted[index] ?? [];
      assert.equal(response.status, value === undefined ? 500 : 200, `${code}: ${text}`);
      if (value !== undefined) assert.deepEqual(JSON.parse(text), { value });
    }
  },
);
