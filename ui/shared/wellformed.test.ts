import { expect, it } from "vitest";
import { wellFormed } from "./wellformed";

it("replaces each half of a pair that stands alone, and nothing else", () => {
  expect(wellFormed("a\uD83Db")).toBe("a\uFFFDb");
  expect(wellFormed("\uDE9A tail")).toBe("\uFFFD tail");
  expect(wellFormed("\uDE9A\uD83D")).toBe("\uFFFD\uFFFD");
  expect(wellFormed("ñ 🚚 é")).toBe("ñ 🚚 é");
});
