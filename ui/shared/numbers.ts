/** What a person typed as a number: the number that is kept of it; null where it is none; undefined where nothing is typed. */
export type Reading = number | null | undefined;

/** What becomes of the part behind the decimal separator. An odometer's next mile has not been driven yet. */
export type Keep = "cut" | "rounded";

/**
 * Reads a number by the separators of a language: `412,345.6` in English is `412.345,6` in German. Groups must be whole, so
 * that nobody's decimal comma passes for a separator of thousands; blanks may part them in every language. There is no
 * number below zero on an odometer or a scale.
 */
export function readNumber(text: string, locale: string, keep: Keep, most = 999_999_999): Reading {
  const typed = text.normalize("NFKC").trim();
  if (typed === "") return undefined;
  const { group, decimal } = separators(locale);
  const parts = typed.split(decimal);
  const [whole = "", fraction = ""] = parts;
  const groups = whole.split(new RegExp(`[${escaped(group)}\\s]`));
  const isWhole = groups.length === 1 ? /^\d+$/.test(whole) : groups.every((it, at) => (at === 0 ? /^\d{1,3}$/ : /^\d{3}$/).test(it));
  if (parts.length > 2 || !isWhole || !/^\d*$/.test(fraction)) return null;
  const exact = Number(`${groups.join("")}.${fraction || "0"}`);
  const kept = keep === "cut" ? Math.trunc(exact) : Math.round(exact);
  return kept <= most ? kept : null;
}

/** A number as it is read in that language. */
export function writeNumber(value: number, locale: string): string {
  return value.toLocaleString(locale);
}

function separators(locale: string): { group: string; decimal: string } {
  const parts = new Intl.NumberFormat(locale, { useGrouping: true }).formatToParts(1_234_567.8);
  const of = (type: string, otherwise: string) => parts.find((part) => part.type === type)?.value ?? otherwise;
  return { group: of("group", ",").normalize("NFKC"), decimal: of("decimal", ".") };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\\]^-]/g, "\\$&");
}
