"use client";
import { Dialog } from "radix-ui";
import { useEffect, useState } from "react";
import { readSession } from "../../live/send-command.ts";
import { session } from "../../live/session.ts";
import { useSession } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import type { SessionView } from "../../wire/session-view.ts";
import { SignInForm } from "./sign-in-form.tsx";

/** Signs in where one stands: the page below, its dialogs and what was typed into them stay as they are. */
export function SignInDialog() {
  const isAsking = useSession((it) => it.isAsking);
  const ended = useSession((it) => it.ended);
  const ways = useWays(isAsking);
  return (
    <Dialog.Root open={isAsking} onOpenChange={(isOpen) => !isOpen && session.dismiss()}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim z-40!" />
        <Dialog.Content
          className="dlg z-41! max-w-[400px]"
          data-testid="sign-in-dialog"
          // The ways in come a moment later; nobody should press "Not now" by the way.
          onOpenAutoFocus={(event) => event.preventDefault()}
        >
          <div className="p-5">
            <Dialog.Title className="text-4 font-semibold">
              {ended === "expired" ? "Your session has ended" : "Sign in again"}
            </Dialog.Title>
            <Dialog.Description className="mt-1 mb-5 text-fg-2">
              Nothing is lost: what you typed is kept, and what you asked for goes on after this.
            </Dialog.Description>
            {ways !== null && (
              <SignInForm ways={ways} to="/" isInPlace signedIn={() => session.signedIn()} />
            )}
          </div>
          <div className="flex justify-end border-line-1 border-t bg-bg-0 px-5 py-3">
            <Dialog.Close asChild>
              <Button kind="ghost">Not now</Button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function useWays(isAsking: boolean): SessionView["ways"] | null {
  const [ways, setWays] = useState<SessionView["ways"] | null>(null);
  useEffect(() => {
    if (!isAsking) return;
    // Without an answer a token is still worth a try: the form says what is wrong then.
    void readSession().then((it) => setWays(it.ok ? it.body.ways : { token: true, oidc: false }));
  }, [isAsking]);
  return ways;
}
