import { session } from "../../live/session.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";

/** Nobody is signed in any more: why, and the one way on. */
export function SessionNote({ ended }: { readonly ended: "expired" | "signed-out" }) {
  return (
    <div className="note bg-warning-soft" role="status" data-testid="note" data-note="session">
      <Glyph name="lock" tone="warning" />
      <span>
        {ended === "expired" ? "Your session has ended." : "You are signed out."} What stands here
        is old, and actions are off.
      </span>
      <span className="flex-1" />
      <Button onClick={() => session.askAgain()}>Sign in</Button>
    </div>
  );
}
