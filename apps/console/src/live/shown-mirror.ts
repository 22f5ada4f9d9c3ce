import type { ClusterMirror, MirrorListener } from "./mirror.ts";

/**
 * Whichever mirror the pages show, as one that can be listened to: a painter need not know that another one has taken
 * its place, but that everything may be different.
 */
export class ShownMirror {
  #mirror: ClusterMirror;
  #stop: () => void;
  readonly #listeners = new Set<MirrorListener>();
  readonly #hand: MirrorListener = {
    cell: (flat) => this.#tell((it) => it.cell(flat)),
    moved: (flat, from, to) => this.#tell((it) => it.moved(flat, from, to)),
    ghosts: (nodeId) => this.#tell((it) => it.ghosts(nodeId)),
    reset: () => this.#tell((it) => it.reset()),
  };

  constructor(mirror: ClusterMirror) {
    this.#mirror = mirror;
    this.#stop = mirror.listen(this.#hand);
  }

  get mirror(): ClusterMirror {
    return this.#mirror;
  }

  show(mirror: ClusterMirror): void {
    if (mirror === this.#mirror) return;
    this.#stop();
    this.#mirror = mirror;
    this.#stop = mirror.listen(this.#hand);
    this.#hand.reset();
  }

  listen(listener: MirrorListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(tell: (listener: MirrorListener) => void): void {
    for (const it of this.#listeners) tell(it);
  }
}
