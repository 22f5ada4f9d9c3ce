/** The style sheet's custom properties for canvases, read once per theme. */
export class Tokens {
  #theme: string | undefined;
  readonly #values = new Map<string, string>();

  get(name: string): string {
    const root = document.documentElement;
    const theme = root.dataset["theme"];
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
