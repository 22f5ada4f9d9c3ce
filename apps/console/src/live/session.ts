import { createStore } from "zustand/vanilla";
import type { YouFrame } from "../wire/relay-frames.ts";

/** Tabs of one browser have one session: who signs in on one of them has signed in on all. */
const channelName = "leasehold-session";

export interface SessionState {
  /** Null until the relay has said it. */
  readonly you: YouFrame | null;
  /** Why nobody is signed in any more; null while somebody is. */
  readonly ended: "expired" | "signed-out" | null;
  /** The question to sign in stands on the page. */
  readonly isAsking: boolean;
}

/**
 * Who sits here. When a session ends, the page stays as it is: what was typed is kept, and an action that
 * was refused for it waits for the sign-in and then goes on.
 */
class SessionKeeper {
  readonly store = createStore<SessionState>(() => ({ you: null, ended: null, isAsking: false }));
  readonly #waiting: ((isSignedIn: boolean) => void)[] = [];
  readonly #whenSignedIn: (() => void)[] = [];
  #channel: BroadcastChannel | null = null;

  start(): void {
    this.#channel = new BroadcastChannel(channelName);
    this.#channel.onmessage = () => this.#goOn();
  }

  stop(): void {
    this.#channel?.close();
    this.#channel = null;
  }

  noteYou(you: YouFrame): void {
    this.store.setState({ you, ended: null, isAsking: false });
  }

  noteEnded(ended: "expired" | "signed-out"): void {
    if (this.store.getState().ended === null) this.store.setState({ ended, isAsking: true });
  }

  /** Opens the question. @returns whether somebody has signed in, as soon as that is decided. */
  ask(ended: "expired" | "signed-out"): Promise<boolean> {
    this.store.setState({ ended, isAsking: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  askAgain(): void {
    this.store.setState({ isAsking: true });
  }

  /** What waits is given up, and says so. */
  dismiss(): void {
    this.store.setState({ isAsking: false });
    for (const decide of this.#waiting.splice(0)) decide(false);
  }

  /** Somebody has signed in here: the other tabs hear of it, too. */
  signedIn(): void {
    this.#channel?.postMessage("signed-in");
    this.#goOn();
  }

  onSignedIn(then: () => void): void {
    this.#whenSignedIn.push(then);
  }

  #goOn(): void {
    this.store.setState({ ended: null, isAsking: false });
    for (const then of this.#whenSignedIn) then();
    for (const decide of this.#waiting.splice(0)) decide(true);
  }
}

export const session = new SessionKeeper();
