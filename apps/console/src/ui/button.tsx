import type { ComponentProps } from "react";
import { Glyph } from "./glyph.tsx";

export interface ButtonProps extends Omit<ComponentProps<"button">, "type"> {
  readonly kind?: "plain" | "primary" | "danger" | "ghost";
  /** Why it is off. Its presence turns the button off and is what a reader hears. */
  readonly off?: string | null | undefined;
  readonly testId?: string;
  /** Sends the form that it stands in. */
  readonly submits?: boolean;
}

export function Button({
  kind = "plain",
  off,
  testId,
  submits = false,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  const isOff = off !== null && off !== undefined;
  return (
    <button
      {...rest}
      type={submits ? "submit" : "button"}
      className={`btn ${rest.className ?? ""}`}
      data-kind={kind}
      data-testid={testId}
      disabled={isOff || disabled}
      title={isOff ? `Off: ${off}` : rest.title}
    >
      {isOff && <Glyph name="lock" className="size-2.5" />}
      {children}
    </button>
  );
}
