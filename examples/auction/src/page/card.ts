import { leastBid } from "../rules.ts";
import type { House, SeenLot } from "./house.ts";

const money = new Intl.NumberFormat("en", {
  style: "currency",
  currency: "EUR",
  maximumFractionDigits: 0,
});
export const inMoney = (amount: number): string => money.format(amount);

/** What a card shows of its lot. Text is set only where it has changed, so that nothing is announced twice. */
export function draw(card: HTMLElement, lot: SeenLot, house: House, me: string | null): void {
  const { id, state, trail } = lot;
  const { phase, best, title, seller, reserve } = state;
  const home = phase === "open" ? house.homeOf(lot) : null;
  card.dataset["lot"] = id;
  card.dataset["phase"] = phase;
  card.dataset["home"] = home ?? "";
  card.style.setProperty("--hue", String(hueOf(id)));
  write(
    card,
    ".plate",
    title
      .replace(/^(an?|the|two) /i, "")
      .slice(0, 1)
      .toUpperCase(),
  );
  write(card, "h3", title);
  write(card, ".seller", `from ${seller}, at ${inMoney(reserve)} or more`);
  write(card, ".amount", inMoney(best?.amount ?? reserve));
  write(card, ".leader", leaderOf(lot, me));
  const wasMine = card.classList.contains("mine");
  const isMine = best !== null && best.bidder === me;
  card.classList.toggle("mine", isMine);
  if (wasMine && !isMine) write(card, ".said", "You have been outbid.");
  const last = trail.slice(0, 2).map(({ bidder, amount }) => `${bidder} ${inMoney(amount)}`);
  if (write(card, ".trail", last.join(""))) {
    find(card, ".trail").replaceChildren(...last.map((text) => element("li", text)));
  }
  find<HTMLInputElement>(card, "input").placeholder = String(leastBid(state));
  write(card, ".outcome", outcomeOf(lot, me));
  const inside = find<HTMLAnchorElement>(card, ".home a");
  if (house.consoleUrl === null) inside.removeAttribute("href");
  else inside.href = `${house.consoleUrl}/entities?type=lot&id=${id}`;
  write(card, ".home a", home === null ? "moving" : `on ${home}`);
}

function leaderOf({ state: { phase, best, bids } }: SeenLot, me: string | null): string {
  if (phase !== "open") return bids === 1 ? "1 bid" : `${bids} bids`;
  if (best === null) return "no bid yet";
  return best.bidder === me ? "You lead" : `${best.bidder} leads`;
}

/** Also between two events: the time that is left. */
export function drawClock(card: HTMLElement, { state, openedMs }: SeenLot, nowMs: number): void {
  const closesMs = Date.parse(state.closesAt);
  const leftMs = Math.max(0, closesMs - nowMs);
  const time = find<HTMLTimeElement>(card, "time");
  time.dateTime = state.closesAt;
  write(card, "time", timeLeft(leftMs));
  write(card, ".call", callAt(leftMs));
  card.classList.toggle("late", leftMs < 10_000);
  card.style.setProperty("--left", String(leftMs / (closesMs - openedMs)));
}

function timeLeft(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = Math.floor(seconds % 60);
  if (minutes < 60) return `${minutes}:${String(rest).padStart(2, "0")}`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function callAt(leftMs: number): string {
  if (leftMs === 0) return "the hammer falls";
  if (leftMs < 4_000) return "going twice";
  return leftMs < 10_000 ? "going once" : "";
}

function outcomeOf({ state: { phase, best, paid } }: SeenLot, me: string | null): string {
  if (phase === "open") return "";
  if (best === null) return "Not sold";
  const winner = best.bidder === me ? "you" : best.bidder;
  const sold = `Sold to ${winner} for ${inMoney(best.amount)}`;
  if (phase === "closed") return `${sold}, being settled`;
  return paid ? `${sold}, settled` : `${sold}, but the purse was too small: void`;
}

/** A colour for each lot. */
function hueOf(id: string): number {
  let hash = 7;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}

export function find<E extends HTMLElement>(within: ParentNode, selector: string): E {
  const found = within.querySelector<E>(selector);
  if (found === null) throw new Error(`The page has no ${selector}.`);
  return found;
}

/** @returns whether it was another text before. */
function write(within: ParentNode, selector: string, text: string): boolean {
  const place = find(within, selector);
  if (place.textContent === text) return false;
  place.textContent = text;
  return true;
}

function element(name: string, text: string): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
