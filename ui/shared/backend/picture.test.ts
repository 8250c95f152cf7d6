import { Blob as WholeBlob } from "node:buffer";
import { expect, it, vi } from "vitest";
import { type Intake, PART, sendPicture } from "./picture";

/** A browser's blob; that of jsdom cannot be read. */
const blob = (bytes: Uint8Array | string) => new WholeBlob([bytes]) as unknown as Blob;

function intake(): Intake & { received: number[]; calls: string[] } {
  const received: number[] = [];
  const calls: string[] = [];
  return {
    received,
    calls,
    begin: async (size) => (calls.push(`begin ${size}`), "in-1"),
    part: async (name, offset, base64) => {
      calls.push(`part ${name} at ${offset}`);
      for (const letter of atob(base64)) received.push(letter.charCodeAt(0));
    },
    add: async (name) => calls.push(`add ${name}`),
    drop: async (name) => void calls.push(`drop ${name}`),
  };
}

it("sends every byte in its place, a part at a time, and then has it kept", async () => {
  const bytes = Uint8Array.from({ length: PART + 5 }, (_, at) => (at * 31) % 251);
  const there = intake();
  await sendPicture(blob(bytes), there);
  expect(there.received).toEqual(Array.from(bytes));
  expect(there.calls).toEqual([`begin ${PART + 5}`, "part in-1 at 0", `part in-1 at ${PART}`, "add in-1"]);
});

it("gives up what has come when a part does not", async () => {
  const there = intake();
  there.part = vi.fn().mockRejectedValue(new Error("full"));
  await expect(sendPicture(blob("x"), there)).rejects.toThrow("full");
  expect(there.calls).toEqual(["begin 1", "drop in-1"]);
});

it("moves no byte of a picture that there is no room for", async () => {
  const there = intake();
  there.begin = vi.fn().mockRejectedValue(new Error("no room"));
  await expect(sendPicture(blob("x"), there)).rejects.toThrow("no room");
  expect(there.calls).toEqual([]);
});
