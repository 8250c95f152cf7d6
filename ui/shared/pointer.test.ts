import { describe, expect, it } from "vitest";
import { anchorOf, fieldId, getAt, isWithin, setAt } from "./pointer";

const body = { driver: { name: "Luis" }, equipment: [{ number: "A" }, { number: "B" }], load: "empty" };

describe("pointers", () => {
  it("read what stands there, and nothing where nothing does", () => {
    expect(getAt(body, "/equipment/1/number")).toBe("B");
    expect(getAt(body, "")).toBe(body);
    expect(getAt(body, "/carrier/name")).toBeUndefined();
    expect(getAt(body, "/driver/constructor")).toBeUndefined();
  });

  it("change a copy and share the rest with the original", () => {
    const next = setAt(body, "/equipment/0/number", "C");
    expect(next.equipment.map(({ number }) => number)).toEqual(["C", "B"]);
    expect(body.equipment[0]?.number).toBe("A");
    expect(next.driver).toBe(body.driver);
    expect(next.equipment[1]).toBe(body.equipment[1]);
  });

  it("make objects that are missing on the way", () => {
    expect(setAt<object>({}, "/motor_carrier/usdot", "1")).toEqual({ motor_carrier: { usdot: "1" } });
  });

  it("take a field away, and an entry out of its list", () => {
    expect("load" in setAt(body, "/load", undefined)).toBe(false);
    expect(setAt(body, "/equipment/0", undefined).equipment).toEqual([{ number: "B" }]);
  });

  it("unescape what RFC 6901 escapes", () => {
    expect(getAt({ "a/b": { "c~d": 1 } }, "/a~1b/c~0d")).toBe(1);
  });

  it("name fields for addresses and tests", () => {
    expect(anchorOf("/equipment/0/number")).toBe("equipment-0-number");
    expect(fieldId("/remarks")).toBe("field-remarks");
  });

  it("know what lies within, by whole segments", () => {
    expect(isWithin("/seals/0/number", "/seals")).toBe(true);
    expect(isWithin("/seals", "/seals")).toBe(true);
    expect(isWithin("/sealsmore", "/seals")).toBe(false);
  });
});
