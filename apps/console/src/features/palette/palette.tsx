"use client";
import { Command } from "cmdk";
import { CornerDownLeft, Search } from "lucide-react";
import { useRouter } from "next/navigation";
import { Dialog } from "radix-ui";
import { useMemo, useState } from "react";
import { Glyph } from "../../ui/glyph.tsx";
import { textClass } from "../../ui/tone.ts";
import { pages } from "../frame/pages.ts";
import { KeyCaps } from "../keys/key-caps.tsx";
import { runOffered } from "./commands.ts";
import { findItems, type PaletteItem, paletteGroups } from "./palette.model.ts";
import { paletteWorld } from "./world.ts";

/** Find or run: what is found is a place to go to, what is run is what a button would do. */
export function Palette({ close }: { close(): void }) {
  const router = useRouter();
  const [text, setText] = useState("");
  // The cluster as it was when it was asked: rows must not change under the hand that chooses.
  const items = useMemo(() => findItems(text, paletteWorld()), [text]);
  const choose = (it: PaletteItem): void => {
    close();
    if ("href" in it.action) router.push(it.action.href);
    else runOffered(it.action.run);
  };
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="pal" aria-describedby={undefined} data-testid="palette">
          <Dialog.Title className="sr-only">Find or run</Dialog.Title>
          <Command shouldFilter={false} loop label="Find or run">
            <div className="pal-input">
              <Search className="size-4 flex-none text-fg-2" strokeWidth={1.6} aria-hidden />
              <Command.Input
                value={text}
                onValueChange={setText}
                placeholder="A page, a node, a shard's number, type/id of an entity"
              />
              <kbd className="kbd">esc</kbd>
            </div>
            <Command.List label="Found">
              <Command.Empty>Nothing is called that.</Command.Empty>
              {paletteGroups.map((group) => (
                <Group key={group} group={group} items={items} choose={choose} />
              ))}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Group(props: {
  readonly group: string;
  readonly items: readonly PaletteItem[];
  choose(it: PaletteItem): void;
}) {
  const own = props.items.filter((it) => it.group === props.group);
  if (own.length === 0) return null;
  return (
    <Command.Group heading={props.group}>
      {own.map((it) => (
        <Command.Item
          key={it.id}
          value={it.id}
          data-testid="palette-item"
          data-group={it.group}
          onSelect={() => props.choose(it)}
        >
          <ItemIcon it={it} />
          <span>{it.title}</span>
          {it.name !== undefined && <span className="n text-fg-0">{it.name}</span>}
          {it.word !== undefined && (
            <span className={`text-2 ${it.tone === undefined ? "" : textClass[it.tone]}`}>
              {it.word}
            </span>
          )}
          <span className="flex-1" />
          {it.note !== undefined && (
            <span className={`text-2 text-fg-2 ${/\d/.test(it.note) ? "n" : ""}`}>{it.note}</span>
          )}
          {it.caps !== undefined && <KeyCaps caps={it.caps} />}
          <CornerDownLeft className="pal-enter" strokeWidth={1.6} aria-hidden />
        </Command.Item>
      ))}
    </Command.Group>
  );
}

function ItemIcon({ it }: { readonly it: PaletteItem }) {
  if (it.glyph !== undefined) {
    return (
      <span className="pal-icon">
        <Glyph name={it.glyph} tone={it.tone} />
      </span>
    );
  }
  const Icon = pages.find(({ page }) => page === it.page)?.icon;
  return (
    <span className="pal-icon">
      {Icon !== undefined && <Icon className="size-4 text-fg-2" strokeWidth={1.6} aria-hidden />}
    </span>
  );
}
