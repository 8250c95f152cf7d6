import type { Problem, ProblemCode } from "./model";
import { isWithin } from "./pointer";

/** What a field shows: a problem of the domain, or the server's objection, which has no code. */
export type FieldProblem = Pick<Problem, "severity" | "message"> & { code?: ProblemCode };

/** Problems that only arise once the text is whole: worth saying while the operator is still in the field. */
const AT_ONCE: readonly ProblemCode[] = ["wrong_check_digit", "read_again", "text_too_long", "text_has_nul"];

/** The worst problem of exactly that field. */
export function problemAt(problems: readonly Problem[], pointer: string): Problem | undefined {
  const here = problems.filter((problem) => problem.path === pointer);
  return here.find((problem) => problem.severity === "error") ?? here[0];
}

/** Whether a problem may be told while the field has the focus. */
export function isToldAtOnce({ code }: FieldProblem): boolean {
  return code === undefined || AT_ONCE.includes(code);
}

/** Problems of the field or anything in it. */
export function problemsWithin(problems: readonly Problem[], pointer: string): Problem[] {
  return problems.filter((problem) => isWithin(problem.path, pointer));
}

/** The list of what is missing: one line per message, in the order of the form. */
export function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, message }) => {
    const key = `${path} ${message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
