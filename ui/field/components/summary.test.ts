import { expect, it } from "vitest";
import type { Body } from "../../shared/model";
import { DVIR, records } from "../testing/data";
import { summarize } from "./summary";

const at = (time: string) => `at ${time}`;

const body = (id: string): Body => {
  const record = records().find((it) => it.id === id);
  if (!record) throw new Error(`no record ${id}`);
  return record.body;
};

it("tells every finding in words, by the template's labels", () => {
  const groups = summarize(body("rec-done"), DVIR.template, at);
  const lights = groups.flatMap(({ rows }) => rows).find(({ label }) => label === "Lights and reflectors");
  expect(lights).toEqual({ label: "Lights and reflectors", value: "Major defect – Both tail lamps out", tone: "fail_major" });
});

it("makes names of keys where the template is not on the device", () => {
  const labels = summarize(body("rec-done"), null, at).flatMap(({ rows }) => rows.map(({ label }) => label));
  expect(labels).toContain("Emergency equipment");
});

it("leaves out what says nothing", () => {
  const groups = summarize(body("rec-rejected"), null, at);
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
    at,
  ).flatMap((group) => group.rows);
  expect(rows).toContainEqual({ label: "Damage", value: "None" });
  expect(rows.at(-1)?.value).toBe("The receiving carrier did not sign: in a hurry");
});

it("tells when a gate event happened that was written down later, and how a seal is classed", () => {
  const event: Body = {
    kind: "gate_event",
    body: {
      direction: "in",
      occurred_at: "2026-03-04T14:00:00Z",
      equipment: [],
      seals: [{ number: "UL-1", condition: "intact", class: "H" }],
      driver: { name: "" },
      carrier: { name: "" },
    },
  };
  const rows = summarize(event, null, at).flatMap((group) => group.rows);
  expect(rows).toContainEqual({ label: "When it happened", value: "at 2026-03-04T14:00:00Z" });
  expect(rows).toContainEqual({ label: "Seal 1", value: "UL-1 · Intact · H – high security" });
});

it("tells of a tire without any tread", () => {
  const interchange: Body = {
    kind: "interchange",
    body: {
      movement: "street",
      releasing: { name: "A" },
      receiving: { name: "B" },
      driver: { name: "" },
      equipment: [],
      recorded_images: false,
      tires: [{ position: "LOF", condition: "slid_flat", tread_32nds: 0 }],
    },
  };
  const values = summarize(interchange, null, at).flatMap((group) => group.rows.map(({ value }) => value));
  expect(values.some((value) => value.includes("0/32"))).toBe(true);
});
