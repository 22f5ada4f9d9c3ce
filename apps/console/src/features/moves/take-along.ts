import { toast } from "sonner";

/** What a page shows, as a file. */
export function saveJson(name: string, value: unknown): void {
  const blob = new Blob([JSON.stringify(value, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast.success(`Copied: ${text}`);
  } catch {
    // Not a secure context, or not allowed: it is shown instead, to be marked and copied.
    toast(text, { duration: 20_000 });
  }
}
