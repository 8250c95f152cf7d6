import { describe, expect, it } from "vitest";
import type { EquipmentClass, EquipmentRef } from "../../shared/model";
import { containersToOffer, sortOf } from "./equipment";

const unit = (sort: EquipmentClass, number: string): EquipmentRef => ({ class: sort, number });

describe("the sort of a number", () => {
  it("is an ISO container with eleven places and a right digit, in any spelling", () => {
    for (const text of ["MSKU2666542", "msku 266654-2", "MSKU\u200b266654–2", "\u202aMSKU2666542\u202c"]) {
      expect(sortOf(text, [])).toBe("iso_container");
    }
  });

  it("is not told by a number without a digit that proves it", () => {
    for (const text of ["EMHU270791", "EMHU2707914", "MSKU266654", "PX-20999", "T-118", ""]) {
      expect(sortOf(text, [])).toBeUndefined();
    }
  });

  it("is that of the owner's other boxes, where some are known", () => {
    expect(sortOf("MSKU266654", [unit("iso_container", "MSKU2666542")])).toBe("iso_container");
    expect(sortOf("EMHU2707913", [unit("domestic_container", "EMHU 100200")])).toBe("domestic_container");
    expect(sortOf("EMHU270791", [unit("chassis", "EMHU100200"), unit("iso_container", "MSKU2666542")])).toBeUndefined();
  });

  it("is offered where the number is built like a container's", () => {
    expect(containersToOffer("EMHU270791", "trailer")).toEqual(["iso_container", "domestic_container"]);
    expect(containersToOffer("EMHU270791", "iso_container")).toEqual(["domestic_container"]);
    expect(containersToOffer("CSQJ305438", "iso_container")).toEqual([]);
    expect(containersToOffer("PX-20999", "trailer")).toEqual([]);
  });
});
