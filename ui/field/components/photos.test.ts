import { expect, it } from "vitest";
import { goesIn, partName, timeWords } from "./photos";

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

it("says that a photo was taken only where that is known", () => {
  const photo = { taken_at: "08:00", time_source: null, added_at: "09:05", operator_name: "Ana Ruiz" } as const;
  const said = (changes: Partial<Parameters<typeof timeWords>[0]>) => timeWords({ ...photo, ...changes }, (at) => at);
  expect(said({ time_source: "device" })).toBe("08:00 by Ana Ruiz");
  expect(said({ time_source: "camera" })).toBe("08:00 by Ana Ruiz");
  expect(said({}), "an older app's").toBe("08:00 by Ana Ruiz");
  expect(said({ time_source: "digitized" })).toBe("Digitized 08:00, added by Ana Ruiz");
  expect(said({ time_source: "file" })).toBe("File of 08:00, added by Ana Ruiz");
  expect(said({ taken_at: null })).toBe("Added 09:05 by Ana Ruiz");
  expect(said({ taken_at: null, operator_name: "" })).toBe("Added 09:05");
});
