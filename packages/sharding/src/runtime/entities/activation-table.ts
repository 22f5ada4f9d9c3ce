import type { Activation } from "./activation.ts";

/**
 * The activations of one shard, found by three lookups of strings that the caller has anyway: joining them
 * into one key for each request, and hashing it, would cost a third of a small command.
 */
export class ActivationTable {
  readonly #types = new Map<string, Map<string, Map<string, Activation>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(namespace: string, type: string, id: string): Activation | undefined {
    return this.#types.get(type)?.get(namespace)?.get(id);
  }

  add(activation: Activation): void {
    const { namespace, type, id } = activation.entity;
    const namespaces = getOrAdd(this.#types, type);
    getOrAdd(namespaces, namespace).set(id, activation);
    this.#size += 1;
  }

  delete(activation: Activation): void {
    const { namespace, type, id } = activation.entity;
    const namespaces = this.#types.get(type);
    const ids = namespaces?.get(namespace);
    if (namespaces === undefined || ids === undefined || !ids.delete(id)) return;
    this.#size -= 1;
    // Namespaces come from outside: an empty one must not stay.
    if (ids.size === 0) namespaces.delete(namespace);
  }

  /** A list of its own: it may be walked while activations come and go. */
  all(): readonly Activation[] {
    const all: Activation[] = [];
    for (const namespaces of this.#types.values()) {
      for (const ids of namespaces.values()) {
        for (const activation of ids.values()) all.push(activation);
      }
    }
    return all;
  }
}

function getOrAdd<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let found = map.get(key);
  if (found === undefined) {
    found = new Map();
    map.set(key, found);
  }
  return found;
}
