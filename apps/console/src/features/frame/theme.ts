/** Runs before the first paint, so that nobody sees the other theme or density first. */
export const themeScript = `(()=>{let t=null,d=null;try{t=localStorage.getItem("theme");d=localStorage.getItem("density")}catch{}const r=document.documentElement.dataset;r.theme=t==="light"||t==="dark"?t:matchMedia("(prefers-color-scheme: light)").matches?"light":"dark";if(d==="compact")r.density=d})()`;

/** Canvases read the tokens and listen for this. */
export const themeEvent = "leasehold-theme";
