import { describe, expect, it } from "vitest";
import { formatPlace, parentOf, parsePlace, type Place } from "./place";

const PLACES: [Place, string][] = [
  [{ page: "work" }, "work"],
  [{ page: "inbox" }, "inbox"],
  [{ page: "inbox", id: "n-1" }, "inbox/n-1"],
  [{ page: "who" }, "who"],
  [{ page: "enrol" }, "enrol"],
  [{ page: "new", what: "interchange" }, "new/interchange"],
  [{ page: "record", kind: "gate_event", id: "g" }, "gate_event/g"],
  [{ page: "record", kind: "inspection", id: "i", step: "items", anchor: "tires" }, "inspection/i/items/tires"],
  [
    { page: "record", kind: "interchange", id: "x", step: "equipment", anchor: "equipment-0-number" },
    "interchange/x/equipment/equipment-0-number",
  ],
];

describe("places", () => {
  it.each(PLACES)("have an address that leads back: %o", (place, address) => {
    expect(formatPlace(place)).toBe(address);
    expect(parsePlace(address)).toEqual(place);
  });

  it("keep whatever stands in a key", () => {
    const place: Place = { page: "record", kind: "inspection", id: "i", step: "items", anchor: "a/b ü%" };
    expect(parsePlace(formatPlace(place))).toEqual(place);
  });

  it.each([null, undefined, "", "settings", "inspection", "template/1", "new/gate", "%E0%A4%A"])(
    "are the work list for %s, which nobody knows",
    (address) => {
      expect(parsePlace(address)).toEqual({ page: "work" });
    },
  );

  it("have a way back even without history", () => {
    expect(parentOf({ page: "inbox", id: "n" })).toEqual({ page: "inbox" });
    expect(parentOf({ page: "record", kind: "inspection", id: "i" })).toEqual({ page: "work" });
  });
});
