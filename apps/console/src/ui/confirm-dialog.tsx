"use client";
import { AlertDialog } from "radix-ui";
import { type ReactNode, useId, useState } from "react";
import { environmentKind, useEnvironment } from "../features/frame/environment.ts";
import { session } from "../live/session.ts";
import { useLive } from "../live/use-live.ts";
import { Button } from "./button.tsx";

export interface ConfirmDialogProps {
  readonly isOpen: boolean;
  readonly title: string;
  /** Verb and count: what the button does. */
  readonly verb: string;
  readonly isDangerous?: boolean;
  /** A word that must be typed first, for what cannot be taken back. */
  readonly typed?: string | undefined;
  /** Why it cannot be confirmed now. */
  readonly off?: string | null;
  readonly children: ReactNode;
  close(): void;
  confirm(): Promise<void>;
}

/** A question with its environment on top: the wrong cluster is the mistake that hurts most. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { name, cluster } = useEnvironment();
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  const field = useId();
  const clusterName = useLive((it) => it.meta?.cluster) ?? cluster;
  const isUntyped = props.typed !== undefined && text !== props.typed;
  const confirm = async (): Promise<void> => {
    setBusy(true);
    await props.confirm();
    setBusy(false);
    // Nobody is signed in any more, and chose to stay so: the question stays, with what was typed.
    if (session.store.getState().ended !== null) return;
    setText("");
    props.close();
  };
  return (
    <AlertDialog.Root open={props.isOpen} onOpenChange={(isOpen) => !isOpen && props.close()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="scrim" />
        <AlertDialog.Content className="dlg" data-testid="dialog">
          <div className="env h-7" data-testid="dialog-env">
            <span className="env-tag w-auto!" data-env={environmentKind(name)}>
              {name.toUpperCase()}
            </span>
            <span>
              <b>{clusterName}</b>
            </span>
          </div>
          <AlertDialog.Title className="text-4 px-5 pt-[18px] font-semibold">
            {props.title}
          </AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div className="space-y-3 px-5 pt-2 pb-[18px]">{props.children}</div>
          </AlertDialog.Description>
          {props.typed !== undefined && (
            <div className="px-5 pb-[18px]">
              <label className="text-2" htmlFor={field}>
                Type <b className="n font-medium text-fg-0">{props.typed}</b> to go on
              </label>
              <input
                id={field}
                className="inp mt-1.5 h-8 w-full font-mono"
                value={text}
                autoComplete="off"
                spellCheck={false}
                data-testid="dialog-typed"
                onChange={(event) => setText(event.target.value)}
              />
            </div>
          )}
          <div className="flex justify-end gap-2 border-line-1 border-t bg-bg-0 px-5 py-3">
            <AlertDialog.Cancel asChild>
              <Button kind="ghost">Cancel</Button>
            </AlertDialog.Cancel>
            <Button
              kind={props.isDangerous ? "danger" : "primary"}
              off={props.off ?? null}
              disabled={isUntyped || isBusy}
              testId="dialog-confirm"
              onClick={() => void confirm()}
            >
              {props.verb}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
