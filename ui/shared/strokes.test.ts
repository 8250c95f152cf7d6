import { describe, expect, it } from "vitest";
import { isDrawn, toPath, toPoints, toStrokes } from "./strokes";

describe("strokes", () => {
  it("are in thousandths of the pad's width, whatever the pad's size", () => {
    const small = toStrokes([[{ x: 10, y: 20 }, { x: 50, y: 40 }]], 200);
    const large = toStrokes([[{ x: 40, y: 80 }, { x: 200, y: 160 }]], 800);
    expect(small).toEqual([[50, 100, 250, 200]]);
    expect(large).toEqual(small);
  });

  it("come back as points of the pad they are shown on", () => {
    expect(toPoints([[50, 100, 250, 200]], 400)).toEqual([
      [
        { x: 20, y: 40 },
        { x: 100, y: 80 },
      ],
    ]);
  });

  it("survive the way there and back within a thousandth", () => {
    const drawing = [[{ x: 3.3, y: 7.7 }, { x: 123.4, y: 55.5 }]];
    const back = toPoints(toStrokes(drawing, 333), 333);
    expect(back[0]?.[1]?.x).toBeCloseTo(123.4, 0);
    expect(back[0]?.[0]?.y).toBeCloseTo(7.7, 0);
  });

  it("are whole numbers", () => {
    expect(toStrokes([[{ x: 1, y: 1 }, { x: 2, y: 2 }]], 3).flat().every(Number.isInteger)).toBe(true);
  });

  it("let a dot count as drawn, and nothing not", () => {
    expect(isDrawn(toStrokes([[{ x: 5, y: 5 }]], 100))).toBe(true);
    expect(isDrawn([])).toBe(false);
    expect(isDrawn([[1, 2]])).toBe(false);
    expect(isDrawn(undefined)).toBe(false);
  });

  it("stay within what a record keeps, with the ends of each stroke in place", () => {
    const long = Array.from({ length: 9000 }, (_, place) => ({ x: place / 9, y: 0 }));
    const [stroke = []] = toStrokes([long], 1000);
    expect(stroke.length).toBeLessThanOrEqual(8000);
    expect([stroke[0], stroke.at(-2)]).toEqual([0, 1000]);
    expect(toStrokes(Array.from({ length: 300 }, () => [{ x: 1, y: 1 }]), 100)).toHaveLength(200);
  });

  it("have no width to be measured by on a pad that is not shown", () => {
    expect(toStrokes([[{ x: 1, y: 1 }]], 0)).toEqual([]);
  });

  it("become a path", () => {
    expect(toPath([[0, 0, 10, 5], [1, 1, 2, 2]])).toBe("M0 0L10 5M1 1L2 2");
  });
});
