import { fireEvent } from "@testing-library/svelte";
import { expect, it } from "vitest";
import type { GateEvent } from "../../shared/model";
import { open, see, sees, tap, type, waitFor } from "../testing/app";
import { MemoryBackend } from "../testing/memory";

const begun = (backend: MemoryBackend) => [...backend.records.keys()].filter((id) => id.startsWith("rec-new"));

it("begins one record for a double tap", async () => {
  const backend = open();
  const button = await see("new-gate-in");
  await Promise.all([fireEvent.click(button), fireEvent.click(button)]);
  await see("record-page");
  expect([backend.starts, begun(backend)]).toEqual([1, ["rec-new-1"]]);
  await tap("back");
  await see("work-list");
  await tap("new-gate-out");
  await see("record-page");
  expect(backend.starts).toBe(2);
});

it("begins another after one that could not be begun", async () => {
  const backend = open();
  const { operator } = backend.state;
  backend.state.operator = null;
  await tap("new-gate-in");
  await waitFor(() => expect(backend.starts).toBe(0));
  await see("operator-op-ana");
  backend.state.operator = operator;
  await tap("operator-op-ana");
  await tap("new-gate-in");
  await see("record-page");
  expect(backend.starts).toBe(1);
});

it("keeps no record that was left with nothing in it", async () => {
  const backend = open();
  await tap("new-gate-in");
  await see("record-page");
  await tap("back");
  await waitFor(() => expect(begun(backend)).toEqual([]));
  await tap("new-gate-in");
  await type("field-remarks", "held");
  await tap("back");
  await see("work-list");
  await waitFor(() => expect(begun(backend)).toEqual(["rec-new-2"]));
});

it("makes half a character whole at the field, so that the record saves on", async () => {
  const backend = open();
  await tap("new-gate-in");
  const field = await type("field-remarks", "dented \uD83D");
  const remarks = () => (backend.records.get("rec-new-1")?.body.body as GateEvent).remarks;
  await waitFor(() => expect(remarks()).toBe("dented \uFFFD"));
  expect(field.value, "the other half may be on its way").toBe("dented \uD83D");
  await type("field-remarks", "dented 🚚");
  await waitFor(() => expect(remarks()).toBe("dented 🚚"));
});

it("goes back to the list when a discarded record has left the device", async () => {
  const backend = new MemoryBackend();
  const record = backend.records.get("rec-rejected");
  if (!record) throw new Error("no such record");
  backend.records.set("rec-rejected", { ...record, goes_when_discarded: true });
  open(backend, "gate_event/rec-rejected");
  await tap("discard-change");
  await tap("discard-confirm");
  await see("work-list");
  expect(backend.records.has("rec-rejected")).toBe(false);
  expect(sees("failure")).toBe(false);
});
