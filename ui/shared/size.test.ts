import { expect, it } from "vitest";
import { size } from "./size";

it("says bytes as people read them", () => {
  const read = [0, 12, 999, 1_000, 845_300, 1_234_567, 99_950_000, 128_000_000, 2_400_000_000].map(size);
  expect(read).toEqual(["0 B", "12 B", "999 B", "1 kB", "845 kB", "1.2 MB", "100.0 MB", "128 MB", "2.4 GB"]);
});

it("never says a thousand of a unit", () => {
  expect(size(999_700)).toBe("1.0 MB");
});
