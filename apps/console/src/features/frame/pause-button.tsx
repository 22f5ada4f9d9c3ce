import { Pause, Play } from "lucide-react";
import { live, useLive } from "../../live/use-live.ts";
import { useKey } from "../keys/use-key.ts";

export const togglePause = (): void => {
  if (live.store.getState().paused === null) live.pause();
  else live.resume();
};

/** Holds the page, so that it can be read and pointed at while the cluster goes on. */
export function PauseButton() {
  const isPaused = useLive((it) => it.paused !== null);
  const isLoading = useLive((it) => it.summary === null);
  useKey("pause", isLoading ? null : togglePause);
  const Icon = isPaused ? Play : Pause;
  return (
    <button
      type="button"
      className="btn w-(--ctl) px-0 phone:hidden"
      data-kind="ghost"
      aria-label={isPaused ? "Go on live" : "Pause"}
      title={isPaused ? "Go on live (Space)" : "Pause (Space)"}
      data-testid="hold-page"
      disabled={isLoading}
      onClick={togglePause}
    >
      <Icon className="size-4" strokeWidth={1.6} aria-hidden />
    </button>
  );
}
