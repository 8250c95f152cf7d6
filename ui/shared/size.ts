import { t } from "./strings";

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** A number of bytes as people read it: "1.2 MB". */
export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // 999.95 kB would be shown as 1,000.0 kB.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 1 && value < 100 ? 1 : 0;
  return `${value.toLocaleString(t.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${UNITS[unit]}`;
}
