import assert from "node:assert/strict";

/**
 * What systems like this one have got wrong before, and the tests that would notice it here: a file
 * and the start of a test's name in it.
 */
const traps: Readonly<Record<string, readonly (readonly [file: string, test: string])[]>> = {
  "transitions are checked nowhere, late writes of a former life win": [
    ["src/store/guards_test.ts", "StoreState.apply() takes every legal transition of an instance"],
    ["src/store/guards_test.ts", "StoreState.apply() takes every legal transition of a node"],
    ["src/store/guards_test.ts", "StoreState.apply() ignores what an older attempt"],
  ],
  "two writers of one key": [
    ["src/store/state_test.ts", "StoreState.apply() lets a writer write only its own kinds"],
  ],
  "a snapshot removes and adds everything": [
    ["src/store/state_test.ts", "StoreState.replace() answers what differs as one change"],
  ],
  "changes are told out of order": [
    ["src/node/cluster/replicated_store_test.ts", "ReplicatedStore tells its listeners of each"],
    ["src/node/deploy/reports_test.ts", "Reports.write() keeps the order"],
  ],
  "what is not decided yet counts as if it were": [
    ["src/node/control/leader_test.ts", "Leader looks again after a change that comes while"],
    ["tests/property/deployment_test.ts", "reconcile() converges from any state"],
  ],
  "instances of several nodes share a key": [
    ["src/node/control/agent_test.ts", "Agent removes the reports of a former life"],
  ],
  "a failure that repeats itself is tried for ever": [
    ["src/deployment/reconcile_test.ts", "reconcile() backs off, retries, and gives up"],
    ["src/deployment/states_test.ts", "retryAtMs() never tries a fatal failure again"],
    ["src/node/control/agent_test.ts", "Agent tells failures that a new start can only repeat"],
  ],
  "nobody looks again, and what is stuck stays": [
    ["src/node/control/leader_test.ts", "Leader looks every 30 s"],
    ["src/deployment/reconcile_test.ts", "reconcile() withdraws what is stuck"],
  ],
  "few nodes lower what is wanted for ever": [
    ["src/deployment/reconcile_test.ts", "reconcile() says when there is too little room"],
    ["src/deployment/reconcile_test.ts", "reconcile() moves an instance to a node that came later"],
  ],
  "scaling loses owner and floor": [
    ["src/node/scaling/scale_test.ts", "scaleWrite() changes the instances and nothing else"],
  ],
  "shares of versions are known to one node, and lost with it": [
    ["src/node/control/routes_test.ts", "routeSnapshot() shares calls between the versions"],
    ["tests/scenarios/leader_killed_test.ts", "leader killed at every step of a rollout"],
  ],
  "deployed before anything serves": [
    ["src/deployment/rollout/engine_test.ts", "advance() waits for instances, for time"],
    ["src/deployment/status_test.ts", "blueprintStatus() is DEPLOYED when exactly"],
  ],
  "first all calls for one version, then all for the other": [
    ["src/policy/weighted_test.ts", "nextWeighted() spreads the turns by weight"],
  ],
  "one node's figures stand for the cluster": [
    ["src/node/rollout/figures_test.ts", "ClusterFigures.since() adds what all gateways"],
    ["src/node/rollout/figures_test.ts", "ClusterFigures.counts() has the CPU time"],
  ],
  "steady load never scales, and every slice does when one is busy": [
    ["src/deployment/scaling/controller_test.ts", "ScalingController grows a slice whose calls"],
    ["src/deployment/scaling/controller_test.ts", "ScalingController does not swing"],
  ],
  "a drain goes below minAvailable, cuts calls off, or never ends": [
    [
      "src/deployment/reconcile/decision_test.ts",
      "reconcile() keeps a drained instance that minAvailable",
    ],
    [
      "src/deployment/reconcile/decision_test.ts",
      "reconcile() drains a node one instance after the other",
    ],
    ["src/node/control/agent_test.ts", "Agent drains an instance only when every gateway"],
    ["tests/scenarios/leader_killed_test.ts", "leader killed at every step of a drain"],
  ],
  "healing orders node after node while the first one starts": [
    ["src/deployment/sizing/sizer_test.ts", "nextSizeStep() never loops"],
    ["src/deployment/sizing/sizer_test.ts", "nextSizeStep() gives up a node"],
  ],
  "a former leader goes on": [
    ["src/node/control/leader_test.ts", "Leader writes nothing once its term is over"],
    ["tests/scenarios/leader_killed_test.ts", "a partition at any time of a canary"],
    ["src/node/sizing/cluster_sizing_test.ts", "ClusterSizing does nothing when it is off"],
  ],
  "after a time without a majority nobody says anew what runs": [
    ["src/node/deploy/reports_test.ts", "Reports.write() is tried again each second"],
    ["e2e/control_stall_test.ts", "Requests are served while there is no quorum"],
  ],
  "a lost connection is a death": [
    ["src/membership/detector_test.ts", "FailureDetector takes a refused connection for death"],
  ],
  "a caller gives up before the one it calls": [
    ["src/protocol/config/sections/deadlines_test.ts", "callDeadlines() are nested"],
  ],
  "errors lose their type on the way": [
    ["src/gateway/gateway_test.ts", "Gateway.handle() answers a slice's problem as it came"],
  ],
  "unknown keys of a blueprint are ignored": [
    ["src/deployment/parse_blueprint_test.ts", "parseBlueprint() reports all problems at once"],
    ["src/deployment/conflicts_test.ts", "refuseConflicts() throws BLUEPRINT_CONFLICT"],
  ],
  "an illegal change is answered 200": [
    ["src/node/deploy/node_lives_test.ts", "NodeLives.change() takes a node through its whole"],
    ["e2e/drain_test.ts", "A drain and a planned stop fail no request"],
  ],
  "the command line and the node disagree": [
    ["tests/api_contract/rows_test.ts", "createApi() answers every row with its status"],
  ],
  "a large blueprint fits nowhere": [
    ["tests/api_contract/blueprint_test.ts", "blueprintApply keeps the largest text"],
    ["src/node/cluster/replicated_store_test.ts", "ReplicatedStore carries the largest writes"],
  ],
  "a dead node is elected": [
    ["src/membership/leader_choice_test.ts", "shouldLead() is true for the first eligible voter"],
  ],
  "policies that do nothing": [
    ["src/deployment/rollout/engine_test.ts", "each clean-up policy keeps the old version"],
    ["tests/deployment_names_test.ts", "every one of the "],
  ],
};

for (const [trap, tests] of Object.entries(traps)) {
  Deno.test(`there is a test for: ${trap}`, async () => {
    for (const [file, name] of tests) {
      const text = await Deno.readTextFile(new URL(`../${file}`, import.meta.url));
      assert.ok(text.includes(`"${name}`) || text.includes(`\`${name}`), `${file}: ${name}`);
    }
  });
}
