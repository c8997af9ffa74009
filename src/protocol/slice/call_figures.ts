/**
 * Figures of calls: what gateways count, nodes send to the leader every second, and the API shows.
 *
 * @module
 */
import { z } from "zod";
import { healths } from "../instance_state.ts";

const count = z.int().min(0);

/** Most methods and instances in one report; what is beyond is left out and counted. */
export const figuresMax = 2_000;

const methodFiguresSchema = z.object({
  /** Coordinates of the version. */
  artifact: z.string().max(256),
  method: z.string().max(64),
  calls: count,
  /** Calls that failed through no fault of the caller. */
  errors: count,
  /** Calls whose answer has a status of 400 to 499. */
  refused: count,
  /** Buckets of `observe/histogram.ts` with their counts. */
  buckets: z.array(z.tuple([count, count])).max(256),
  /** Calls by outcome, while metrics are switched on for the method. */
  outcomes: z.record(z.string().max(80), count).optional(),
});
/** What happened to the calls of a method of a version. */
export type MethodFigures = z.output<typeof methodFiguresSchema>;

/** How much of an instance's artifact has come to its node. */
export const downloadSchema = z.object({ bytes: count, sizeBytes: count });
/** See {@link downloadSchema}. */
export type DownloadView = z.output<typeof downloadSchema>;

/** What one node has to say since it last did. */
export const figuresReportSchema = z.object({
  methods: z.array(methodFiguresSchema).max(figuresMax),
  instances: z.array(z.object({ instance: z.string(), health: z.enum(healths) })).max(figuresMax),
  /** Instances whose artifact is on its way. */
  downloads: z.array(downloadSchema.extend({ instance: z.string() })).max(figuresMax).optional(),
});
/** See {@link figuresReportSchema}. */
export type FiguresReport = z.output<typeof figuresReportSchema>;

/** A method as the API shows it, over the last minute. */
const callFiguresSchema = z.object({
  artifact: z.string(),
  method: z.string(),
  calls: z.number(),
  errors: z.number(),
  refused: z.number(),
  perSecond: z.number(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  /** Since the node that keeps the figures began to. */
  total: z.object({ calls: z.number(), errors: z.number() }),
  outcomes: z.record(z.string(), z.number()).optional(),
});

/** Everything that the leader knows of calls and instances. */
export const clusterFiguresSchema = z.object({
  windowMs: z.number(),
  methods: z.array(callFiguresSchema),
  /** Health by id of the instance. */
  health: z.record(z.string(), z.enum(healths)),
  /** Downloads by id of the instance. */
  downloads: z.record(z.string(), downloadSchema).optional(),
});
/** See {@link clusterFiguresSchema}. */
export type ClusterFiguresView = z.output<typeof clusterFiguresSchema>;
