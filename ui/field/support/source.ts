import type { Looking } from "../../shared/model";

export type Cell = string | number | boolean | null;
export type Rows = Record<string, Cell>[];

/** What the support window asks. Every call that fails rejects with an Error whose message is for people. */
export interface Source {
  /** Copies the store anew; statements are answered from that copy from then on. */
  lookAgain(): Promise<Looking>;
  select(database: string, sql: string): Promise<Rows>;
}

/** More rows than anybody reads. */
export const MOST = 500;

/** What can stand within another SELECT. */
const READS = /^(?:\s|--.*\n|\/\*[\s\S]*?\*\/)*(?:SELECT|WITH|VALUES)\b/i;

/** The statement with a limit of one row more than is shown, so that it is known whether there are more. */
export function limited(sql: string): string {
  // Refused as it stands, so that it is told why.
  if (!READS.test(sql)) return sql;
  // A comment at its end must not swallow the limit.
  return `SELECT * FROM (\n${sql.trim().replace(/;+\s*$/, "")}\n) LIMIT ${MOST + 1}`;
}
