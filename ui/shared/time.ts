import { t } from "./strings";
import { isUnknown, offsetsOf, periodAt } from "./zones";

/**
 * Times are shown in the zone of the record or the yard, never the device's: a kiosk set to the wrong zone, or a
 * phone that crossed the border, shows the same time as the gate's clock. What that clock shows is Rust's to say.
 */

/** What a wall shows, written as if it were universal time; nothing where the zone is not known. */
function onWall(at: string | number, zone: string): Date | undefined {
  const instant = new Date(at).getTime();
  const period = periodAt(instant, zone);
  return period && !Number.isNaN(instant) ? new Date(instant + period.offset) : undefined;
}

/** Instead of a time: one by another zone's clocks would be taken for the gate's. */
function unknown(zone: string): string {
  return isUnknown(zone) ? t.time.unknownZone(zone) : "";
}

/** `14:05` */
export function clock(at: string | number, zone: string): string {
  return onWall(at, zone)?.toISOString().slice(-13, -8) ?? unknown(zone);
}

/** `20:05 UTC`, for what is of no place, beside other times of that sort. */
export function universal(at: string): string {
  return `${new Date(at).toISOString().slice(-13, -8)} UTC`;
}

/** `2026-03-04`, for comparing days. */
function dayOf(wall: Date): string {
  return wall.toISOString().slice(0, -14);
}

const DAY = 86_400_000;

/** `14:05` today, `tomorrow 09:00`, `yesterday 23:50`, otherwise `Mar 4, 14:05`, with the year when it is another. */
export function moment(at: string | number, zone: string, now: number): string {
  const [wall, today] = [onWall(at, zone), onWall(now, zone)];
  if (!wall || !today) return unknown(zone);
  const time = clock(at, zone);
  const other = (days: number) => dayOf(new Date(today.getTime() + days * DAY));
  if (dayOf(wall) === other(0)) return time;
  if (dayOf(wall) === other(1)) return t.time.tomorrow(time);
  if (dayOf(wall) === other(-1)) return t.time.yesterday(time);
  const year = wall.getUTCFullYear() === today.getUTCFullYear() ? {} : { year: "numeric" as const };
  // It is written as universal time, and so read as that.
  const format = new Intl.DateTimeFormat(t.locale, { month: "short", day: "numeric", ...year, timeZone: "UTC" });
  return `${format.format(wall)}, ${time}`;
}

/** `2026-03-04T14:05` in that zone, as a form's field for day and time wants it; empty where the zone is not known. */
export function wallTime(at: string, zone: string): string {
  return onWall(at, zone)?.toISOString().slice(0, -8) ?? "";
}

/** An instant at which clocks show a time, and what they are called then, such as `CDT`. */
export interface Reading {
  at: string;
  name: string;
}

/**
 * The instants at which clocks of that zone show this, the earlier first: two in the hour that comes twice in autumn. A time
 * in an hour that is skipped counts on from before it. None, if it is no time or nobody knows the zone.
 */
export function readings(wall: string, zone: string): Reading[] {
  const shown = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(wall) ? Date.parse(`${wall.slice(0, 16)}Z`) : Number.NaN;
  const before = periodAt(shown - DAY, zone);
  if (Number.isNaN(shown) || !before) return [];
  const exact = offsetsOf(zone)
    .map((offset) => shown - offset)
    .filter((at) => onWall(at, zone)?.getTime() === shown);
  const instants = exact.length > 0 ? exact.sort((one, other) => one - other) : [shown - before.offset];
  return instants.map((at) => ({ at: new Date(at).toISOString(), name: zoneName(zone, at) }));
}

/**
 * The instant that somebody means who corrects a time to this: of two, the one nearest to what was there. Nothing if it is
 * no time.
 */
export function instantOf(wall: string, zone: string, before: string): string | undefined {
  const distance = ({ at }: Reading) => Math.abs(Date.parse(at) - Date.parse(before));
  return readings(wall, zone).sort((one, other) => distance(one) - distance(other))[0]?.at;
}

/** What else the clocks that show an instant may have meant, in the hour that comes twice. */
export function otherReading(at: string, zone: string): Reading | undefined {
  return readings(wallTime(at, zone), zone).find((reading) => Math.abs(Date.parse(reading.at) - Date.parse(at)) >= 60_000);
}

/** `CST`, for a place that shows which clock is meant; nothing where the zone is not known. */
export function zoneName(zone: string, now: number): string {
  return periodAt(now, zone)?.name ?? "";
}

export interface Due {
  text: string;
  overdue: boolean;
}

export function due(at: string, zone: string, now: number): Due {
  const overdue = Date.parse(at) < now;
  const when = moment(at, zone, now);
  return { text: overdue ? t.work.overdue(when) : t.work.due(when), overdue };
}
