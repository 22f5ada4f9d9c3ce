import type { Clock } from "../../ports/clock.ts";

/**
 * The wire between one client and the server: `pass` calls `deliver` when the bytes arrive, in order
 * per direction; at once, later, or never (a black hole). `out` is from client to server.
 */
export interface MemoryLink {
  pass(direction: "out" | "in", deliver: () => void): void;
}

export const openLink: MemoryLink = { pass: (_direction, deliver) => deliver() };

export interface MemoryClient {
  /** @default a wire that delivers at once */
  readonly link?: MemoryLink;
  /** The client's own clock, for its timeouts. @default the server's */
  readonly clock?: Clock;
}

/** How a statement ended on the server. */
type Outcome<T> = { readonly ok: T } | { readonly failed: unknown };

/**
 * Sends a statement (which may have to wait on the server: then it gives a promise) and waits for its answer. After `timeoutMs` without one `onTimeout` is called;
 * the statement may still take effect.
 */
export function ask<T>(
  { link, clock }: Required<MemoryClient>,
  statement: () => T | Promise<T>,
  timeoutMs: number,
  onTimeout: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => reject(onTimeout()));
    link.pass("out", () => {
      const answer = (outcome: Outcome<T>) => {
        link.pass("in", () => {
          cancel();
          if ("ok" in outcome) resolve(outcome.ok);
          else reject(outcome.failed);
        });
      };
      const ended = attempt(statement);
      if (!("ok" in ended)) answer(ended);
      else if (!(ended.ok instanceof Promise)) answer({ ok: ended.ok });
      else {
        ended.ok.then(
          (ok) => answer({ ok }),
          (failed: unknown) => answer({ failed }),
        );
      }
    });
  });
}

function attempt<T>(statement: () => T): Outcome<T> {
  try {
    return { ok: statement() };
  } catch (failed) {
    return { failed };
  }
}
