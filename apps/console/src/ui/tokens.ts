/** The style sheet's custom properties for canvases, read once per theme. */
export class Tokens {
  #theme: string | null = null;
  readonly #values = new Map<string, string>();

  get(name: string): string {
    const root = document.documentElement;
    // Asked for each cell of a map: `dataset` would be looked up by another object each time.
    const theme = root.getAttribute("data-theme");
    if (theme !== this.#theme) {
      this.#theme = theme;
      this.#values.clear();
    }
    let value = this.#values.get(name);
    if (value === undefined) {
      value = getComputedStyle(root).getPropertyValue(`--${name}`).trim();
      this.#values.set(name, value);
    }
    return value;
  }
}
