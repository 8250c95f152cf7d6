import { expect, it } from "vitest";
import type { Inspection, Interchange } from "../../shared/model";
import { open, see, sees, tap, text, type, value, waitFor } from "../testing/app";
import { MemoryBackend } from "../testing/memory";

const odometer = (backend: MemoryBackend) => (backend.records.get("rec-open")?.body.body as Inspection).odometer;
const interchange = (backend: MemoryBackend) => backend.records.get("rec-new-1")?.body.body as Interchange;

async function leave(testid: string): Promise<void> {
  (await see(testid)).blur();
}

it("cuts the tenths of an odometer, and shows what is kept while it is typed and when it is left", async () => {
  const backend = open(new MemoryBackend(), "inspection/rec-open/vehicle");
  const field = await type("field-odometer-value", "412,345.6");
  await waitFor(() => expect(odometer(backend)).toMatchObject({ value: 412_345, unit: "mi" }));
  expect(document.getElementById("field-odometer-value-note")?.textContent).toBe("Kept: 412,345 mi");
  expect(field.value).toBe("412,345.6");
  await leave("field-odometer-value");
  await waitFor(async () => expect(await value("field-odometer-value")).toBe("412,345"));
});

it("keeps nothing of what is no number, says so, and leaves it in the field", async () => {
  const backend = open(new MemoryBackend(), "inspection/rec-open/vehicle");
  await type("field-odometer-value", "-5");
  await waitFor(() => expect(odometer(backend)).toBeUndefined());
  expect(sees("field-odometer-value-problem")).toBe(false);
  await leave("field-odometer-value");
  expect(await text("field-odometer-value-problem")).toContain("nothing is kept");
  await tap("step-items");
  await tap("step-review");
  expect(await text("warning-list")).toContain("Odometer: type this as a number.");
  await tap("step-vehicle");
  expect(await value("field-odometer-value")).toBe("-5");
  await type("field-odometer-value", "5");
  await leave("field-odometer-value");
  await waitFor(() => expect(odometer(backend)?.value).toBe(5));
  expect(sees("field-odometer-value-problem")).toBe(false);
});

it("rounds a weight to kilograms, and warns of more than a road carries", async () => {
  const backend = open();
  await tap("new-interchange");
  await tap("movement-in_gate");
  await tap("step-equipment");
  await type("field-gross_weight_kg", "36287.5");
  await waitFor(() => expect(interchange(backend).gross_weight_kg).toBe(36_288));
  await type("field-gross_weight_kg", "362,875");
  await leave("field-gross_weight_kg");
  expect(await text("field-gross_weight_kg-problem")).toContain("362,875 kg is more than 100 t");
});

it("never makes one depth of tread out of a number with a separator in it", async () => {
  const backend = open();
  await tap("new-interchange");
  await tap("movement-in_gate");
  await tap("step-condition");
  await tap("tire-LOF");
  await tap("tire-condition-good");
  await type("tire-tread", "9.5");
  await waitFor(() => expect(interchange(backend).tires?.[0]?.tread_32nds).toBe(9));
  await type("tire-tread", "950");
  expect(await text("tire-tread-problem")).toContain("nothing is kept");
  await waitFor(() => expect(interchange(backend).tires?.[0]?.tread_32nds).toBeUndefined());
});
