import { availableParallelism, hostname } from "node:os";
import { defaultCoordinatorOptions } from "./core/coordinator.ts";
import {
  LaneInboxCapacityError,
  LanesOverflowError,
  LanesZeroError,
  OptionsError,
} from "./errors.ts";
import type { LogFn, NodeOptions } from "./node-api.ts";
import type { AnyEntityDefinition } from "./runtime/entities/definition.ts";
import { lanesLimit } from "./runtime/lanes/lane-route.ts";

/** The defaults of {@link NodeOptions}; the service's flags and the docs read them here. */
export const defaultOptions = {
  cluster: "default",
  lanes: 1,
  laneInboxCapacity: 10_000,
  laneDrainTimeoutMs: 5_000,
  shards: 256,
  strategy: "least-loaded",
  leaseTtlMs: 5_000,
  rebalance: "auto",
  handoffTimeoutMs: 10_000,
  deadlineMs: 10_000,
  zone: "",
  weight: 1,
  proxy: false,
  trustRefused: false,
  host: "127.0.0.1",
  port: 0,
  migrate: true,
} as const satisfies Partial<NodeOptions>;

/** Options whose entities are loaded. */
export type LoadedOptions = Omit<NodeOptions, "entities"> & {
  readonly entities: readonly AnyEntityDefinition[];
};

export type ResolvedOptions = LoadedOptions &
  Required<Pick<NodeOptions, keyof typeof defaultOptions>> & {
    readonly lanes: number;
    readonly nodeId: string;
    readonly log: LogFn;
  };

const shardsLimit = 1_048_576;
const inboxLimit = 1_000_000;

/** @throws {OptionsError} naming the option, its value and what is accepted. */
export function resolveOptions(options: LoadedOptions): ResolvedOptions {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const nodeId =
    options.nodeId ??
    `${hostname()
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]/g, "-")}-${process.pid}`;
  const lanes = lanesOf(options.lanes ?? defaultOptions.lanes);
  const all = { ...defaultOptions, log: silent, ...given, lanes, nodeId } as ResolvedOptions;
  checkInbox(all.laneInboxCapacity);
  wholeNumber("laneDrainTimeoutMs", all.laneDrainTimeoutMs, 1, 600_000);
  wholeNumber("shards", all.shards, 1, shardsLimit);
  wholeNumber("leaseTtlMs", all.leaseTtlMs, 500, 600_000);
  wholeNumber("handoffTimeoutMs", all.handoffTimeoutMs, 100, 600_000);
  wholeNumber("deadlineMs", all.deadlineMs, 1, 3_600_000);
  wholeNumber("port", all.port, 0, 65_535);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(nodeId)) {
    throw new OptionsError(
      `nodeId "${nodeId}" must be 1 to 63 letters, digits, dots, dashes or underscores.`,
    );
  }
  if (!(all.weight > 0 && all.weight <= 1_000)) {
    throw new OptionsError(`weight is ${all.weight}; it must be above 0 and at most 1000.`);
  }
  return all;
}

/** @throws {LanesZeroError} {@link LanesOverflowError} {@link OptionsError} */
function lanesOf(lanes: number | "auto"): number {
  if (lanes === "auto") return Math.min(availableParallelism(), lanesLimit);
  if (lanes === 0) throw new LanesZeroError("lanes is 0; without one no entity could run.");
  wholeNumber("lanes", lanes, 1, Number.MAX_SAFE_INTEGER);
  if (lanes <= lanesLimit) return lanes;
  throw new LanesOverflowError(`lanes is ${lanes}; a node may have ${lanesLimit} at most.`);
}

function checkInbox(capacity: number): void {
  if (Number.isSafeInteger(capacity) && capacity >= 1 && capacity <= inboxLimit) return;
  throw new LaneInboxCapacityError(
    `laneInboxCapacity is ${capacity}; it must be a whole number from 1 to ${inboxLimit}.`,
  );
}

/** A handoff that the source gives up itself must not be given up by the coordinator first. */
export const coordinatorOptionsOf = (
  options: ResolvedOptions,
): typeof defaultCoordinatorOptions => ({
  ...defaultCoordinatorOptions,
  rebalance: options.rebalance,
  handoffTimeoutMs: options.handoffTimeoutMs + 2_000,
});

function wholeNumber(name: string, value: number, minimum: number, maximum: number): void {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return;
  throw new OptionsError(
    `${name} is ${value}; it must be a whole number from ${minimum} to ${maximum}.`,
  );
}

const silent: LogFn = () => undefined;
