import { t } from "./strings";

/**
 * Times are shown in the zone of the record or the yard, never the device's: a kiosk set to the wrong zone, or a
 * phone that crossed the border, shows the same time as the gate's clock.
 */

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(t.locale, { ...options, timeZone: knownZone(zone) });
  formats.set(key, made);
  return made;
}

/** A zone this platform does not know must not take the page down. */
function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

/** `14:05` */
export function clock(at: string | number, zone: string): string {
  return format(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at));
}

/** `2026-03-04`, for comparing days. */
function day(at: string | number, zone: string): string {
  const parts = format(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(new Date(at));
  const part = (type: string) => parts.find((it) => it.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

const DAY = 86_400_000;

/** `14:05` today, `tomorrow 09:00`, `yesterday 23:50`, otherwise `Mar 4, 14:05`, with the year when it is another. */
export function moment(at: string | number, zone: string, now: number): string {
  const time = clock(at, zone);
  const date = day(at, zone);
  const noon = (offset: number) => day(Date.parse(`${day(now, zone)}T12:00:00Z`) + offset * DAY, "UTC");
  if (date === day(now, zone)) return time;
  if (date === noon(1)) return t.time.tomorrow(time);
  if (date === noon(-1)) return t.time.yesterday(time);
  const sameYear = date.slice(0, 4) === day(now, zone).slice(0, 4);
  const year = sameYear ? {} : { year: "numeric" as const };
  return `${format(zone, { month: "short", day: "numeric", ...year }).format(new Date(at))}, ${time}`;
}

/** `2026-03-04T14:05` in that zone, as a form's field for day and time wants it. */
export function wallTime(at: string, zone: string): string {
  return `${day(at, zone)}T${clock(at, zone)}`;
}

/** An instant at which clocks show a time, and what they are called then, such as `CDT`. */
export interface Reading {
  at: string;
  name: string;
}

/**
 * The instants at which clocks of that zone show this, the earlier first: two in the hour that comes twice in autumn. A time
 * in an hour that is skipped counts on from before it. None, if it is no time.
 */
export function readings(wall: string, zone: string): Reading[] {
  const asUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(wall) ? Date.parse(`${wall.slice(0, 16)}Z`) : Number.NaN;
  if (Number.isNaN(asUtc)) return [];
  const offset = (at: number) => Date.parse(`${wallTime(new Date(at).toISOString(), zone)}Z`) - at;
  const candidates = [asUtc - DAY, asUtc + DAY].map((near) => asUtc - offset(near - (near % 60_000)));
  const exact = candidates.filter((at) => wallTime(new Date(at).toISOString(), zone) === wall.slice(0, 16));
  const instants = exact.length > 0 ? [...new Set(exact)].sort((one, other) => one - other) : candidates.slice(0, 1);
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

/** `CST`, for a place that shows which clock is meant. */
export function zoneName(zone: string, now: number): string {
  const parts = format(zone, { timeZoneName: "short" }).formatToParts(new Date(now));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
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
