import { describe, expect, it } from "vitest";
import { blankInspection, DVIR } from "../testing/data";
import { MemoryBackend } from "../testing/memory";
import { isDone, locate, nearestAnchor, neighbour, stepOf } from "./steps";

it("finds the anchor that is nearest to a field without one", () => {
  const anchors = ["equipment", "equipment-0-number", "tires"];
  expect(nearestAnchor(anchors, "equipment-0-number")).toBe("equipment-0-number");
  expect(nearestAnchor(anchors, "equipment-0-class")).toBe("equipment");
  expect(nearestAnchor(anchors, "tires-3-position")).toBe("tires");
  expect(nearestAnchor(anchors, "equipment_provider-name")).toBeUndefined();
});

describe("steps", () => {
  it("know where each field of an inspection is", () => {
    const body = blankInspection(DVIR);
    expect(locate("inspection", body, "/equipment/number")).toEqual({ step: "vehicle", anchor: "equipment-number" });
    expect(locate("inspection", body, "/items/4/note")).toEqual({ step: "items", anchor: "tires" });
    expect(locate("inspection", body, "/items/tires/result")).toEqual({ step: "items", anchor: "tires" });
    expect(locate("inspection", body, "/signatures")).toEqual({ step: "sign", anchor: "signatures" });
  });

  it("know where each field of an interchange is", async () => {
    const { body } = await new MemoryBackend().start({ what: "interchange", movement: "street" });
    const step = (pointer: string) => locate("interchange", body, pointer).step;
    expect(["/movement", "/receiving/name", "/driver/name"].map(step)).toEqual(["parties", "parties", "parties"]);
    expect(["/equipment", "/equipment_provider/name", "/load", "/seals/0/number", "/tractor/number"].map(step)).toEqual(Array(5).fill("equipment"));
    expect(["/damage/0/size", "/tires/1/position", "/recorded_images"].map(step)).toEqual(Array(3).fill("condition"));
    expect(["/signatures/0/name", "/refusal/reason"].map(step)).toEqual(["sign", "sign"]);
    expect(locate("interchange", body, "/equipment").anchor).toBe("equipment-0-number");
  });

  it("begin with the first where the address names none that exists", () => {
    expect(stepOf({ page: "record", kind: "inspection", id: "i" })).toBe("vehicle");
    expect(stepOf({ page: "record", kind: "inspection", id: "i", step: "gone" })).toBe("vehicle");
    expect(stepOf({ page: "record", kind: "inspection", id: "i", step: "sign" })).toBe("sign");
  });

  it("have neighbours", () => {
    expect(neighbour("inspection", "items", 1)).toBe("sign");
    expect(neighbour("inspection", "vehicle", -1)).toBeUndefined();
    expect(neighbour("gate_event", "form", 1)).toBeUndefined();
  });

  it("are done when nothing of them is missing", async () => {
    const backend = new MemoryBackend();
    const open = await backend.record("rec-open");
    expect(["vehicle", "items", "sign"].map((step) => isDone("inspection", step, open))).toEqual([true, false, false]);
    const blank = await backend.start({ what: "interchange", movement: "street" });
    expect(isDone("interchange", "condition", blank)).toBe(false);
  });
});
