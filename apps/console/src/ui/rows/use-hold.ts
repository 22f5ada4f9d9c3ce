import {
  type FocusEvent,
  type KeyboardEvent,
  type PointerEvent,
  type UIEvent,
  useRef,
  useState,
} from "react";
import { freeRows, type HeldRow, type HeldRows, holdRows, settleRows } from "./hold.model.ts";
import { walkRows } from "./walk-rows.ts";

/** Put on the element around the rows. */
export interface HoldHandlers {
  onPointerEnter(event: PointerEvent): void;
  onPointerLeave(event: PointerEvent): void;
  onFocus(event: FocusEvent): void;
  onBlur(event: FocusEvent): void;
  /** Arrows walk the rows. */
  onKeyDown(event: KeyboardEvent<HTMLElement>): void;
  onScroll?(event: UIEvent<HTMLElement>): void;
  readonly "data-held": boolean;
}

export interface Hold {
  /** A pointer or the focus is on the rows, or somebody reads further down. */
  readonly isHeld: boolean;
  readonly handlers: HoldHandlers;
}

/**
 * Whether a hand is on some rows.
 *
 * @param holdsScrolled also while they are scrolled down: where the newest stands first, everything below
 * would run away.
 */
export function useHold(holdsScrolled = false): Hold {
  const [isPointed, setPointed] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const [isScrolled, setScrolled] = useState(false);
  const isHeld = isPointed || isFocused || isScrolled;
  const onScroll = (event: UIEvent<HTMLElement>): void =>
    setScrolled(event.currentTarget.scrollTop > scrolledPx);
  return {
    isHeld,
    handlers: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocus: () => setFocused(true),
      onBlur: (event) => setFocused(event.currentTarget.contains(event.relatedTarget)),
      onKeyDown: walkRows,
      ...(holdsScrolled ? { onScroll } : {}),
      "data-held": isHeld,
    },
  };
}

const scrolledPx = 28;

export interface UsedRows<T> extends HeldRows<T>, Hold {
  /** Takes what has changed over, though they are held. */
  apply(): void;
}

/**
 * Rows that neither move nor go while a pointer or the focus is on them.
 *
 * @param kindOf where rows come and go quickly: those of a kind take each other's places. Default: as `fresh` has them.
 * @param question what the rows answer: another filter or order is the hand's own wish, and holds nothing.
 */
export function useHeldRows<T>(
  fresh: readonly T[],
  keyOf: (row: T) => string,
  question: unknown = null,
  kindOf: ((row: T) => string) | null = null,
): UsedRows<T> {
  const hold = useHold();
  const shown = useRef<readonly HeldRow<T>[] | null>(null);
  const asked = useRef(question);
  const [, setApplied] = useState(0);
  if (asked.current !== question) shown.current = null;
  asked.current = question;
  const held = hold.isHeld && shown.current !== null ? shown.current : null;
  const settled = kindOf === null ? fresh : settleRows(shown.current ?? [], fresh, keyOf, kindOf);
  const now = held === null ? freeRows(settled, keyOf) : holdRows(held, fresh, keyOf);
  shown.current = now.rows;
  const apply = (): void => {
    shown.current = null;
    setApplied((times) => times + 1);
  };
  return { ...now, ...hold, apply };
}

/** A value that stands still while it is held. */
export function useHeldValue<T>(fresh: T, isHeld: boolean): { readonly value: T; apply(): void } {
  const [held, setHeld] = useState<{ readonly value: T } | null>(null);
  if (isHeld && held === null) setHeld({ value: fresh });
  if (!isHeld && held !== null) setHeld(null);
  const value = isHeld && held !== null ? held.value : fresh;
  return { value, apply: () => setHeld({ value: fresh }) };
}
