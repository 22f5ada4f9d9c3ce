import { CoordinationV1Api, KubeConfig } from "@kubernetes/client-node";
import {
  type KubernetesLeaseName,
  KubernetesLeaseRecords,
} from "./adapters/kubernetes/lease-records.ts";
import type { LeaseFactory } from "./ports/lease.ts";
import { RecordLease } from "./runtime/record-lease.ts";

export interface KubernetesLeaseOptions extends KubernetesLeaseName {
  /** Where the API server is and who asks. @default as `kubectl` finds it, or the pod's service account */
  readonly config?: KubeConfig;
  /** A multiple of 1,000: the object counts in seconds. @unit milliseconds @default the node's leaseTtlMs, rounded up */
  readonly ttlMs?: number;
}

/**
 * The coordinator's lease as a `Lease` object of Kubernetes: `startNode({ coordinatorLease: kubernetesLease(...) })`.
 *
 * The role needs `get`, `create` and `update` on `leases` of `coordination.k8s.io` in that namespace.
 */
export function kubernetesLease(options: KubernetesLeaseOptions): LeaseFactory {
  const { namespace, name } = options;
  const config = options.config ?? defaultConfig();
  const api = config.makeApiClient(CoordinationV1Api);
  return ({ holder, ttlMs, clock }) =>
    new RecordLease({
      records: new KubernetesLeaseRecords(api, { namespace, name }),
      holder: `${holder.nodeId}_${holder.incarnation}`,
      // What the object says and what the holder counts must be one number.
      ttlMs: Math.ceil((options.ttlMs ?? ttlMs) / 1_000) * 1_000,
      clock,
    });
}

function defaultConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}
