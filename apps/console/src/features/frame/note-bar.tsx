import { silentAfterMs } from "../../live/classify.ts";
import { count, duration, plural } from "../../live/say.ts";
import type { Paused } from "../../live/store.ts";
import { live, useLive, useSession } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { type NodeLink, relayProtocol } from "../../wire/relay-frames.ts";
import { KeyCaps } from "../keys/key-caps.tsx";
import { keys } from "../keys/keys.ts";
import { SessionNote } from "../session/session-note.tsx";
import { MomentNote } from "../time/moment-note.tsx";
import { useTime } from "../time/time.ts";

/** One line under the top bar whenever the page is not the present: why, and how old it is. */
export function NoteBar() {
  const protocol = useLive((it) => it.meta?.protocol);
  const isElsewhere = useTime((it) => it.cursor !== null || it.problem !== null);
  const ended = useSession((it) => it.ended);
  if (ended !== null) return <SessionNote ended={ended} />;
  if (protocol !== undefined && protocol !== relayProtocol) return <OtherVersion />;
  return isElsewhere ? <MomentNote /> : <PresentNote />;
}

function PresentNote() {
  const connection = useLive((it) => it.connection);
  const nowMs = useLive((it) => it.clockMs);
  const retryAtMs = useLive((it) => it.retryAtMs);
  const paused = useLive((it) => it.paused);
  const heartbeat = useLive((it) => it.heartbeat);
  const age = connection.lastLiveMs === null ? null : nowMs - connection.lastLiveMs;
  if (connection.state === "offline") {
    return (
      <div className="note bg-danger-soft" role="status" data-testid="note">
        <Glyph name="cross" tone="danger" />
        <span>
          Not connected to the console's server.
          {age !== null && (
            <>
              {" "}
              Values are <b className="n">{duration(age)}</b> old.
            </>
          )}
          {retryAtMs !== null && retryAtMs > nowMs && (
            <>
              {" "}
              Next try in <b className="n">{duration(retryAtMs - nowMs)}</b>.
            </>
          )}
        </span>
        <span className="flex-1" />
        <Button onClick={() => live.retryNow()}>Retry now</Button>
      </div>
    );
  }
  if (connection.state === "stale") {
    return (
      <div className="note bg-warning-soft" role="status" data-testid="note">
        <Glyph name="clock" tone="warning" />
        <span>
          As of <b className="n">{duration(age ?? 0)}</b> ago. No heartbeat from the console's
          server; actions are off.
        </span>
      </div>
    );
  }
  if (paused !== null) return <PausedNote paused={paused} nowMs={nowMs} />;
  if (connection.state === "catching-up") {
    return (
      <div className="note bg-handoff-soft" role="status" data-testid="note">
        <Glyph name="replay" tone="handoff" />
        <span>
          Replaying <b className="n">{count(connection.seq - connection.appliedSeq)}</b> events.
          Nothing is skipped.
        </span>
      </div>
    );
  }
  const authorityAgeMs = heartbeat?.authorityAgeMs ?? null;
  if (connection.state !== "loading" && authorityAgeMs !== null && authorityAgeMs > silentAfterMs) {
    return (
      <div className="note bg-unknown-soft" role="status" data-testid="note">
        <Glyph name="question" tone="unknown" />
        <span>
          Authority unknown for <b className="n">{duration(authorityAgeMs)}</b>: neither this
          console nor a node reaches Postgres. Owners below are the last known; beliefs are live.
        </span>
      </div>
    );
  }
  const refused = heartbeat?.nodes.filter((it) => it.state === "refused") ?? [];
  return refused.length === 0 ? null : <Refused nodes={refused} />;
}

/** The server was upgraded under an open page: what it sends may mean something else by now. */
function OtherVersion() {
  return (
    <div
      className="note bg-warning-soft"
      role="status"
      data-testid="note"
      data-code="OTHER_VERSION"
    >
      <Glyph name="clock" tone="warning" />
      <span>The console's server is of another version than this page.</span>
      <span className="flex-1" />
      <Button onClick={() => window.location.reload()}>Load the page anew</Button>
    </div>
  );
}

function Refused({ nodes }: { readonly nodes: readonly NodeLink[] }) {
  const [first] = nodes;
  return (
    <div className="note bg-unknown-soft" role="status" data-testid="note" data-code="NODE_REFUSED">
      <Glyph name="lock" tone="unknown" />
      <span>
        {plural(nodes.length, "node does", "nodes do")} not let this console follow{" "}
        {nodes.length === 1 ? "it" : "them"}: <b className="n">{first?.address}</b> {first?.why}{" "}
        What they believe is not observed; who owns what is known from the others.
      </span>
    </div>
  );
}

function PausedNote({ paused, nowMs }: { readonly paused: Paused; readonly nowMs: number }) {
  return (
    <div className="note bg-bg-2" role="status" aria-live="off" data-testid="paused-note">
      <Glyph name="pause" />
      <span>
        <b>Paused</b> <b className="n">{duration(nowMs - paused.atMs)}</b> ago;{" "}
        <span data-testid="paused-waiting" data-count={paused.waiting}>
          <b className="n">{plural(paused.waiting, "event")}</b> waiting.
        </span>
      </span>
      <span className="flex-1" />
      <Button onClick={() => live.resume()}>
        Go on live <KeyCaps caps={keys.pause.caps} />
      </Button>
    </div>
  );
}
