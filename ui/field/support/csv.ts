import type { Rows } from "./source";

/** Rows as a table that spreadsheets open. */
export function csv(rows: Rows): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))];
  return lines.map((line) => line.map((cell) => quoted(String(cell))).join(",") + "\r\n").join("");
}

function quoted(text: string): string {
  // What begins like a formula would be run as one by a spreadsheet.
  const safe = /^[=+@\t]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
