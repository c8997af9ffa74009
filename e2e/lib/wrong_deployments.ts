/**
 * Wrong inputs: slices and blueprints.
 *
 * @module
 */
import { blueprint } from "./node.ts";
import { blueprintOf, command, sliceOf, type WrongInput } from "./wrong_input.ts";

/** Slices that cannot be built or published. */
export const slices: readonly WrongInput[] = [
  {
    what: "a folder without slice.toml",
    give: command(["slice", "build", "FOLDER"]),
    code: "E1008",
    result: 1,
    names: "/slice.toml",
    fix: "aether slice new",
  },
  {
    what: "coordinates and keys that are wrong, all at once",
    give: sliceOf({
      "slice.toml": 'artifact = "org.example:s:1.0"\n[permisions]\n',
      "mod.ts": "",
    }),
    code: "E4007",
    result: 1,
    names: /"org\.example:s:1\.0"[^]*"permisions"/,
    fix: 'did you mean "permissions"?',
  },
  {
    what: "an import that does not travel with the slice",
    give: sliceOf({
      "slice.toml": 'artifact = "org.example:s:1.0.0"\n',
      "mod.ts": 'import _ from "lodash";\nexport default _;\n',
    }),
    code: "E4008",
    result: 1,
    names: /mod\.ts:1: Import of "lodash"/,
    fix: "import it with ./",
  },
  {
    what: "a module without a slice",
    give: sliceOf({
      "slice.toml": 'artifact = "org.example:s:1.0.0"\n',
      "mod.ts": "export default 1;\n",
    }),
    code: "E4007",
    result: 1,
    names: "default export",
    fix: "write `export default slice(...)`",
  },
  {
    what: "a name that no slice can have",
    give: command(["slice", "new", "Bad_Name", "FOLDER/bad"]),
    code: "E4005",
    result: 1,
    names: '"org.example:Bad_Name"',
    fix: "aether slice new url-shortener",
  },
  {
    what: "a folder that is not empty",
    give: command(["slice", "new", "hello", "FOLDER"]),
    code: "E4017",
    result: 5,
    names: /The folder ".*" is not empty/,
    fix: "Name a new folder",
  },
  {
    what: "other bytes under a published version",
    give: async (place) => {
      const folder = `${place.world.dir}/echo`;
      await place.world.write("echo/slice.toml", 'artifact = "org.example:echo:1.0.0"\n');
      await place.world.write(
        "echo/mod.ts",
        `import { contract, method, slice, z } from "aether";
         const it = contract("org.example:echo", {
           get: method({ input: z.object({}), output: z.object({}), http: "GET /other" }),
         });
         export default slice(it, { create: () => ({ get: () => ({}) }) });`,
      );
      const words = ["slice", "publish", folder, "--skip-check"];
      const env = { AETHER_ADDR: place.node.management };
      const { code, stderr } = await place.world.run([...words, "-o", "json"], { env });
      const line = stderr.split("\n").find((each) => each.startsWith("{")) ?? "";
      return { result: code, problem: JSON.parse(line) };
    },
    code: "E4003",
    result: 5,
    names: /echo[:-]1\.0\.0/,
    fix: "publish under a new version",
  },
];

/** Blueprints that cannot be applied. */
export const blueprints: readonly WrongInput[] = [
  {
    what: "an artifact that was never published",
    give: blueprintOf(blueprint("org.example:ghost:1.0.0")),
    code: "E4002",
    result: 3,
    names: "org.example:ghost:1.0.0",
    fix: "aether slice publish",
  },
  {
    what: "wrong values, all at once, with their lines",
    give: blueprintOf('id = "app"\n[[slices]]\nartefact = "x"\ninstances = "two"\n'),
    code: "E4009",
    result: 1,
    names: /"app"[^]*artefact[^]*instances/,
    fix: "aether blueprint validate FILE",
  },
  {
    what: "text that is no TOML",
    give: blueprintOf('id = "org.example:app:1.0.0\n'),
    code: "E4009",
    result: 1,
    names: /syntax|line 1/i,
    fix: "Correct every listed problem",
  },
  {
    what: "more instances to keep than there are",
    give: blueprintOf(`${blueprint("org.example:echo:1.0.0")}minAvailable = 3\n`),
    code: "E4009",
    result: 1,
    names: "minAvailable 3 is more than the 1 instances",
    fix: "write 1 to 1",
  },
  {
    what: "a revision that is out of date",
    give: command(["blueprint", "apply", "-", "--if-revision", "1"], {
      stdin: `${blueprint("org.example:echo:1.0.0")}instances = 2\n`,
    }),
    code: "E4016",
    result: 5,
    names: /at revision \d+, not 1/,
    fix: "Run `aether blueprint plan` again",
  },
  {
    what: "a blueprint that is not applied",
    give: command(["blueprint", "status", "org.example:none:1.0.0"]),
    code: "E4010",
    result: 3,
    names: '"org.example:none:1.0.0"',
    fix: "aether blueprint list",
  },
];
