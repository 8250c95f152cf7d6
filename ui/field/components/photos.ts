import type { Template } from "../../shared/model";
import { humanized, t } from "../../shared/strings";

/** What the part of a record is called that a photo shows; nothing for the whole of it. */
export function partName(about: string, template: Template | null): string {
  const [, list, key] = about.split("/");
  if (list === "items" && key) return template?.items.find((item) => item.key === key)?.label ?? humanized(key);
  return list === "damage" ? t.damage.title : "";
}

const MINUTE = 60_000;

/** In how long something goes, rounded up so that it never goes before it is said to. */
export function goesIn(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / MINUTE);
  if (minutes <= 1) return t.storage.soon;
  return minutes < 60 ? t.storage.inMinutes(minutes) : t.storage.inHours(Math.ceil(minutes / 60));
}
