import { type Phase, phases } from "./in-flight.model.ts";

/** How far a handoff is: one segment for each step that lies behind it. */
export function PhaseMeter({ phase }: { readonly phase: Phase }) {
  const at = phases.indexOf(phase);
  return (
    <span className="inline-grid grid-cols-5 gap-0.5 align-middle" aria-hidden="true">
      {phases.slice(1).map((it, index) => (
        <i key={it} className={`h-1.5 w-3.5 ${index < at ? "bg-handoff-mark" : "bg-bg-3"}`} />
      ))}
    </span>
  );
}
