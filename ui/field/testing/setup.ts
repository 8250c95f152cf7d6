import { vi } from "vitest";

// What jsdom lacks and the pages touch.
Object.defineProperty(window, "matchMedia", {
  writable: true,
  value: (media: string) => ({
    media,
    matches: false,
    addEventListener: () => {},
    removeEventListener: () => {},
    addListener: () => {},
    removeListener: () => {},
    dispatchEvent: () => false,
    onchange: null,
  }),
});

// A canvas that draws nothing: signature_pad needs one, no test looks at its pixels.
const nothing = new Proxy({}, { get: () => () => {}, set: () => true }) as CanvasRenderingContext2D;
HTMLCanvasElement.prototype.getContext = vi.fn(() => nothing) as never;

if (!globalThis.CSS?.escape) {
  globalThis.CSS = { escape: (text: string) => text.replaceAll(/[^\w-]/g, (it) => `\\${it}`) } as typeof CSS;
}

/**
 * The zone data of a web view as Debian 12 has it, from before Mexico changed its clocks at the end of 2022. Node's is newer, so
 * this is simulated before it: there is no America/Ciudad_Juarez; Ojinaga and Chihuahua still keep mountain time, for which
 * Denver answers (in summer Chihuahua's changes were on other days); and as the pages are to ask for no place, there is no
 * other place either. The device's own clock is set to the far side of the world (`vitest.config.ts`).
 */
const OUTDATED: Record<string, string> = {
  UTC: "UTC",
  "America/Ojinaga": "America/Denver",
  "America/Chihuahua": "America/Denver",
};
const { DateTimeFormat } = Intl;

function outdated(locale?: string, options: Intl.DateTimeFormatOptions = {}): Intl.DateTimeFormat {
  const zone = options.timeZone;
  if (zone === undefined) return new DateTimeFormat(locale, options);
  if (OUTDATED[zone] === undefined) throw new RangeError(`invalid time zone: ${zone}`);
  return new DateTimeFormat(locale, { ...options, timeZone: OUTDATED[zone] });
}

Object.defineProperty(Intl, "DateTimeFormat", {
  value: new Proxy(DateTimeFormat, {
    construct: (_, [locale, options]: Parameters<typeof outdated>) => outdated(locale, options),
    apply: (_, __, [locale, options]: Parameters<typeof outdated>) => outdated(locale, options),
  }),
});
const told = (by: Intl.DateTimeFormatOptions) =>
  function (this: Date, locale?: string, options?: Intl.DateTimeFormatOptions) {
    return outdated(locale, options ?? by).format(this);
  };
Date.prototype.toLocaleString = told({ dateStyle: "medium", timeStyle: "medium" });
Date.prototype.toLocaleDateString = told({ dateStyle: "medium" });
Date.prototype.toLocaleTimeString = told({ timeStyle: "medium" });
