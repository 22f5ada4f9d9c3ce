import { useCallback, useEffect, useRef, useState } from "react";
import { readAudit } from "../../live/send-command.ts";
import { useLive, useSession } from "../../live/use-live.ts";
import type { AuditAction, AuditState } from "../../wire/audit-view.ts";
import type { Problem } from "../../wire/commands.ts";

const pageSize = 200;
/** How long typing may pause before it is asked for. @unit milliseconds */
const pauseMs = 200;

export interface AuditList {
  /** Null until the first answer. */
  readonly actions: readonly AuditAction[] | null;
  readonly state: AuditState | null;
  readonly problem: Problem | null;
  /** Actions that were done since the list was read: it does not move by itself. */
  readonly newer: number;
  readonly hasOlder: boolean;
  readAgain(): void;
  readOlder(): void;
}

/** The audit as far as it was read, newest first. */
export function useAudit(text: string): AuditList {
  const [pages, setPages] = useState<Omit<AuditList, "readAgain" | "readOlder" | "newer"> | null>(
    null,
  );
  const [readAtMs, setReadAtMs] = useState(0);
  const next = useRef<string | null>(null);
  const turn = useRef(0);
  const isIn = useSession((it) => it.ended === null);
  const newer = useLive((it) => it.acted.filter((one) => one.atMs > readAtMs).length);

  const read = useCallback(
    async (before: string | null): Promise<void> => {
      const own = ++turn.current;
      const query = new URLSearchParams({
        limit: String(pageSize),
        ...(text === "" ? {} : { text }),
        ...(before === null ? {} : { before }),
      });
      const outcome = await readAudit(query.toString());
      // An answer that was overtaken is old news.
      if (own !== turn.current) return;
      if (!outcome.ok) {
        const { problem } = outcome;
        setPages((old) => ({ actions: null, state: null, hasOlder: false, ...old, problem }));
        return;
      }
      const { actions, state } = outcome.body;
      next.current = outcome.body.next;
      setPages((old) => ({
        actions: before === null ? actions : [...(old?.actions ?? []), ...actions],
        ...{ state, problem: null, hasOlder: next.current !== null },
      }));
      if (before === null) setReadAtMs(performance.now());
    },
    [text],
  );

  useEffect(() => {
    if (!isIn) return;
    const timer = setTimeout(() => void read(null), pauseMs);
    return () => clearTimeout(timer);
  }, [read, isIn]);

  return {
    ...(pages ?? { actions: null, state: null, problem: null, hasOlder: false }),
    newer,
    readAgain: () => void read(null),
    readOlder: () => void read(next.current),
  };
}
