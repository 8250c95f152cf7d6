import { fireEvent } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { GateEvent, Interchange } from "../../shared/model";
import { choose, open, see, sees, tap, text, type, value, waitFor } from "../testing/app";
import { MemoryBackend } from "../testing/memory";

const saved = (backend: MemoryBackend, id = "rec-new-1") => backend.records.get(id)?.body.body as GateEvent;

describe("a gate event", () => {
  it("is filled in and handed in on one page", async () => {
    const backend = open();
    await tap("new-gate-out");
    await type("field-equipment-0-number", "t-118");
    await tap("field-load-bobtail");
    await type("field-driver-name", "Luis Vega");
    await type("field-carrier-name", "Lone Star Drayage");
    await type("field-remarks", "late");
    await tap("submit");
    expect(await text("confirmation")).toContain("T-118");
    expect(saved(backend)).toMatchObject({
      direction: "out",
      load: "bobtail",
      driver: { name: "Luis Vega" },
      carrier: { name: "Lone Star Drayage" },
      remarks: "late",
    });
    expect(saved(backend).submitted).toBeDefined();
  });

  it("has the keyboard write names and codes as they are written", async () => {
    open();
    await tap("new-gate-in");
    const capitals = async (testid: string) => (await see(testid)).getAttribute("autocapitalize");
    expect(await capitals("field-driver-name")).toBe("words");
    expect(await capitals("field-carrier-name")).toBe("words");
    expect(await capitals("field-equipment-0-number")).toBe("characters");
    expect(await capitals("field-remarks")).toBe(null);
  });

  it("tells what is missing when submitting is tried, at the fields as well", async () => {
    open();
    await tap("new-gate-in");
    expect(sees("missing-list")).toBe(false);
    await tap("submit");
    expect(await text("missing-list")).toContain("4 things are still missing");
    expect(await text("field-driver-name-problem")).toBe("Type the driver's name.");
  });

  it("takes known equipment with its plate, and a carrier with its codes", async () => {
    const backend = open();
    await tap("new-gate-in");
    await type("field-equipment-0-number", "trl");
    await tap("field-equipment-0-number-option-0");
    await waitFor(() => expect(saved(backend).equipment[0]).toMatchObject({ equipment_id: "eq-1", plate: { region: "TX" } }));
    expect(await value("field-equipment-0-number")).toBe("TRL-2207");
    const carrier = await type("field-carrier-name", "sier");
    await see("field-carrier-name-option-0");
    await fireEvent.keyDown(carrier, { key: "ArrowDown" });
    await fireEvent.keyDown(carrier, { key: "Enter" });
    await waitFor(() => expect(saved(backend).carrier).toMatchObject({ carrier_id: "carrier-1", scac: "SCNN" }));
    await type("field-carrier-name", "Sierra Sur");
    await waitFor(() => expect(saved(backend).carrier).toEqual({ name: "Sierra Sur" }));
  });

  it("warns of a wrong check digit with the right one, and lets the number stay for a reason", async () => {
    const backend = open();
    await tap("new-gate-in");
    await type("field-equipment-0-number", "CSQU305438");
    // Its owner is known for such containers.
    await waitFor(async () => expect(await value("field-equipment-0-class")).toBe("iso_container"));
    expect(sees("field-equipment-0-number-problem")).toBe(false);
    await type("field-equipment-0-number", "CSQU3054384");
    expect(await text("field-equipment-0-number-problem")).toContain("should be 3, not 4");
    await tap("field-equipment-0-keep");
    await type("field-equipment-0-override_reason", "painted like this");
    await waitFor(() => expect(saved(backend).equipment[0]?.override_reason).toBe("painted like this"));
    await type("field-equipment-0-number", "CSQU3054383");
    await waitFor(() => expect(saved(backend).equipment[0]).toEqual({ class: "iso_container", number: "CSQU3054383" }));
  });

  it("takes a number for what it proves to be, and takes a guess back with the number", async () => {
    const backend = open();
    await tap("new-gate-in");
    await type("field-equipment-0-number", "MSKU2666542");
    await waitFor(() => expect(saved(backend).equipment[0]).toEqual({ class: "iso_container", number: "MSKU2666542" }));
    await type("field-equipment-0-number", "PX-20999");
    await waitFor(() => expect(saved(backend).equipment[0]).toEqual({ class: "trailer", number: "PX-20999" }));
    await type("field-equipment-0-number", "msku\u200b 266654–2");
    await waitFor(() => expect(saved(backend).equipment[0]).toEqual({ class: "iso_container", number: "MSKU2666542" }));
  });

  it("keeps a number as it was typed while it is taken for another sort", async () => {
    const backend = open();
    await tap("new-gate-in");
    await type("field-equipment-0-number", "PX-20999");
    await choose("field-equipment-0-class", "iso_container");
    await waitFor(() => expect(saved(backend).equipment[0]).toEqual({ class: "iso_container", number: "PX-20999" }));
    await choose("field-equipment-0-class", "trailer");
    await waitFor(() => expect(saved(backend).equipment[0]).toEqual({ class: "trailer", number: "PX-20999" }));
  });

  it("takes no box for an ISO container that it cannot prove to be, and offers the domestic one", async () => {
    const backend = open();
    await tap("new-gate-in");
    await type("field-equipment-0-number", "EMHU 270791");
    await see("field-equipment-0-is-domestic_container");
    await waitFor(() => expect(saved(backend).equipment[0]).toEqual({ class: "trailer", number: "EMHU270791" }));
    await tap("field-equipment-0-is-domestic_container");
    await waitFor(() => expect(saved(backend).equipment[0]).toEqual({ class: "domestic_container", number: "EMHU270791" }));
    expect(sees("field-equipment-0-is-domestic_container")).toBe(false);
    expect(sees("field-equipment-0-number-problem")).toBe(false);
  });

  it("offers both where a digit proves nothing of an owner whom nobody knows", async () => {
    const backend = open();
    await tap("new-gate-in");
    await type("field-equipment-0-number", "MSKU2666543");
    await see("field-equipment-0-is-domestic_container");
    await tap("field-equipment-0-is-iso_container");
    await waitFor(() => expect(saved(backend).equipment[0]?.class).toBe("iso_container"));
    expect(await text("field-equipment-0-number-problem")).toContain("should be 2, not 3");
    // Somebody may have been mistaken in the sort.
    await see("field-equipment-0-is-domestic_container");
  });

  it("finds a carrier whatever its accents", async () => {
    open();
    await tap("new-gate-in");
    for (const typed of ["Anahuac", "Ana\u0301huac"]) {
      await type("field-carrier-name", typed);
      await waitFor(async () => expect(await text("field-carrier-name-option-0")).toContain("Transportes Anáhuac"));
      await type("field-carrier-name", "");
      await waitFor(() => expect(sees("field-carrier-name-option-0")).toBe(false));
    }
  });

  it("has seals and further equipment, and loses the line that is removed", async () => {
    const backend = open();
    await tap("new-gate-in");
    await tap("equipment-add");
    await type("field-equipment-1-number", "ch-12");
    await tap("seals-add");
    await type("field-seals-0-number", "ul-88");
    await choose("field-seals-0-condition", "broken");
    await waitFor(() => expect(saved(backend).seals).toEqual([{ number: "UL-88", condition: "broken" }]));
    await tap("field-equipment-0-remove");
    await waitFor(() => expect(saved(backend).equipment).toEqual([{ class: "chassis", number: "CH-12" }]));
  });

  it("is of now, or of earlier when somebody says so, by the yard's clock", async () => {
    const backend = open();
    await tap("new-gate-in");
    expect(sees("field-occurred_at")).toBe(false);
    await tap("field-occurred_at-add");
    await type("field-occurred_at", "2026-03-04T09:15");
    await waitFor(() => expect(saved(backend).occurred_at).toBe("2026-03-04T15:15:00.000Z"));
    await tap("field-occurred_at-remove");
    await waitFor(() => expect(saved(backend).occurred_at).toBeUndefined());
  });

  it("keeps its side of the change of clocks when it is corrected, and offers the other by name", async () => {
    const backend = new MemoryBackend();
    const body = { direction: "in" as const, equipment: [], driver: { name: "" }, carrier: { name: "" } };
    const at = "2026-11-01T07:30:00Z";
    const record = { operator_name: "", changed_at: at, body: { kind: "gate_event" as const, body: { ...body, occurred_at: at } } };
    backend.records.set("rec-autumn", { id: "rec-autumn", ...record });
    open(backend, "gate_event/rec-autumn");
    const time = async (field: string) => (await text(field))?.trim();
    await type("field-occurred_at", "2026-11-01T01:20");
    await waitFor(() => expect(saved(backend, "rec-autumn").occurred_at).toBe("2026-11-01T07:20:00.000Z"));
    expect(await time("field-occurred_at-other")).toBe("It was at 01:20 CDT");
    await tap("field-occurred_at-other");
    await waitFor(() => expect(saved(backend, "rec-autumn").occurred_at).toBe("2026-11-01T06:20:00.000Z"));
    expect(await time("field-occurred_at-other")).toBe("It was at 01:20 CST");
  });

  it("shows and takes no time in a zone that nobody knows, and says so", async () => {
    const backend = new MemoryBackend();
    backend.zone = "Mars/Olympus";
    open(backend);
    await tap("new-gate-in");
    await tap("field-occurred_at-add");
    expect(await text("field-occurred_at-problem")).toContain("time zone “Mars/Olympus” is not known");
    const field = (await see("field-occurred_at")) as HTMLInputElement;
    expect([field.value, field.disabled]).toEqual(["", true]);
  });

  it.each([
    // Hours behind universal time in winter and in summer.
    ["America/Ciudad_Juarez", 7, 6],
    ["America/Ojinaga", 6, 5],
    ["America/Chihuahua", 6, 6],
    ["America/Matamoros", 6, 5],
    ["America/Tijuana", 8, 7],
  ])("files what is typed by the clock of the yard, whatever the web view knows of it: %s", async (zone, winter, summer) => {
    const backend = new MemoryBackend();
    backend.zone = zone;
    open(backend);
    await tap("new-gate-in");
    await tap("field-occurred_at-add");
    const files = async (wall: string, behind: number) => {
      await type("field-occurred_at", wall);
      const at = new Date(Date.parse(`${wall}Z`) + behind * 3_600_000).toISOString();
      await waitFor(() => expect(saved(backend).occurred_at).toBe(at));
      expect(await value("field-occurred_at")).toBe(wall);
    };
    await files("2026-03-08T01:59", winter);
    await files("2026-03-08T03:00", summer);
    await files("2026-11-01T00:59", summer);
    // What was there is nearer to the first of the two.
    await files("2026-11-01T01:20", summer);
    await files("2026-11-01T02:00", winter);
    await files("2026-11-01T01:40", winter);
    expect(sees("field-occurred_at-other")).toBe(winter !== summer);
  });

  it("warns of a time to come or of days ago, and is not handed in of a year that cannot be", async () => {
    const backend = open();
    await tap("new-gate-in");
    await tap("field-occurred_at-add");
    const told = (what: string) => waitFor(async () => expect(await text("field-occurred_at-problem")).toContain(what));
    await type("field-occurred_at", "2062-03-04T09:15");
    await told("later than now");
    await type("field-occurred_at", "2026-02-20T09:15");
    await told("12 days ago");
    await type("field-occurred_at", "1926-03-04T09:15");
    await told("2000 to 2100");
    await tap("submit");
    expect(await text("missing-list")).toContain("Correct when it happened");
    await type("field-occurred_at", "2026-03-04T09:15");
    await waitFor(() => expect(saved(backend).occurred_at).toBe("2026-03-04T15:15:00.000Z"));
    expect(sees("field-occurred_at-problem")).toBe(false);
  });

  it("notes the class of a seal", async () => {
    const backend = open();
    await tap("new-gate-in");
    await tap("seals-add");
    await choose("field-seals-0-class", "H");
    await waitFor(() => expect(saved(backend).seals?.[0]).toMatchObject({ class: "H" }));
  });

  it("keeps everything typed while saving fails, says so, and is saved on trying again", async () => {
    const backend = open();
    await tap("new-gate-in");
    backend.saveFails = { code: "disk_full", message: "This device is out of space.", retry: true };
    await type("field-remarks", "kept");
    expect(await text("save-error")).toContain("out of space");
    expect(await value("field-remarks")).toBe("kept");
    // Leaving the page does not lose it either.
    await tap("back");
    await see("work-list");
    await see("save-error");
    backend.saveFails = null;
    await tap("save-retry");
    await waitFor(() => expect(sees("save-error")).toBe(false));
    expect(saved(backend).remarks).toBe("kept");
  });

  it("explains a rejection, leads to the field, and can be put back", async () => {
    const backend = open(new MemoryBackend(), "gate_event/rec-rejected");
    expect(await text("rejection-banner")).toContain("does not fit its check digit");
    await tap("rejection-field");
    await waitFor(() => expect(document.activeElement?.id).toBe("field-equipment-0-number"));
    await tap("discard-change");
    await tap("discard-confirm");
    await waitFor(() => expect(sees("rejection-banner")).toBe(false));
    expect(backend.records.get("rec-rejected")?.can_discard).toBe(false);
  });

  it("sends again as it is what was rejected for nothing in it", async () => {
    const backend = new MemoryBackend();
    const record = backend.records.get("rec-rejected");
    if (!record) throw new Error("the rejected record is missing");
    const rejection = { code: "not_permitted", path: null, message: "Ana does not work at this yard." } as const;
    backend.records.set("rec-rejected", { ...record, rejection });
    open(backend, "gate_event/rec-rejected");
    expect(await text("rejection-banner")).toContain("does not work at this yard");
    expect(sees("rejection-field")).toBe(false);
    await tap("send-again");
    await waitFor(() => expect(sees("rejection-banner")).toBe(false));
    expect(backend.records.get("rec-rejected")?.body).toEqual(record.body);
  });
});

