"use client";
import { Slider } from "radix-ui";
import { useEffect, useState } from "react";
import { toast } from "sonner";
import { problemText, readLoad, writeLoad } from "../../live/send-command.ts";
import { useLive, useOff } from "../../live/use-live.ts";

/** Steps of the sample load, commands a second: fine below, coarse above. */
const steps = [0, 5, 10, 25, 50, 100, 200, 500, 1000, 2000];

/** Steers the sample load; absent where no load can be steered. */
export function LoadSlider() {
  const hasLoad = useLive((it) => it.meta?.hasLoad ?? false);
  const off = useOff();
  const [target, setTarget] = useState<number | null>(null);
  useEffect(() => {
    if (!hasLoad) return;
    void readLoad().then((it) => it.ok && setTarget(it.body.targetPerSecond));
  }, [hasLoad]);
  if (!hasLoad || target === null) return null;
  const commit = (index: number): void => {
    const targetPerSecond = steps[index] ?? 0;
    void writeLoad({ targetPerSecond }).then((it) =>
      it.ok
        ? toast(`Load: ${targetPerSecond} commands a second`)
        : toast.error(problemText(it.problem)),
    );
  };
  return (
    <div className="text-2">
      <div className="flex justify-between">
        <span className="text-fg-2">Load</span>
        <span className="n text-fg-0">{target}/s</span>
      </div>
      <Slider.Root
        className="relative flex h-6 w-full touch-none items-center data-disabled:opacity-40"
        value={[nearestStep(target)]}
        max={steps.length - 1}
        step={1}
        disabled={off !== null}
        title={off === null ? undefined : `Off: ${off}`}
        onValueChange={([index]) => setTarget(steps[index ?? 0] ?? 0)}
        onValueCommit={([index]) => commit(index ?? 0)}
      >
        <Slider.Track className="relative h-1 grow rounded-full bg-bg-3">
          <Slider.Range className="absolute h-full rounded-full bg-fg-2" />
        </Slider.Track>
        <Slider.Thumb
          className="block size-3 rounded-full bg-ink"
          aria-label="Load, commands a second"
          data-testid="load-slider"
        />
      </Slider.Root>
    </div>
  );
}

function nearestStep(target: number): number {
  const at = steps.findIndex((step) => step >= target);
  return at < 0 ? steps.length - 1 : at;
}
