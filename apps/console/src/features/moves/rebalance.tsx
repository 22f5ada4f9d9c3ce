"use client";
import { useRouter } from "next/navigation";
import { useOff } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { previewHref } from "./request.model.ts";

/** Looks at a plan; nothing moves by this, and nothing is written down. */
export function Rebalance() {
  const router = useRouter();
  const off = useOff();
  return (
    <Button
      kind="primary"
      off={off}
      testId="rebalance"
      onClick={() => router.push(previewHref({ kind: "rebalance", whatIf: {} }))}
    >
      Rebalance
    </Button>
  );
}
