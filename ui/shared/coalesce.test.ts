import { expect, it } from "vitest";
import { coalesce } from "./coalesce";

const settled = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

it("answers any number of calls during a run with one more run", async () => {
  const ends: (() => void)[] = [];
  const refresh = coalesce(() => new Promise<void>((resolve) => ends.push(resolve)));
  void refresh();
  void refresh();
  void refresh();
  expect(ends.length).toBe(1);
  ends[0]?.();
  await settled();
  expect(ends.length).toBe(2);
  ends[1]?.();
  await settled();
  expect(ends.length).toBe(2);
});

it("runs again after a run that failed", async () => {
  let runs = 0;
  const refresh = coalesce(() => {
    runs += 1;
    return runs === 1 ? Promise.reject(new Error("no")) : Promise.resolve();
  });
  await expect(refresh()).rejects.toThrow("no");
  await refresh();
  expect(runs).toBe(2);
});
