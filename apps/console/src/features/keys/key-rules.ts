/** What decides whether a key press is a shortcut: told by the element that has the focus. */
export interface PressTarget {
  /** Text is typed there. */
  readonly isField: boolean;
  /** Space presses it. */
  readonly isPressable: boolean;
  /** A dialog, a menu or the palette is open: the page behind it must not move. */
  readonly isBehindDialog: boolean;
}

export interface KeyPress {
  readonly key: string;
  readonly isChord: boolean;
}

/** Whether a press belongs to the page's shortcuts. A chord always does, except behind a dialog. */
export function isShortcut(press: KeyPress, target: PressTarget, singleKeysOn: boolean): boolean {
  if (target.isBehindDialog) return false;
  if (press.isChord) return true;
  if (!singleKeysOn || target.isField) return false;
  return !(press.key === " " && target.isPressable);
}

const fields = "input, textarea, select, [contenteditable='true']";
const pressable =
  "button, a, summary, [role=button], [role=slider], [role=checkbox], [role=radio], [role=tab], [role=option]";
const dialogs = "[role=dialog], [role=alertdialog], [role=menu]";

export function targetOf(element: Element | null): PressTarget {
  return {
    isField: element?.closest(fields) != null,
    isPressable: element?.closest(pressable) != null,
    isBehindDialog: document.querySelector(dialogs) !== null,
  };
}
