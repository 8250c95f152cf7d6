import { Blob as WholeBlob } from "node:buffer";
import { beforeEach, expect, it, vi } from "vitest";
import { BackendError } from "./backend";
import type { Body } from "../model";
import { t } from "../strings";
import { tauriBackend } from "./tauri";

const invoke = vi.hoisted(() => vi.fn());
const listen = vi.hoisted(() => vi.fn());
const convertFileSrc = vi.hoisted(
  () => (path: string, scheme: string) => `${scheme}://localhost/${encodeURIComponent(path)}`,
);
vi.mock("@tauri-apps/api/core", () => ({ invoke, convertFileSrc }));
vi.mock("@tauri-apps/api/event", () => ({ listen }));

beforeEach(() => {
  invoke.mockReset();
  listen.mockReset();
});

async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    return error;
  }
}

it("calls commands by their Rust names with arguments in camel case", async () => {
  invoke.mockResolvedValue(null);
  await tauriBackend.chooseOperator("op-1");
  await tauriBackend.enrol({ serverUrl: "https://example.com", code: "C", deviceName: "Gate 2" });
  await tauriBackend.keepPlace("inspection/1/items");
  expect(invoke.mock.calls).toEqual([
    ["choose_operator", { operatorId: "op-1" }],
    ["enrol", { serverUrl: "https://example.com", code: "C", deviceName: "Gate 2" }],
    ["keep_place", { place: "inspection/1/items" }],
  ]);
});

it("fails with what the command says", async () => {
  const problem = { code: "disk_full", message: "This device is out of space.", retry: true };
  invoke.mockRejectedValue(problem);
  const error = await failure(tauriBackend.workList());
  expect(error).toBeInstanceOf(BackendError);
  expect((error as BackendError).problem).toEqual(problem);
});

it("fails with words even when Tauri refuses the call itself", async () => {
  invoke.mockRejectedValue("Command work_list not allowed by ACL");
  const logged = vi.spyOn(console, "error").mockReturnValue();
  const error = (await failure(tauriBackend.workList())) as BackendError;
  expect(error.problem).toEqual({ code: "storage", message: t.common.unreadable, retry: false });
  expect(logged).toHaveBeenCalledWith("Command work_list not allowed by ACL");
});

it("fails with words when a save cannot be read, never with a parser's", async () => {
  invoke.mockRejectedValue("invalid args `body` for command `save`: lone leading surrogate in hex escape at line 1 column 88");
  vi.spyOn(console, "error").mockReturnValue();
  const body = { kind: "gate_event", body: { direction: "in", equipment: [], driver: { name: "" }, carrier: { name: "" } } } as const;
  const error = (await failure(tauriBackend.save("1", body as unknown as Body, "w"))) as BackendError;
  expect(error.message).toContain("The app could not take this in.");
  expect(error.message).not.toContain("surrogate");
});

it("hands on how sync stands, and stops when asked to", async () => {
  const stop = vi.fn();
  listen.mockResolvedValue(stop);
  const heard = vi.fn();
  const stopping = await tauriBackend.onSyncStatus(heard);
  const [, callback] = listen.mock.calls[0] ?? [];
  callback({ payload: { running: true, items: 2 } });
  expect(heard).toHaveBeenCalledWith({ running: true, items: 2 });
  stopping();
  expect(stop).toHaveBeenCalledOnce();
});

it("finds a small and a full picture by the photo's hash, in an address that nothing in it can change", () => {
  const sha256 = "ab".repeat(32);
  expect(tauriBackend.pictureUrl(sha256, true)).toBe(`photo://localhost/${sha256}.small`);
  expect(tauriBackend.pictureUrl(sha256, false)).toBe(`photo://localhost/${sha256}.full`);
});

it("notes what a camera is opened for by the calls there are for it", async () => {
  invoke.mockImplementation(async (name: string) => (name === "camera_opens" ? "noted-1" : []));
  expect(await tauriBackend.cameraOpens("rec-1", "/damage")).toBe("noted-1");
  expect(await tauriBackend.afterCamera()).toEqual([]);
  await tauriBackend.cameraLeft("noted-1");
  expect(invoke.mock.calls).toEqual([
    ["camera_opens", { recordId: "rec-1", role: "photo", about: "/damage" }],
    ["after_camera"],
    ["camera_left", { noted: "noted-1" }],
  ]);
});

it("has a picture kept by the calls there are for it", async () => {
  invoke.mockImplementation(async (name: string) => (name === "begin_photo" ? "in-1" : null));
  const file = new WholeBlob(["abc"]) as unknown as Blob;
  const came = { by_camera: false, file_at_ms: 1_793_000_000_000, noted: null };
  await tauriBackend.addPhoto({ file, recordId: "rec-1", about: "/damage", came });
  expect(invoke.mock.calls).toEqual([
    ["begin_photo", { size: 3 }],
    ["photo_part", { name: "in-1", offset: 0, part: "YWJj" }],
    ["add_photo", { name: "in-1", recordId: "rec-1", role: "photo", about: "/damage", came }],
  ]);
});
