import type { Kind } from "../../shared/model";

/** Kinds of record that have a page. */
export type RecordKind = "inspection" | "gate_event" | "interchange";

/** Where the operator is. Every place has an address, so that a killed app reopens there. */
export type Place =
  | { page: "work" }
  | { page: "inbox"; id?: string }
  | { page: "who" }
  | { page: "storage" }
  | { page: "support" }
  | { page: "enrol" }
  | { page: "new"; what: "inspection" | "interchange" }
  | RecordPlace;

export interface RecordPlace {
  page: "record";
  kind: RecordKind;
  id: string;
  /** Part of the record; its first when absent. */
  step?: string;
  /** Within the step: an item's key or a field's anchor. */
  anchor?: string;
}

const HOME: Place = { page: "work" };
const KINDS: readonly string[] = ["inspection", "gate_event", "interchange"] satisfies RecordKind[];

export function isRecordKind(kind: Kind | string): kind is RecordKind {
  return KINDS.includes(kind);
}

/** `inspection/<id>/items/tires` */
export function formatPlace(place: Place): string {
  switch (place.page) {
    case "record":
      return join(place.kind, place.id, place.step, place.step === undefined ? undefined : place.anchor);
    case "inbox":
      return join("inbox", place.id);
    case "new":
      return join("new", place.what);
    default:
      return place.page;
  }
}

/** The place of an address; the work list for one that nobody knows, such as an older version's. */
export function parsePlace(address: string | null | undefined): Place {
  const [first, second, third, fourth] = (address ?? "").split("/").map(decoded);
  switch (first) {
    case "inbox":
      return second ? { page: "inbox", id: second } : { page: "inbox" };
    case "who":
    case "enrol":
    case "storage":
    case "support":
      return { page: first };
    case "new":
      return second === "inspection" || second === "interchange" ? { page: "new", what: second } : HOME;
    default:
      if (!first || !second || !isRecordKind(first)) return HOME;
      return {
        page: "record",
        kind: first,
        id: second,
        ...(third ? { step: third } : {}),
        ...(third && fourth ? { anchor: fourth } : {}),
      };
  }
}

/** Where "back" leads when there is no history, as after a restart. */
export function parentOf(place: Place): Place {
  return place.page === "inbox" && place.id ? { page: "inbox" } : HOME;
}

function join(...parts: (string | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined)
    .map(encodeURIComponent)
    .join("/");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
