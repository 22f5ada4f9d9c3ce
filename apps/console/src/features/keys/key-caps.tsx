import { useEffect, useState } from "react";

/** Key caps; decorative beside a command that has a name. `mod` is the platform's own. */
export function KeyCaps({ caps }: { readonly caps: readonly string[] }) {
  const mod = useMod();
  return (
    <span className="inline-flex gap-1" aria-hidden="true">
      {caps.map((cap) => (
        <kbd key={cap} className="kbd">
          {cap === "mod" ? mod : cap}
        </kbd>
      ))}
    </span>
  );
}

/** The server does not know the platform: the caps change once, after the page is there. */
function useMod(): string {
  const [mod, setMod] = useState("Ctrl");
  useEffect(() => {
    if (/mac|iphone|ipad/i.test(navigator.platform)) setMod("⌘");
  }, []);
  return mod;
}
