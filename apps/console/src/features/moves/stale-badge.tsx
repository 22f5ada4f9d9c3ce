import type { StaleMove } from "@leasehold/sharding/observe";
import { plural } from "../../live/say.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { Why } from "../../ui/why.tsx";
import type { Problem } from "../../wire/commands.ts";

/** What the plan was made from has passed: it says what has changed, and one click makes the same plan anew. */
export function StaleBadge(props: {
  readonly stale: readonly StaleMove[];
  /** The coordinator has refused to apply it. */
  readonly refused: Problem | null;
  readonly isBusy: boolean;
  rebase(): void;
}) {
  const { stale, refused } = props;
  if (stale.length === 0 && refused === null) return null;
  const reasons = stale.slice(0, 5).map(({ why }) => [why]);
  const more = stale.length > 5 ? [[`And ${stale.length - 5} more.`]] : [];
  return (
    <div
      className="badge h-auto! min-h-7 flex-wrap gap-2! py-0.5! pr-1!"
      data-tone="warning"
      data-flat="false"
      role="alert"
      data-testid="plan-stale"
    >
      <Glyph name="clock" tone="warning" />
      <span className="whitespace-normal text-warning-text">
        {refused === null
          ? `${plural(stale.length, "ownership change")} since`
          : (refused.detail ?? refused.title)}
      </span>
      {stale.length > 0 && <Why about="the plan is stale" sentences={[...reasons, ...more]} />}
      <Button disabled={props.isBusy} testId="rebase" onClick={props.rebase}>
        Rebase
      </Button>
    </div>
  );
}
