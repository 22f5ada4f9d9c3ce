"use client";
import { Popover } from "radix-ui";
import { duration } from "../../live/say.ts";
import { signOut } from "../../live/send-command.ts";
import { useSession } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import type { YouFrame } from "../../wire/relay-frames.ts";
import { roleMeans } from "./role-means.ts";

/** Who sits here, in the environment's row: a viewer is told at once that nothing can be done. */
export function WhoFact() {
  const you = useSession((it) => it.you);
  if (you === null) return null;
  if (you.isOpen) {
    return (
      <span className="env-fact" data-testid="open-notice">
        <Glyph name="lock" tone="unknown" className="size-2.5" />
        <span>
          Open on this machine<span className="small:hidden">: anyone here may act</span>
        </span>
      </span>
    );
  }
  return (
    <>
      {you.role === "viewer" && (
        <span className="env-fact" data-testid="read-only">
          <Glyph name="lock" tone="unknown" className="size-2.5" />
          <b className="tracking-[.04em]">READ-ONLY</b>
        </span>
      )}
      <span className="env-fact" data-testid="who" data-role={you.role}>
        {you.name} · {you.role}
      </span>
    </>
  );
}

/** The initials at the right of the top bar, and what is behind them. */
export function WhoMenu() {
  const you = useSession((it) => it.you);
  if (you === null || you.isOpen) return null;
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <button
          type="button"
          className="text-1 ml-1.5 grid size-[26px] flex-none place-items-center rounded-full border border-line-2 bg-bg-2 font-semibold text-fg-0"
          aria-label={`${you.name}, ${you.role}`}
          data-testid="who-menu"
        >
          {initialsOf(you.name)}
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          className="z-20 w-64 rounded-(--r-3) border border-line-2 bg-bg-1 p-4 shadow-(--shadow)"
        >
          <WhoCard you={you} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function WhoCard({ you }: { readonly you: YouFrame }) {
  // The socket is cut by this, and the page says so.
  const leave = (): void => void signOut();
  return (
    <>
      <p className="font-semibold text-fg-0">{you.name}</p>
      <p className="text-2 mt-0.5 text-fg-2">
        Role <b className="font-medium text-fg-0">{you.role}</b>. {roleMeans[you.role]}
      </p>
      {you.expiresInMs !== null && (
        <p className="text-2 mt-2 text-fg-2">
          When this page connected, the session had{" "}
          <span className="n">{duration(you.expiresInMs)}</span> left.
        </p>
      )}
      <Button className="mt-3 w-full" testId="sign-out" onClick={leave}>
        Sign out
      </Button>
    </>
  );
}

function initialsOf(name: string): string {
  const words = name.split(/[\s._@-]+/).filter((it) => it !== "");
  const letters = words.length > 1 ? words.map((it) => it[0] ?? "").join("") : (words[0] ?? "?");
  return letters.slice(0, 2).toUpperCase();
}
