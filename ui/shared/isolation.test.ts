import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

const read = (path: string) => readFileSync(join(import.meta.dirname, path), "utf8");

interface Message {
  cmd: string;
  payload?: unknown;
  callback: number;
  error: number;
}

let hook: (message: Message) => Message;
const call = (cmd: string, payload?: unknown) => hook({ cmd, payload, callback: 1, error: 2 });

beforeAll(() => {
  // The file as it ships, run as the browser runs it.
  new Function("window", read("../isolation/index.js"))(window);
  hook = (window as unknown as { __TAURI_ISOLATION_HOOK__: typeof hook }).__TAURI_ISOLATION_HOOK__;
});

describe("the isolation application", () => {
  it("knows every command of the bindings", () => {
    const commands = [...read("./bindings.ts").matchAll(/__TAURI_INVOKE\("(\w+)"/g)].map(([, name = ""]) => name);
    const known = new Set([...read("../isolation/index.js").matchAll(/^ {6}"?([\w:|]+)"?: \{/gm)].map(([, it]) => it));
    expect(commands.length).toBeGreaterThan(15);
    expect(commands.filter((name) => !known.has(name))).toEqual([]);
  });

  it("lets calls of a known shape through as they are", () => {
    for (const [cmd, payload] of [
      ["bootstrap", {}],
      ["bootstrap", undefined],
      ["keep_place", { place: null }],
      ["save", { id: "x", body: { kind: "gate_event", body: {} }, shown: "y" }],
      ["settle_met", { id: "x", keep: "mine" }],
      ["photo_part", { name: "in-1", offset: 196608, part: "A".repeat(262144) }],
      ["add_photo", { name: "in-1", recordId: "x", role: "photo", about: "", came: { by_camera: true, file_at_ms: 1772636400000, noted: null } }],
      ["camera_opens", { recordId: "x", role: "photo", about: "/items/0" }],
      ["camera_left", { noted: "n" }],
      ["zone_clocks", { zone: "America/Ciudad_Juarez" }],
      ["after_camera", {}],
      ["plugin:sql|select", { db: "sqlite:support", query: "SELECT 1", values: [] }],
      ["plugin:event|listen", { event: "store_changed", target: { kind: "Any" }, handler: 3 }],
    ] as const) {
      const message = { cmd, payload, callback: 1, error: 2 };
      expect(hook(message)).toBe(message);
    }
  });

  it("turns anything else into a call that fails", () => {
    for (const [cmd, payload] of [
      ["plugin:fs|read_file", { path: "/etc/passwd" }],
      ["plugin:sql|select", { db: "sqlite:/data/gatebook.sqlite", query: "SELECT 1", values: [] }],
      ["plugin:sql|load", { db: "sqlite:support" }],
      ["plugin:sql|execute", { db: "sqlite:support", query: "SELECT 1", values: [] }],
      ["save", { id: "x", body: "text", shown: "y" }],
      ["save", { id: "x", body: { kind: "gate_event", body: {} } }],
      ["settle_met", { id: "x", keep: "both" }],
      ["save", { id: "x" }],
      ["record", { id: "x", more: 1 }],
      ["hint", { hint: "explode" }],
      ["constructor", {}],
      ["record", { id: 7 }],
      ["zone_clocks", { zone: null }],
      ["begin_photo", { size: 1.5 }],
      ["photo_part", { name: "in-1", offset: 0, part: "A".repeat(262145) }],
      ["photo_part", { name: "in-1", offset: "0", part: "AAAA" }],
      ["add_photo", { name: "in-1", recordId: "x", role: "selfie", about: "", came: { by_camera: true, file_at_ms: null, noted: null } }],
      ["add_photo", { name: "in-1", recordId: "x", role: "photo", about: "" }],
      ["add_photo", { name: "in-1", recordId: "x", role: "photo", about: "", came: { by_camera: "yes", file_at_ms: null, noted: null } }],
      ["set_photo_policy", { policy: "large" }],
      ["keep_history", { days: "30" }],
    ] as const) {
      expect(call(cmd, payload)).toMatchObject({ cmd: "refused_by_isolation", payload: {}, callback: 1, error: 2 });
    }
  });
});
