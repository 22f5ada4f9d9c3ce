/** Runs before the first paint, so that nobody sees the other theme first. */
export const themeScript = `(()=>{let t=null;try{t=localStorage.getItem("theme")}catch{}document.documentElement.dataset.theme=t==="light"||t==="dark"?t:matchMedia("(prefers-color-scheme: light)").matches?"light":"dark"})()`;

/** Canvases read the tokens and listen for this. */
export const themeEvent = "leasehold-theme";
