"use client";
import type { ReactNode } from "react";
import { useLive, useSession } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { SectionHead } from "../../ui/section.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { keyRegistry } from "../keys/use-key.ts";
import {
  choices,
  type Preference,
  type Preferences,
  prefer,
  usePreference,
} from "./preferences.ts";
import { factsOf } from "./this-console.model.ts";

const labels: { readonly [Name in Preference]: Readonly<Record<Preferences[Name], string>> } = {
  theme: { system: "System", light: "Light", dark: "Dark" },
  density: { roomy: "Roomy", compact: "Compact" },
  keys: { on: "On", off: "Off" },
};

/** One's own settings, kept in this browser, where nobody else's console changes; and what holds for all of this one. */
export function SettingsPage() {
  return (
    <div className="page">
      <div className="bar">
        <h1 className="text-4">Settings</h1>
      </div>
      <SectionHead title="Look" meta="kept in this browser alone" />
      <Row label="Theme">
        <Choice name="theme" label="Theme" />
      </Row>
      <Row label="Density" note="Compact rows show a fifth more of a long table.">
        <Choice name="density" label="Density" />
      </Row>
      <SectionHead title="Keyboard" meta="kept in this browser alone" />
      <Row
        label="Single-key shortcuts"
        note="Off for those who dictate, or whose keys repeat. The palette's chord always works."
      >
        <Choice name="keys" label="Single-key shortcuts" />
        <Button kind="ghost" onClick={() => void keyRegistry.press("help")}>
          All keys
        </Button>
      </Row>
      <ThisConsole />
    </div>
  );
}

/** Set where the console was started, and shown here, since that is where one looks for it. */
function ThisConsole() {
  const you = useSession((it) => it.you);
  const meta = useLive((it) => it.meta);
  if (you === null || meta === null) return null;
  return (
    <section aria-label="This console" data-testid="this-console">
      <SectionHead title="This console" meta="set where it was started" />
      {factsOf(you, meta.keeps).map(({ label, value, note, setBy }) => (
        <Row key={label} label={label} note={note}>
          <div className="min-w-0">
            <div className="n text-fg-0">{value}</div>
            <p className="text-2 break-words font-mono text-fg-2">{setBy.join(", ")}</p>
          </div>
        </Row>
      ))}
    </section>
  );
}

function Row(props: {
  readonly label: string;
  readonly note?: string;
  readonly children: ReactNode;
}) {
  return (
    <div className="grid grid-cols-[minmax(0,360px)_auto] items-center gap-x-6 gap-y-1 border-line-1 border-t px-(--gutter) py-2.5 phone:grid-cols-1">
      <div>
        <div className="text-fg-0">{props.label}</div>
        {props.note !== undefined && <p className="text-2 text-fg-2">{props.note}</p>}
      </div>
      <div className="flex gap-2">{props.children}</div>
    </div>
  );
}

function Choice<Name extends Preference>(props: { readonly name: Name; readonly label: string }) {
  const value = usePreference(props.name);
  const options = choices[props.name].map((it) => ({
    value: it as Preferences[Name],
    label: (labels[props.name] as Readonly<Record<string, string>>)[it] ?? it,
  }));
  return (
    <Segmented
      label={props.label}
      value={value}
      options={options}
      change={(it) => prefer(props.name, it)}
      testId={`setting-${props.name}`}
    />
  );
}
