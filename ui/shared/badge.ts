import type { SyncProblemCode, SyncStatus } from "./model";
import { t } from "./strings";

/** What the badge says: records and photos that are moving; nothing while nothing moves. */
export function badgeText(sync: Pick<SyncStatus, "running" | "items" | "photos">): string {
  const photos = sync.photos.photos;
  return sync.running || photos > 0 ? t.sync.badge((sync.running ? sync.items : 0) + photos) : "";
}

/** Being offline, or a server in trouble, heals by itself: only the rest is ever put before the operator. */
const NEEDS_PERSON: readonly SyncProblemCode[] = [
  "captive_portal",
  "device_clock",
  "revoked",
  "not_recognized",
  "other_server",
  "update_needed",
  "device",
];

/** The device may have to join anew, should this go on. */
export function isNotLetIn(code: SyncProblemCode): boolean {
  return code === "not_recognized" || code === "other_server";
}

export function needsPerson(code: SyncProblemCode): boolean {
  return NEEDS_PERSON.includes(code);
}
