/**
 * Completion scripts for shells, made from the command objects.
 *
 * The scripts complete words of commands, options and the values of options that have a fixed set.
 * They never call the program.
 *
 * @module
 */
import { type Command, flagOf, type OptionSpec } from "./command.ts";
import { globalOptions } from "./global_options.ts";
import { nounSummaries } from "./nouns.ts";

/** Shells that have a script. */
export const shells = ["bash", "zsh", "fish"] as const;

/** The script for a shell. */
export function completionScript(
  shell: typeof shells[number],
  commands: readonly Command[],
): string {
  const places = placesOf(commands);
  switch (shell) {
    case "bash":
      return bash(places);
    case "zsh":
      // zsh runs the functions of bash.
      return `#compdef aether\nautoload -U +X bashcompinit && bashcompinit\n${bash(places)}`;
    case "fish":
      return fish(places);
  }
}

/** A word that may follow, with its meaning. */
interface Candidate {
  readonly word: string;
  readonly summary: string;
}

/** What may follow the words of a command or of a noun. */
interface Place {
  /** Words after `aether`, joined by spaces; empty at the start. */
  readonly path: string;
  readonly words: readonly Candidate[];
  readonly options: readonly (readonly [flag: string, spec: OptionSpec])[];
}

function placesOf(commands: readonly Command[]): Place[] {
  const next = new Map<string, Map<string, string>>([["", new Map()]]);
  for (const { path, summary } of commands) {
    path.forEach((word, index) => {
      const parent = path.slice(0, index).join(" ");
      const known = next.get(parent) ?? new Map<string, string>();
      const isLast = index === path.length - 1;
      known.set(word, isLast ? summary : nounSummaries[word] ?? "");
      next.set(parent, known);
    });
  }
  const global = optionsOf(globalOptions);
  const nouns = [...next].map(([path, words]) => ({
    path,
    words: [...words].map(([word, summary]) => ({ word, summary })),
    options: global,
  }));
  const leaves = commands.map((command) => ({
    path: command.path.join(" "),
    words: Object.values(command.arguments ?? {}).flatMap(({ choices = [] }) =>
      choices.map((word) => ({ word, summary: "" }))
    ),
    options: [...optionsOf(command.options ?? {}), ...global],
  }));
  return [...nouns, ...leaves];
}

function optionsOf(options: Readonly<Record<string, OptionSpec>>): Place["options"] {
  return Object.entries(options).filter(([, { hidden }]) => hidden !== true)
    .flatMap(([name, spec]) => [
      [flagOf(name), spec] as const,
      ...(spec.short === undefined ? [] : [[`-${spec.short}`, spec] as const]),
    ]);
}

function bash(places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path !== "").map(({ path }) => `"${path}"`);
  const values = new Map(
    places.flatMap(({ options }) => options).filter(([, { choices }]) => choices !== undefined)
      .map(([flag, { choices }]) => [flag, (choices ?? []).join(" ")]),
  );
  const takesFile = [
    ...new Set(
      places.flatMap(({ options }) => options)
        .filter(([, { value, choices }]) => value !== undefined && choices === undefined)
        .map(([flag]) => flag),
    ),
  ];
  const cases = places.map(({ path, words, options }) => {
    const list = [...words.map(({ word }) => word), ...options.map(([flag]) => flag)].join(" ");
    return `    "${path}") words="${list}" ;;`;
  });
  return `# Completion of aether for bash; source it.
_aether() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" candidate word words=""
  case "$previous" in
${[...values].map(([flag, list]) => `    ${flag}) words="${list}" ;;`).join("\n")}
    ${takesFile.join("|")}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    candidate="\${path:+$path }$word"
    case "$candidate" in
      ${paths.join("|")}) path="$candidate" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -o filenames -F _aether aether
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words, options }) => {
    const when = `-n '__aether_at "${path}"'`;
    return [
      ...words.map(({ word, summary }) =>
        `complete -c aether ${when} -a '${word}' -d '${escape(summary)}'`
      ),
      ...options.map(([flag, { summary, value, choices }]) => {
        const name = flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
        const values = choices === undefined ? "" : ` -a '${choices.join(" ")}'`;
        const takes = value === undefined ? "" : choices === undefined ? " -r" : " -x";
        return `complete -c aether ${when} ${name}${takes}${values} -d '${escape(summary)}'`;
      }),
    ];
  });
  const paths = places.filter(({ path }) => path !== "").map(({ path }) => `"${path}"`);
  return `# Completion of aether for fish.
function __aether_at --description 'Whether the words so far are this command'
  set -l path ""
  for word in (commandline -opc)[2..]
    set -l candidate (string trim -- "$path $word")
    contains -- "$candidate" ${paths.join(" ")}; and set path $candidate
  end
  test "$path" = "$argv[1]"
end
${lines.join("\n")}
`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
