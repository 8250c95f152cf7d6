import { expect, it } from "vitest";
import { goesIn, partName } from "./photos";

it("never says that a photo goes later than it does, nor that it is gone before", () => {
  const said = [0, 59_000, 61_000, 59 * 60_000, 60 * 60_000, 61 * 60_000, 24 * 3_600_000].map(goesIn);
  expect(said).toEqual(["soon", "soon", "in 2 min", "in 59 min", "in 1 h", "in 2 h", "in 24 h"]);
});

it("calls the part a photo shows as the form does", () => {
  const template = { items: [{ key: "tires", label: "Tires, wheels" }] } as Parameters<typeof partName>[1];
  expect(partName("/items/tires", template)).toBe("Tires, wheels");
  expect(partName("/items/service_brakes", null)).toBe("Service brakes");
  expect([partName("/damage", null), partName("", null)]).toEqual(["Damage", ""]);
});
