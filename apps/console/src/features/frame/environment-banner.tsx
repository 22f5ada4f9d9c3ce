import { duration } from "../../live/say.ts";
import { useLive, useSummary } from "../../live/use-live.ts";
import { ActedFact } from "../session/acted.tsx";
import { WhoFact } from "../session/who.tsx";
import { environmentKind, useEnvironment } from "./environment.ts";

/** Which cluster this is. Repeated in every dialog, because that is where it matters most. */
export function EnvironmentBanner() {
  const { name, cluster } = useEnvironment();
  const meta = useLive((it) => it.meta);
  const postgres = useLive((it) => it.heartbeat?.postgres ?? null);
  const summary = useSummary();
  const leaseTtlMs = meta?.leaseTtlMs ?? 0;
  return (
    <header className="env" data-testid="env-banner">
      <span className="env-tag" data-env={environmentKind(name)}>
        {name.toUpperCase()}
      </span>
      <span>
        <b>{meta?.cluster ?? cluster}</b>
      </span>
      <span className="env-fact phone:hidden">
        coordinator <b className="n">{summary?.coordinator ?? "–"}</b> term{" "}
        <b className="n">{summary?.term ?? "–"}</b>
      </span>
      <span className="env-fact small:hidden">
        lease ttl <b className="n">{leaseTtlMs === 0 ? "–" : duration(leaseTtlMs)}</b>
      </span>
      <span
        className="env-fact small:hidden"
        data-testid="postgres-state"
        data-state={postgres?.state ?? "unknown"}
      >
        Postgres <b>{postgresWord(postgres?.state)}</b>
        {postgres?.state === "down" && <span className="n">for {duration(postgres.forMs)}</span>}
      </span>
      <span className="flex-1" />
      <ActedFact />
      <WhoFact />
    </header>
  );
}

function postgresWord(state: "up" | "down" | "off" | undefined): string {
  if (state === "up") return "answers";
  if (state === "down") return "does not answer this console";
  return state === "off" ? "seen through nodes only" : "–";
}
