import { SvelteMap } from "svelte/reactivity";
import type { ClockPeriod } from "./model";

/**
 * What the clocks of zones show, as Rust says it. The web view is never asked: its own data can be years old, and would file
 * a time hours off without a sign.
 */

export interface Period {
  /** Since when, as an instant. The first period of a zone counts for everything before it as well. */
  from: number;
  /** Milliseconds that are added to universal time. */
  offset: number;
  name: string;
}

type Ask = (zone: string) => Promise<readonly ClockPeriod[] | null>;

/** Null is a zone that nobody knows. */
const zones = new SvelteMap<string, readonly Period[] | null>();
const asked = new Map<string, Promise<void>>();
let ask: Ask | undefined;

/** From now on whoever needs a zone's clocks asks this. */
export function askForClocks(whom: Ask): void {
  ask = whom;
}

export function learn(zone: string, periods: readonly ClockPeriod[] | null): void {
  const read = ({ from, offset, name }: ClockPeriod) => ({ from: Date.parse(from), offset: offset * 1000, name });
  zones.set(zone, periods && periods.map(read));
}

/**
 * Resolves when the zone's clocks are known here. They are asked for once, because they do not change while the app runs; what
 * could not be answered is asked for again by whoever needs it next.
 */
export function learned(zone: string): Promise<void> {
  if (zones.has(zone) || !ask) return Promise.resolve();
  const asking = asked.get(zone) ?? ask(zone).then((periods) => learn(zone, periods)).catch(() => void asked.delete(zone));
  asked.set(zone, asking);
  return asking;
}

/** Whether nobody knows the zone. One of which no answer has come yet is not known either, but nothing is said of it. */
export function isUnknown(zone: string): boolean {
  return clocks(zone) === null;
}

/** Whether times of the zone can be shown and entered. */
export function isKnown(zone: string): boolean {
  return Boolean(clocks(zone));
}

/** The period in which an instant is; nothing where the zone is not known. */
export function periodAt(at: number, zone: string): Period | undefined {
  const periods = clocks(zone) ?? [];
  return periods.findLast(({ from }) => from <= at) ?? periods[0];
}

/** By how many milliseconds clocks of the zone have ever differed from universal time, each once. */
export function offsetsOf(zone: string): number[] {
  return [...new Set((clocks(zone) ?? []).map(({ offset }) => offset))];
}

function clocks(zone: string): readonly Period[] | null | undefined {
  const known = zones.get(zone);
  // A page shows a zone that came with a record: it shows again by itself when the answer is there.
  if (known === undefined) void learned(zone);
  return known;
}
