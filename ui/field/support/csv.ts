import { cleaned } from "../../shared/spelling";
import type { Rows } from "./source";

/** Rows as a table that spreadsheets open. */
export function csv(rows: Rows): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))];
  return lines.map((line) => line.map((cell) => quoted(harmless(String(cell)))).join(",") + "\r\n").join("");
}

/**
 * What a spreadsheet may take for a formula gets an apostrophe, by which it is a text. Blanks, line breaks and what is
 * not seen do not hide its beginning, nor do wide signs; a number alone, negative or not, is no formula.
 */
function harmless(text: string): string {
  const seen = cleaned(text);
  if (/^-?\d+([.,]\d+)?(e[+-]?\d+)?$/i.test(text)) return text;
  return /^[=+\-@|%]/.test(seen) || /^[\t\r\n]/.test(text) ? `'${text}` : text;
}

/** Other separators than the comma are quoted as well: which one splits cells depends on who opens it. */
function quoted(text: string): string {
  return /[",;\t\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
