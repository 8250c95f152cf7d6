import { describe, expect, it } from "vitest";
import type { Body, Signature } from "../../shared/model";
import { blankInspection, DVIR } from "../testing/data";
import { canonical, withdraw } from "./merge";

const signature = (name: string): Signature => ({
  role: "author_driver",
  name,
  signed_at: "2026-03-04T17:58:00Z",
  strokes: [[1, 2, 3, 4]],
});

function inspection(change: object): Body {
  const blank = blankInspection(DVIR);
  return { ...blank, body: { ...blank.body, ...change } } as Body;
}

const names = (body: Body) => (body.kind === "inspection" ? (body.body.signatures ?? []).map(({ name }) => name) : []);

describe("what a save took away", () => {
  const submitted = { at: "2026-03-04T18:00:00Z" };

  it("is taken from the newer draft as well, so that it is not sent back as new", () => {
    const sent = inspection({ remarks: "a", signatures: [signature("Old")], submitted });
    const answered = inspection({ remarks: "a" });
    const draft = withdraw(sent, answered, inspection({ remarks: "ab", signatures: [signature("Old")], submitted }));
    expect(names(draft)).toEqual([]);
    expect(draft.body).toMatchObject({ remarks: "ab" });
    expect("submitted" in draft.body).toBe(false);
  });

  it("does not include a signature given since then", () => {
    const sent = inspection({ remarks: "a", signatures: [signature("Old")] });
    const draft = inspection({ remarks: "a", signatures: [signature("Old"), signature("New")] });
    expect(names(withdraw(sent, inspection({ remarks: "a" }), draft))).toEqual(["New"]);
  });

  it("is nothing when the answer still has it, in whatever order its fields come", () => {
    const { role, ...rest } = signature("Old");
    const sent = inspection({ signatures: [signature("Old")], submitted });
    const answered = inspection({ signatures: [{ ...rest, role }], submitted });
    const draft = withdraw(sent, answered, sent);
    expect(names(draft)).toEqual(["Old"]);
    expect(draft.body).toMatchObject({ submitted });
  });
});

it("compares by content, not by the order of fields", () => {
  expect(canonical({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(canonical({ b: [{ d: 3, c: 2 }], a: 1 }));
  expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
});