describe("an interchange", () => {
  it("notes carriers, tires, damage, and who would not sign", async () => {
    const backend = open();
    const body = () => backend.records.get("rec-new-1")?.body.body as Interchange;
    await tap("new-interchange");
    await tap("movement-street");
    await type("field-releasing-name", "Sierra Norte");
    await tap("step-equipment");
    await type("field-equipment_provider-name", "Gateway Chassis");
    await tap("step-condition");
    await tap("damage-add");
    await choose("field-damage-0-view", "rear");
    await type("field-damage-0-component", "door gasket");
    await tap("tire-LOF");
    await tap("tire-condition-slid_flat");
    await type("tire-tread", "4");
    await tap("tire-done");
    await tap("step-sign");
    await tap("refuse-receiving");
    await type("field-refusal-reason", "in a hurry");
    await waitFor(() =>
      expect(body()).toMatchObject({
        movement: "street",
        releasing: { name: "Sierra Norte" },
        equipment_provider: { name: "Gateway Chassis" },
        damage: [{ view: "rear", damage_type: "dent", component: "door gasket" }],
        tires: [{ position: "LOF", condition: "slid_flat", tread_32nds: 4 }],
        refusal: { role: "receiving", reason: "in a hurry" },
      }),
    );
    expect(sees("signature-pad-releasing")).toBe(true);
    expect(sees("signature-pad-receiving")).toBe(false);
    await tap("refusal-undo-receiving");
    await waitFor(() => expect(body().refusal).toBeUndefined());
  });
});
