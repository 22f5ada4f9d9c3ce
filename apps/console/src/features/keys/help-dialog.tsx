"use client";
import { Dialog } from "radix-ui";
import { usePreference } from "../settings/preferences.ts";
import { KeyCaps } from "./key-caps.tsx";
import { type Key, type KeyGroup, type KeyId, keys, localKeys } from "./keys.ts";
import { useAnsweredKeys } from "./use-key.ts";

const groups: readonly KeyGroup[] = ["Go to", "Everywhere", "Time", "In tables and maps"];

/** Every key, from the table that is listened to. */
export function HelpDialog(props: { readonly isOpen: boolean; close(): void }) {
  const isAnswered = useAnsweredKeys();
  const singleKeys = usePreference("keys") === "on";
  const all: readonly (Key & { readonly isHere: boolean })[] = [
    ...Object.entries(keys)
      .map(([id, it]) => ({ ...it, isHere: isAnswered(id as KeyId) }))
      // A page that this console does not have has no key either.
      .filter((it) => it.isHere || it.group !== "Go to"),
    ...localKeys.map((it) => ({ ...it, isHere: true })),
  ];
  return (
    <Dialog.Root open={props.isOpen} onOpenChange={(isOpen) => !isOpen && props.close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content
          className="dlg w-[min(640px,calc(100vw-24px))]!"
          aria-describedby={undefined}
          data-testid="key-help"
        >
          <Dialog.Title className="text-4 px-5 pt-[18px] font-semibold text-fg-0">
            Keys
          </Dialog.Title>
          {!singleKeys && (
            <p className="text-2 px-5 pt-1 text-warning-text">
              Single keys are turned off in the settings; only chords work.
            </p>
          )}
          <div className="columns-2 gap-10 px-5 pt-3 pb-5 phone:columns-1">
            {groups.map((group) => (
              <section key={group} aria-label={group} className="mb-4 break-inside-avoid">
                <h3 className="text-1 mb-1 font-normal text-fg-2">{group}</h3>
                <dl>
                  {all
                    .filter((it) => it.group === group)
                    .map((it) => (
                      <div
                        key={it.words}
                        className="flex h-7 items-center justify-between gap-3"
                        data-testid="key-row"
                      >
                        <dt className={it.isHere ? "text-fg-1" : "text-fg-2"}>
                          {it.words}
                          {!it.isHere && <span className="text-1"> · not on this page</span>}
                        </dt>
                        <dd>
                          <KeyCaps caps={it.caps} />
                          <span className="sr-only">{it.caps.join(" then ")}</span>
                        </dd>
                      </div>
                    ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
