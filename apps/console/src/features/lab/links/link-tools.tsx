import { Segmented } from "../../../ui/segmented.tsx";
import type { Tool } from "./press.model.ts";

const kinds = [
  { value: "cut", label: "cut" },
  { value: "slow", label: "slow" },
] as const;
const ways = [
  { value: "one", label: "one way" },
  { value: "both", label: "both ways" },
] as const;
const delays = [50, 200, 1000].map((ms) => ({ value: String(ms), label: `${ms} ms` }));
const ttls = [
  { value: "10000", label: "10 s" },
  { value: "30000", label: "30 s" },
  { value: "120000", label: "2 min" },
  { value: "600000", label: "10 min" },
];

/** What a press on a link does, and for how long. */
export function LinkTools(props: { readonly tool: Tool; change(tool: Tool): void }) {
  const { tool, change } = props;
  return (
    <div className="space-y-3">
      <Field title="A press sets">
        <Segmented
          label="A press sets"
          value={tool.kind}
          options={kinds}
          change={(kind) => change({ ...tool, kind })}
        />
        <Segmented
          label="Direction"
          value={tool.ways}
          options={ways}
          change={(it) => change({ ...tool, ways: it })}
        />
      </Field>
      {tool.kind === "slow" && (
        <Field title="Each frame is late by">
          <Segmented
            label="Delay"
            value={String(tool.delayMs)}
            options={delays}
            change={(it) => change({ ...tool, delayMs: Number(it) })}
          />
        </Field>
      )}
      <Field title="It ends by itself, on the node, after">
        <Segmented
          label="Ends after"
          value={String(tool.ttlMs)}
          options={ttls}
          change={(it) => change({ ...tool, ttlMs: Number(it) })}
        />
      </Field>
    </div>
  );
}

export function Field(props: { readonly title: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <div className="text-1 mb-1.5 text-fg-2">{props.title}</div>
      <div className="flex flex-wrap gap-1.5">{props.children}</div>
    </div>
  );
}
