import type { SyncProblemCode, SyncStatus } from "./model";
import { t } from "./strings";

/** What the badge says; nothing while no sync runs. */
export function badgeText(sync: Pick<SyncStatus, "running" | "items">): string {
  return sync.running ? t.sync.badge(sync.items) : "";
}

/** Being offline, or a server in trouble, heals by itself: only the rest is ever put before the operator. */
const NEEDS_PERSON: readonly SyncProblemCode[] = ["captive_portal", "revoked", "update_needed", "device"];

export function needsPerson(code: SyncProblemCode): boolean {
  return NEEDS_PERSON.includes(code);
}
