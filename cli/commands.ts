/**
 * All commands, in the order of the reference. A new command is added here and nowhere else.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { command as aspectList } from "./commands/aspect/list.ts";
import { command as aspectRemove } from "./commands/aspect/remove.ts";
import { command as aspectSet } from "./commands/aspect/set.ts";
import { command as artifactDelete } from "./commands/artifact/delete.ts";
import { command as artifactDeploy } from "./commands/artifact/deploy.ts";
import { command as artifactGc } from "./commands/artifact/gc.ts";
import { command as artifactInfo } from "./commands/artifact/info.ts";
import { command as artifactList } from "./commands/artifact/list.ts";
import { command as artifactPush } from "./commands/artifact/push.ts";
import { command as artifactVerify } from "./commands/artifact/verify.ts";
import { command as artifactVersions } from "./commands/artifact/versions.ts";
import { command as dhtLocate } from "./commands/dht/locate.ts";
import { command as dhtRepair } from "./commands/dht/repair.ts";
import { command as dhtStatus } from "./commands/dht/status.ts";
import { command as backupCreate } from "./commands/backup/create.ts";
import { command as backupList } from "./commands/backup/list.ts";
import { command as backupRestore } from "./commands/backup/restore.ts";
import { command as backupSchedule } from "./commands/backup/schedule.ts";
import { command as backupVerify } from "./commands/backup/verify.ts";
import { command as blueprintApply } from "./commands/blueprint/apply.ts";
import { command as blueprintDelete } from "./commands/blueprint/delete.ts";
import { command as blueprintGet } from "./commands/blueprint/get.ts";
import { command as blueprintHistory } from "./commands/blueprint/history.ts";
import { command as blueprintList } from "./commands/blueprint/list.ts";
import { command as blueprintPlan } from "./commands/blueprint/plan.ts";
import { command as blueprintRevert } from "./commands/blueprint/revert.ts";
import { command as blueprintStatus } from "./commands/blueprint/status.ts";
import { command as blueprintValidate } from "./commands/blueprint/validate.ts";
import { command as calls } from "./commands/calls.ts";
import { command as tokenCreate } from "./commands/cluster/token/create.ts";
import { command as tokenList } from "./commands/cluster/token/list.ts";
import { command as tokenRevoke } from "./commands/cluster/token/revoke.ts";
import { command as clusterAdd } from "./commands/cluster/add.ts";
import { command as clusterMembers } from "./commands/cluster/members.ts";
import { command as clusterPromote } from "./commands/cluster/promote.ts";
import { command as clusterRecover } from "./commands/cluster/recover.ts";
import { command as clusterRemove } from "./commands/cluster/remove.ts";
import { command as clusterSize } from "./commands/cluster/size.ts";
import { command as clusterStatus } from "./commands/cluster/status.ts";
import { command as completion } from "./commands/completion.ts";
import { command as configList } from "./commands/config/list.ts";
import { command as configRemove } from "./commands/config/remove.ts";
import { command as configSet } from "./commands/config/set.ts";
import { command as configShow } from "./commands/config/show.ts";
import { command as configValidate } from "./commands/config/validate.ts";
import { command as controllerDecisions } from "./commands/controller/decisions.ts";
import { command as deployComplete } from "./commands/deploy/complete.ts";
import { command as deployHealth } from "./commands/deploy/health.ts";
import { command as deployList } from "./commands/deploy/list.ts";
import { command as deployPause } from "./commands/deploy/pause.ts";
import { command as deployPromote } from "./commands/deploy/promote.ts";
import { command as deployResume } from "./commands/deploy/resume.ts";
import { command as deployRollback } from "./commands/deploy/rollback.ts";
import { command as deployStart } from "./commands/deploy/start.ts";
import { command as deployStatus } from "./commands/deploy/status.ts";
import { command as dev } from "./commands/dev.ts";
import { command as events } from "./commands/events.ts";
import { command as explain } from "./commands/explain.ts";
import { command as explainInstance } from "./commands/explain/instance.ts";
import { command as health } from "./commands/health.ts";
import { command as keyCreate } from "./commands/key/create.ts";
import { command as kvDelete } from "./commands/kv/delete.ts";
import { command as kvGet } from "./commands/kv/get.ts";
import { command as kvList } from "./commands/kv/list.ts";
import { command as kvPut } from "./commands/kv/put.ts";
import { command as kvWatch } from "./commands/kv/watch.ts";
import { command as topicList } from "./commands/topic/list.ts";
import { command as topicStatus } from "./commands/topic/status.ts";
import { command as topicPublish } from "./commands/topic/publish.ts";
import { command as topicReplay } from "./commands/topic/replay.ts";
import { command as deadLetterList } from "./commands/deadletter/list.ts";
import { command as deadLetterShow } from "./commands/deadletter/show.ts";
import { command as deadLetterRetry } from "./commands/deadletter/retry.ts";
import { command as deadLetterReplay } from "./commands/deadletter/replay.ts";
import { command as deadLetterPurge } from "./commands/deadletter/purge.ts";
import { command as lockList } from "./commands/lock/list.ts";
import { command as lockRun } from "./commands/lock/run.ts";
import { command as nodeActivate } from "./commands/node/activate.ts";
import { command as nodeDrain } from "./commands/node/drain.ts";
import { command as nodeShutdown } from "./commands/node/shutdown.ts";
import { command as nodeStart } from "./commands/node/start.ts";
import { command as nodes } from "./commands/nodes.ts";
import { command as resources } from "./commands/resources.ts";
import { command as routes } from "./commands/routes.ts";
import { command as scale } from "./commands/scale.ts";
import { command as scheduleList } from "./commands/schedule/list.ts";
import { command as schedulePause } from "./commands/schedule/pause.ts";
import { command as scheduleResume } from "./commands/schedule/resume.ts";
import { command as scheduleShow } from "./commands/schedule/show.ts";
import { command as scheduleTrigger } from "./commands/schedule/trigger.ts";
import { command as schemaPrint } from "./commands/schema/print.ts";
import { command as sliceBuild } from "./commands/slice/build.ts";
import { command as sliceClient } from "./commands/slice/client.ts";
import { command as sliceInspect } from "./commands/slice/inspect.ts";
import { command as sliceLint } from "./commands/slice/lint.ts";
import { command as sliceList } from "./commands/slice/list.ts";
import { command as sliceNew } from "./commands/slice/new.ts";
import { command as slicePermissionsDiff } from "./commands/slice/permissions/diff.ts";
import { command as slicePermissionsShow } from "./commands/slice/permissions/show.ts";
import { command as slicePublish } from "./commands/slice/publish.ts";
import { command as sliceStatus } from "./commands/slice/status.ts";
import { command as sliceTest } from "./commands/slice/test.ts";
import { command as slices } from "./commands/slices.ts";
import { command as status } from "./commands/status.ts";
import { command as tlsInit } from "./commands/tls/init.ts";
import { command as tlsIssue } from "./commands/tls/issue.ts";
import { command as tlsRotate } from "./commands/tls/rotate.ts";
import { command as tlsShow } from "./commands/tls/show.ts";
import { command as version } from "./commands/version.ts";

/** Every command. */
export const commands: readonly Command[] = [
  dev,
  nodeStart,
  ...[nodeDrain, nodeActivate, nodeShutdown],
  ...[status, health, nodes, slices, routes, resources, events],
  ...[
    clusterStatus,
    clusterMembers,
    clusterAdd,
    clusterRemove,
    clusterPromote,
    clusterSize,
    clusterRecover,
  ],
  ...[blueprintApply, blueprintPlan, blueprintValidate],
  ...[blueprintHistory, blueprintRevert],
  ...[blueprintList, blueprintGet, blueprintStatus, blueprintDelete],
  ...[
    sliceNew,
    sliceLint,
    sliceTest,
    sliceClient,
    sliceBuild,
    sliceInspect,
    slicePublish,
    sliceList,
  ],
  ...[sliceStatus, calls],
  ...[aspectSet, aspectList, aspectRemove],
  ...[slicePermissionsShow, slicePermissionsDiff, schemaPrint],
  ...[scale, controllerDecisions],
  ...[scheduleList, scheduleShow, schedulePause, scheduleResume, scheduleTrigger],
  ...[deployStart, deployList, deployStatus, deployHealth],
  ...[deployPromote, deployPause, deployResume, deployRollback, deployComplete],
  ...[kvGet, kvPut, kvDelete, kvList, kvWatch],
  ...[lockRun, lockList],
  ...[topicList, topicStatus, topicPublish, topicReplay],
  ...[deadLetterList, deadLetterShow, deadLetterRetry, deadLetterReplay, deadLetterPurge],
  ...[artifactDeploy, artifactPush, artifactList, artifactVersions],
  ...[artifactInfo, artifactDelete, artifactVerify, artifactGc],
  ...[dhtStatus, dhtLocate, dhtRepair],
  ...[backupCreate, backupList, backupVerify, backupRestore, backupSchedule],
  ...[configValidate, configShow, configList, configSet, configRemove],
  keyCreate,
  ...[tokenCreate, tokenList, tokenRevoke],
  ...[tlsInit, tlsIssue, tlsRotate, tlsShow],
  explain,
  explainInstance,
  completion,
  version,
];
