import { expect, it } from "vitest";
import { badgeText, needsPerson } from "./badge";

it("counts the items of a sync that runs, and is gone otherwise", () => {
  expect(badgeText({ running: true, items: 12 })).toBe("Syncing 12 items");
  expect(badgeText({ running: true, items: 1 })).toBe("Syncing 1 item");
  expect(badgeText({ running: true, items: 0 })).toBe("Syncing…");
  expect(badgeText({ running: false, items: 12 })).toBe("");
});

it("bothers the person only with what a person can mend", () => {
  const codes = ["offline", "server_trouble", "captive_portal", "revoked", "update_needed", "device"] as const;
  expect(codes.filter(needsPerson)).toEqual(["captive_portal", "revoked", "update_needed", "device"]);
});
