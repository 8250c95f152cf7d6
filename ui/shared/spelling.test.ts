import { describe, expect, it } from "vitest";
import { cleaned, folded } from "./spelling";

describe("an identifier", () => {
  it("is cleaned as Rust cleans it", () => {
    for (const [pasted, kept] of [
      ["CSQU\u200b3054383", "CSQU3054383"],
      ["\u202aCSQU3054383\u202c", "CSQU3054383"],
      ["PX–20931", "PX-20931"],
      ["PX\u201120931", "PX-20931"],
      ["\ufeffPX\u00ad20931\u200e", "PX20931"],
      ["\u001dPX-1\0", "PX-1"],
      [" ＰＸ\u3000\u00a0２０９３１\t", "PX 20931"],
    ] as const) {
      expect(cleaned(pasted)).toBe(kept);
    }
  });
});

describe("a search", () => {
  it("does not mind accents, blanks and signs", () => {
    for (const text of ["Río Bravo", "rio-bravo", "RI\u0301O BRAVO", "Ri\u200bo Brävo"]) expect(folded(text)).toBe("riobravo");
  });
});
