/**
 * The programming model of slices: contracts, slices, typed clients, errors and resources.
 *
 * Slices import this module as `aether`. It holds descriptions and types only; the runtime that
 * executes them is the shell of the sandbox.
 *
 * @module
 */
export { z } from "zod";
export { contract, method } from "./src/sdk/contract.ts";
export type { HttpMethod } from "./src/protocol/slice/http_method.ts";
export type { Contract, ErrorSpec, MethodSpec } from "./src/sdk/contract.ts";
export { bytes, events, socket } from "./src/sdk/streams.ts";
export type { Conversation, Socket, SocketFormat } from "./src/sdk/streams.ts";
export { slice } from "./src/sdk/slice.ts";
export type { CallContext, ResponseParts } from "./src/sdk/call_context.ts";
export type {
  CallOptions,
  Client,
  ClientMethod,
  FakeClient,
  Fakes,
  Handlers,
  Handles,
  InstanceContext,
  Needs,
  SliceDefinition,
  SliceInterceptors,
  TestClient,
} from "./src/sdk/slice.ts";
export { cron, every } from "./src/sdk/triggers/schedule.ts";
export type {
  CronOptions,
  Fire,
  ScheduleHandlers,
  ScheduleOptions,
  Schedules,
  ScheduleSpec,
} from "./src/sdk/triggers/schedule.ts";
export { SliceError } from "./src/sdk/slice_error.ts";
export { blob } from "./src/sdk/resource/blob.ts";
export type {
  BlobContent,
  BlobHandle,
  BlobListOptions,
  BlobRange,
  BlobSource,
  BlobStat,
} from "./src/sdk/resource/blob.ts";
export { cache } from "./src/sdk/resource/cache.ts";
export type { CacheFigures, CacheHandle, CacheWriteOptions } from "./src/sdk/resource/cache.ts";
export { config } from "./src/sdk/resource/config.ts";
export type { ConfigHandle } from "./src/sdk/resource/config.ts";
export { http } from "./src/sdk/resource/http.ts";
export type {
  HttpAnswer,
  HttpHandle,
  HttpOptions,
  HttpQueryValue,
} from "./src/sdk/resource/http.ts";
export { kv } from "./src/sdk/resource/kv.ts";
export type { KvEntry, KvHandle, KvWriteOptions } from "./src/sdk/resource/kv.ts";
export { lock } from "./src/sdk/resource/lock.ts";
export type { HeldLock, LockHandle, LockOptions } from "./src/sdk/resource/lock.ts";
export { topic } from "./src/sdk/resource/topic.ts";
export type {
  PublishedMessage,
  PublishOptions,
  Topic,
  TopicHandle,
} from "./src/sdk/resource/topic.ts";
export { subscribe } from "./src/sdk/triggers/subscribe.ts";
export type {
  Message,
  Subscription,
  SubscriptionHandlers,
  Subscriptions,
} from "./src/sdk/triggers/subscribe.ts";
export type { ResourceSpec } from "./src/sdk/resource/spec.ts";
export type { Logger, LogLevel } from "./src/sdk/logger.ts";
export { fakeBlob } from "./src/sdk/testing/stored/fake_blob.ts";
export type { FakeBlobOptions } from "./src/sdk/testing/stored/fake_blob.ts";
export { fakeCache } from "./src/sdk/testing/stored/fake_cache.ts";
export type { FakeCache, FakeCacheOptions } from "./src/sdk/testing/stored/fake_cache.ts";
export { fakeConfig } from "./src/sdk/testing/fake_config.ts";
export type { FakeConfig } from "./src/sdk/testing/fake_config.ts";
export { fakeHttp } from "./src/sdk/testing/fake_http.ts";
export type {
  FakeHttp,
  FakeHttpAnswer,
  FakeHttpRequest,
  FakeService,
} from "./src/sdk/testing/fake_http.ts";
export { fakeKv } from "./src/sdk/testing/fake_kv.ts";
export { fakeLock } from "./src/sdk/testing/fake_lock.ts";
export type { FakeLock } from "./src/sdk/testing/fake_lock.ts";
export type { TestLog, TestMember } from "./src/sdk/testing/member.ts";
export type { RecordedFailure } from "./src/sdk/testing/triggers/schedules.ts";
export { testCluster, withFakes } from "./src/sdk/testing/test_cluster.ts";
export type {
  Deliveries,
  Fires,
  TestCaller,
  TestCluster,
  TestClusterOptions,
  TestMemberOptions,
} from "./src/sdk/testing/test_cluster.ts";
export type { RecordedDeadLetter, RecordedMessage } from "./src/sdk/testing/triggers/topics.ts";
export { testSlice } from "./src/sdk/testing/test_slice.ts";
export type { TestedSlice } from "./src/sdk/testing/test_slice.ts";
