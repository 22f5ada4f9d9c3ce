import { duration } from "../../live/say.ts";
import { useLive } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";

/** What the console's server tries to reach, while nothing is known of the cluster yet. */
export function Reach() {
  const heartbeat = useLive((it) => it.heartbeat);
  if (heartbeat === null) return null;
  const { postgres, nodes } = heartbeat;
  return (
    <ul className="text-2 mt-3 space-y-1" data-testid="reach" aria-label="What the console reaches">
      {postgres.state !== "off" && (
        <li className="flex items-center gap-2" data-state={postgres.state}>
          <Glyph
            name={postgres.state === "up" ? "check" : "cross"}
            tone={postgres.state === "up" ? "stable" : "warning"}
          />
          <span>
            Postgres {postgres.state === "up" ? "answers" : "is not reached"}, for{" "}
            <b className="n">{duration(postgres.forMs)}</b>
          </span>
        </li>
      )}
      {nodes.map((it) => (
        <li key={it.address} className="flex items-center gap-2" data-state={it.state}>
          <Glyph
            name={it.state === "connected" ? "check" : it.state === "refused" ? "lock" : "replay"}
            tone={it.state === "connected" ? "stable" : "warning"}
          />
          <span>
            <b className="n">{it.address}</b> {linkWords[it.state]}, for{" "}
            <b className="n">{duration(it.forMs)}</b>
            {it.why !== null && <span className="text-fg-2"> ({it.why})</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

const linkWords = {
  connecting: "is not reached",
  connected: "is connected",
  refused: "does not let this console follow it",
} as const;
