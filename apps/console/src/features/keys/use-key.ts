import { useEffect, useRef, useSyncExternalStore } from "react";
import type { KeyId } from "./keys.ts";

type Handler = () => void;

/** Who answers which key now; the one that came last wins, so that a page can take a key over. */
class KeyRegistry {
  readonly #handlers = new Map<KeyId, Handler[]>();
  readonly #listeners = new Set<() => void>();
  #version = 0;

  add(id: KeyId, handler: Handler): () => void {
    this.#handlers.set(id, [...(this.#handlers.get(id) ?? []), handler]);
    this.#changed();
    return () => {
      const left = (this.#handlers.get(id) ?? []).filter((it) => it !== handler);
      this.#handlers.set(id, left);
      this.#changed();
    };
  }

  has(id: KeyId): boolean {
    return (this.#handlers.get(id)?.length ?? 0) > 0;
  }

  press(id: KeyId): boolean {
    const handler = this.#handlers.get(id)?.at(-1);
    handler?.();
    return handler !== undefined;
  }

  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly version = (): number => this.#version;

  #changed(): void {
    this.#version++;
    for (const listener of this.#listeners) listener();
  }
}

export const keyRegistry = new KeyRegistry();

/**
 * Answers a key of the table while the component is there.
 *
 * @param handler null leaves the key to whoever had it before.
 */
export function useKey(id: KeyId, handler: Handler | null): void {
  const latest = useRef(handler);
  latest.current = handler;
  const isOn = handler !== null;
  useEffect(() => {
    if (!isOn) return;
    return keyRegistry.add(id, () => latest.current?.());
  }, [id, isOn]);
}

/** Renders again when other keys are answered. */
export function useAnsweredKeys(): (id: KeyId) => boolean {
  useSyncExternalStore(keyRegistry.listen, keyRegistry.version, () => 0);
  return (id) => keyRegistry.has(id);
}
