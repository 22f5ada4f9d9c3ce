import {
  ApiException,
  type ConfigurationOptions,
  type CoordinationV1Api,
  Observable,
  type ObservableMiddleware,
  type V1Lease,
  V1MicroTime,
} from "@kubernetes/client-node";
import type { LeaseRecord, LeaseRecords, VersionedRecord } from "../../ports/lease.ts";

export interface KubernetesLeaseName {
  readonly namespace: string;
  /** Of the `Lease` object; created when it is not there. */
  readonly name: string;
}

/**
 * A `Lease` of coordination.k8s.io. Its fields are those of client-go's leader election, so that
 * `kubectl get lease` shows who leads, and candidates of both kinds keep out of each other's way. The times
 * in it are for people.
 */
export class KubernetesLeaseRecords implements LeaseRecords {
  readonly #api: CoordinationV1Api;
  readonly #at: KubernetesLeaseName;
  /** As last read or written: metadata of others, labels for instance, are written back as they were. */
  #object: V1Lease | null = null;

  constructor(api: CoordinationV1Api, at: KubernetesLeaseName) {
    this.#api = api;
    this.#at = at;
  }

  async read(signal: AbortSignal): Promise<VersionedRecord | null> {
    try {
      return this.#keep(await this.#api.readNamespacedLease({ ...this.#at }, abortedBy(signal)));
    } catch (error) {
      if (!hasCode(error, 404)) throw error;
      this.#object = null;
      return null;
    }
  }

  async write(
    record: LeaseRecord,
    expected: VersionedRecord | null,
    signal: AbortSignal,
  ): Promise<VersionedRecord | null> {
    const { namespace, name } = this.#at;
    const body = this.#bodyOf(record, expected);
    const options = abortedBy(signal);
    try {
      const written =
        expected === null
          ? await this.#api.createNamespacedLease({ namespace, body }, options)
          : await this.#api.replaceNamespacedLease({ namespace, name, body }, options);
      return this.#keep(written);
    } catch (error) {
      // 409: another version, or created meanwhile. 404: deleted meanwhile, and anybody may create it.
      if (hasCode(error, 409) || hasCode(error, 404)) return null;
      throw error;
    }
  }

  #bodyOf({ holder, ttlMs, transitions }: LeaseRecord, expected: VersionedRecord | null): V1Lease {
    const now = new V1MicroTime();
    const before = expected === null ? null : this.#object;
    const isSame = expected?.holder === holder;
    return {
      ...{ apiVersion: "coordination.k8s.io/v1", kind: "Lease" },
      metadata:
        expected === null
          ? { ...this.#at }
          : { ...before?.metadata, ...this.#at, resourceVersion: expected.version },
      spec: {
        ...before?.spec,
        holderIdentity: holder,
        leaseDurationSeconds: Math.ceil(ttlMs / 1_000),
        leaseTransitions: transitions,
        acquireTime: (isSame ? before?.spec?.acquireTime : undefined) ?? now,
        renewTime: now,
      },
    };
  }

  #keep(object: V1Lease): VersionedRecord {
    this.#object = object;
    const { holderIdentity, leaseDurationSeconds, leaseTransitions } = object.spec ?? {};
    return {
      holder: holderIdentity ?? "",
      ttlMs: (leaseDurationSeconds ?? 0) * 1_000,
      transitions: leaseTransitions ?? 0,
      version: object.metadata?.resourceVersion ?? "",
    };
  }
}

const hasCode = (error: unknown, code: number): boolean =>
  error instanceof ApiException && error.code === code;

/** The request ends with the signal, so that none hangs longer than its caller waits. */
const abortedBy = (signal: AbortSignal): ConfigurationOptions<ObservableMiddleware> => ({
  middleware: [
    {
      pre: (request) => {
        request.setSignal(signal);
        return new Observable(Promise.resolve(request));
      },
      post: (response) => new Observable(Promise.resolve(response)),
    },
  ],
  middlewareMergeStrategy: "append",
});
