import { expect, it } from "vitest";
import type { Body } from "../../shared/model";
import { DVIR, records } from "../testing/data";
import { summarize } from "./summary";

const body = (id: string): Body => {
  const record = records().find((it) => it.id === id);
  if (!record) throw new Error(`no record ${id}`);
  return record.body;
};

it("tells every finding in words, by the template's labels", () => {
  const groups = summarize(body("rec-done"), DVIR.template);
  const lights = groups.flatMap(({ rows }) => rows).find(({ label }) => label === "Lights and reflectors");
  expect(lights).toEqual({ label: "Lights and reflectors", value: "Major defect – Both tail lamps out", tone: "fail_major" });
});

it("makes names of keys where the template is not on the device", () => {
  const labels = summarize(body("rec-done"), null).flatMap(({ rows }) => rows.map(({ label }) => label));
  expect(labels).toContain("Emergency equipment");
});

it("leaves out what says nothing", () => {
  const groups = summarize(body("rec-rejected"), null);
  const rows = groups.flatMap((group) => group.rows);
  expect(rows.every(({ value }) => value !== "")).toBe(true);
  expect(rows).toContainEqual({ label: "Seal 1", value: "UL-8812345 · Intact · Shipper" });
  expect(rows.map(({ label }) => label)).not.toContain("Remarks");
});

it("says that no damage was noted, and who would not sign", () => {
  const rows = summarize(
    {
      kind: "interchange",
      body: {
        movement: "street",
        releasing: { name: "A" },
        receiving: { name: "B" },
        driver: { name: "" },
        equipment: [{ class: "chassis", number: "CH-12" }],
        recorded_images: false,
        refusal: { role: "receiving", reason: "in a hurry" },
      },
    },
    null,
  ).flatMap((group) => group.rows);
  expect(rows).toContainEqual({ label: "Damage", value: "None" });
  expect(rows.at(-1)?.value).toBe("The receiving carrier did not sign: in a hurry");
});
