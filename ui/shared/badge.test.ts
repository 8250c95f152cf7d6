import { expect, it } from "vitest";
import { badgeText, needsPerson } from "./badge";

const photos = { photos: 0, bytes: 0, arrived: 0, wait_for_wifi: 0 };

it("counts the items of a sync that runs, and is gone otherwise", () => {
  expect(badgeText({ running: true, items: 12, photos })).toBe("Syncing 12 items");
  expect(badgeText({ running: true, items: 1, photos })).toBe("Syncing 1 item");
  expect(badgeText({ running: true, items: 0, photos })).toBe("Syncing…");
  expect(badgeText({ running: false, items: 12, photos })).toBe("");
});

it("counts the photos that are being sent as well, and none that only wait", () => {
  const sent = { ...photos, photos: 3 };
  expect(badgeText({ running: false, items: 12, photos: sent })).toBe("Syncing 3 items");
  expect(badgeText({ running: true, items: 2, photos: sent })).toBe("Syncing 5 items");
  expect(badgeText({ running: false, items: 0, photos: { ...photos, wait_for_wifi: 4 } })).toBe("");
});

it("bothers the person only with what a person can mend", () => {
  const healing = ["offline", "server_trouble"] as const;
  const others = [
    "captive_portal",
    "device_clock",
    "revoked",
    "not_recognized",
    "other_server",
    "update_needed",
    "device",
  ] as const;
  expect([...healing, ...others].filter(needsPerson)).toEqual(others);
});
