/**
 * What the first words of commands stand for, for help and the reference.
 *
 * @module
 */

/** Summaries by noun; the empty one is the program's. */
export const nounSummaries: Readonly<Record<string, string>> = {
  "": "Runs TypeScript slices on a cluster of nodes and operates them.",
  node: "Run nodes, empty them and end them",
  cluster: "See and change who is in the cluster and who votes",
  blueprint: "Say what should run, and see how far it is",
  controller: "See what is scaled by itself",
  deploy: "Let a new version of a slice take over, step by step",
  artifact: "Put files into the repository of the cluster, and look at them",
  dht: "See how the nodes hold data for each other",
  slice: "Write, build and publish slices",
  schema: "Let editors check the files that you write",
  permissions: "See what slices ask for",
  schedule: "See when functions of slices are due, pause and trigger them",
  aspect: "Log or count the calls of single methods while they run",
  kv: "Read and write keys of the replicated store",
  backup: "Back up a cluster, check backups and restore them",
  token: "Let new nodes have certificates",
  topic: "See topics and how far their subscriptions are, publish and replay",
  deadletter: "See, retry and forget what failed for good",
  lock: "Hold locks of the cluster",
  config: "Check, show and override configurations",
  key: "Make API keys",
  tls: "Make the certificates with which nodes know each other",
};
