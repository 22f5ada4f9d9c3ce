import { draw, drawClock, find, inMoney } from "./card.ts";
import { House, type SeenLot } from "./house.ts";

const pastLimit = 6;

// Of this tab: another one may bid against it.
let me = sessionStorage.getItem("name");
let isDue = false;
const house = new House(() => {
  // Many events may come at once; one drawing shows them all.
  if (!isDue) requestAnimationFrame(drawAll);
  isDue = true;
});
const cards = new Map<string, HTMLElement>();
const byId = <E extends HTMLElement>(id: string): E => find<E>(document, `#${id}`);

house.follow(new EventSource("/events"));
drawAll();
setInterval(drawClocks, 100);

function drawAll(): void {
  isDue = false;
  const lots = [...house.lots.values()];
  const closesMs = ({ state }: SeenLot): number => Date.parse(state.closesAt);
  const open = lots.filter(({ state }) => state.phase === "open");
  const past = lots.filter(({ state }) => state.phase !== "open");
  show(
    "open",
    open.sort((a, b) => closesMs(a) - closesMs(b)),
  );
  show("past", past.sort((a, b) => closesMs(b) - closesMs(a)).slice(0, pastLimit));
  byId("quiet").hidden = open.length > 0;
  byId("over").hidden = past.length === 0;
  const link = house.isLive ? "live" : "connecting";
  if (byId("link").textContent !== link) byId("link").textContent = link;
  drawSeat();
  const balances = [...house.purses.values()].map(({ balance }) => balance);
  byId("money").textContent = inMoney(balances.reduce((sum, balance) => sum + balance, 0));
  byId("console").hidden = house.consoleUrl === null;
  find<HTMLAnchorElement>(byId("console"), "a").href = house.consoleUrl ?? "";
  drawClocks();
}

/** A card moves only where its place has changed: somebody may be typing in it. */
function show(list: "open" | "past", lots: readonly SeenLot[]): void {
  const place = byId(list);
  const shown = lots.map((lot) => cards.get(lot.id) ?? newCard(lot.id));
  for (const card of [...place.children]) if (!shown.includes(card as HTMLElement)) card.remove();
  for (const [index, card] of shown.entries()) {
    if (place.children[index] !== card) place.insertBefore(card, place.children[index] ?? null);
    draw(card, lots[index] as SeenLot, house, me);
  }
}

function newCard(id: string): HTMLElement {
  const copy = byId<HTMLTemplateElement>("lot").content.cloneNode(true) as DocumentFragment;
  const card = find<HTMLElement>(copy, "li");
  cards.set(id, card);
  const form = find<HTMLFormElement>(card, "form");
  onSubmit(form, async () => {
    if (me === null) {
      byId("name").focus();
      throw new Error("Take a seat first.");
    }
    const field = find<HTMLInputElement>(form, "input");
    const amount = Number(field.value || field.placeholder);
    await call("POST", `lots/${id}/bids`, { bidder: me, amount });
    field.value = "";
    return "Your bid stands.";
  });
  return card;
}

function drawClocks(): void {
  for (const lot of house.lots.values()) {
    const card = cards.get(lot.id);
    if (card !== undefined && lot.state.phase === "open") drawClock(card, lot, house.nowMs());
  }
}

function drawSeat(): void {
  byId("seat").hidden = me !== null;
  byId("seated").hidden = me === null;
  byId("me").textContent = me;
  byId("purse").textContent = inMoney(house.purses.get(me ?? "")?.balance ?? 0);
}

onSubmit(byId<HTMLFormElement>("seat"), async () => {
  const name = byId<HTMLInputElement>("name").value.trim();
  await call("PUT", `purses/${encodeURIComponent(name)}`, {});
  sessionStorage.setItem("name", name);
  me = name;
  drawAll();
  return "";
});

byId("leave").addEventListener("click", () => {
  sessionStorage.removeItem("name");
  me = null;
  drawAll();
});

onSubmit(byId<HTMLFormElement>("new-lot"), async (form) => {
  const fields = new FormData(form);
  await call("PUT", `lots/${crypto.randomUUID().slice(0, 8)}`, {
    title: fields.get("title"),
    seller: me ?? "the house",
    reserve: Number(fields.get("reserve")),
    closesInMs: 1_000 * Number(fields.get("seconds")),
  });
  form.reset();
  return "It is open.";
});

/** Says below the form what became of it. Until that is known, it cannot be sent again. */
function onSubmit(form: HTMLFormElement, run: (form: HTMLFormElement) => Promise<string>): void {
  const said = find(form, ".said");
  const button = find<HTMLButtonElement>(form, "button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const [text, isGood] = await run(form).then(
      (done) => [done, true] as const,
      (error: Error) => [error.message, false] as const,
    );
    button.disabled = false;
    said.textContent = text;
    said.classList.toggle("bad", !isGood);
  });
}

/** One command of one entity. The key makes it count once, however often it is sent on the way. */
async function call(method: string, path: string, body: unknown): Promise<void> {
  const response = await fetch(`/api/${path}`, {
    method,
    headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
    body: JSON.stringify(body),
  });
  if (response.ok) return;
  const { message } = (await response.json()) as { readonly message: string };
  throw new Error(message);
}
