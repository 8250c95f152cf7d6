import { describe, expect, it } from "vitest";
import type { Problem } from "./model";
import { distinct, isToldAtOnce, problemAt, problemsWithin } from "./problems";

const problem = (path: string, severity: Problem["severity"], code: Problem["code"] = "required"): Problem => ({
  path,
  severity,
  code,
  message: `${severity} at ${path}`,
});

describe("problems", () => {
  it("belong to exactly their field, the worst first", () => {
    const all = [problem("/load", "warning"), problem("/load", "error"), problem("/load/x", "error")];
    expect(problemAt(all, "/load")?.severity).toBe("error");
    expect(problemAt(all, "/loa")).toBeUndefined();
  });

  it("are found in a group", () => {
    const all = [problem("/seals", "warning"), problem("/seals/0/number", "error"), problem("/driver/name", "error")];
    expect(problemsWithin(all, "/seals").map(({ path }) => path)).toEqual(["/seals", "/seals/0/number"]);
  });

  it("of a half-typed number wait until the field is left; a wrong check digit does not", () => {
    expect(isToldAtOnce(problem("/n", "warning", "bad_format"))).toBe(false);
    expect(isToldAtOnce(problem("/n", "warning", "wrong_check_digit"))).toBe(true);
  });

  it("are listed once each, in order, and two signatures stay two", () => {
    const signature = (message: string) => ({ ...problem("/signatures", "error"), message });
    const all = [signature("Have A sign."), signature("Have B sign."), signature("Have A sign.")];
    expect(distinct(all).map(({ message }) => message)).toEqual(["Have A sign.", "Have B sign."]);
  });
});
