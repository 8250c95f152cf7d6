import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { troubleOf, Webcam } from "../state/webcam.svelte";
import { open, see, sees, tap, text, waitFor } from "../testing/app";
import { MemoryBackend } from "../testing/memory";

/** A camera whose light one can see. */
class FakeStream {
  on = true;
  getTracks() {
    return [{ stop: () => (this.on = false) }];
  }
}

const named = (name: string) => Object.assign(new Error(name), { name });

let streams: FakeStream[];
let getUserMedia: ReturnType<typeof vi.fn>;

beforeEach(() => {
  streams = [];
  getUserMedia = vi.fn(async () => {
    const stream = new FakeStream();
    streams.push(stream);
    return stream;
  });
  Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia }, configurable: true });
  HTMLMediaElement.prototype.play = async () => {};
  URL.createObjectURL = () => "blob:picture";
  URL.revokeObjectURL = () => {};
  Object.defineProperty(HTMLVideoElement.prototype, "videoWidth", { get: () => 1920, configurable: true });
  Object.defineProperty(HTMLVideoElement.prototype, "videoHeight", { get: () => 1080, configurable: true });
  HTMLCanvasElement.prototype.toBlob = (done) => done(new Blob(["frame"], { type: "image/jpeg" }));
});

afterEach(() => {
  Reflect.deleteProperty(navigator, "mediaDevices");
});

async function atWebcam(): Promise<MemoryBackend> {
  const backend = open(new MemoryBackend(), "inspection/rec-open/vehicle");
  await tap("photo-webcam-record");
  return backend;
}

const isReady = () => waitFor(async () => expect((await see("webcam-take")).hasAttribute("disabled")).toBe(false));

describe("a kiosk's camera", () => {
  it("is not offered where the webview has no way to it; a picture can be chosen as ever", async () => {
    Reflect.deleteProperty(navigator, "mediaDevices");
    open(new MemoryBackend(), "inspection/rec-open/vehicle");
    await see("photo-input-record");
    expect(sees("photo-webcam-record")).toBe(false);
  });

  it("gives a photo only when that is said to be good, and goes out then", async () => {
    const backend = await atWebcam();
    await isReady();
    await tap("webcam-take");
    await see("webcam-taken");
    expect(backend.pictures.list("rec-open").photos).toHaveLength(0);
    await tap("webcam-retake");
    expect(sees("webcam-taken")).toBe(false);
    await tap("webcam-take");
    await tap("webcam-use");
    await see("photo-photo-1");
    expect(sees("webcam")).toBe(false);
    expect(streams.map(({ on }) => on)).toEqual([false]);
  });

  it("goes out when nothing is taken", async () => {
    const backend = await atWebcam();
    await isReady();
    await tap("webcam-close");
    expect(sees("webcam")).toBe(false);
    expect(streams.map(({ on }) => on)).toEqual([false]);
    expect(backend.pictures.list("rec-open").photos).toHaveLength(0);
  });

  it("that cannot be had is told in a sentence that says what to do, and a picture can be chosen", async () => {
    getUserMedia.mockRejectedValueOnce(named("NotAllowedError"));
    await atWebcam();
    expect(await text("webcam-trouble")).toContain("or choose a picture instead");
    expect(sees("photo-input-record")).toBe(true);
    await tap("webcam-again");
    await isReady();
  });

  it("has a sentence for each trouble", () => {
    expect(["NotAllowedError", "NotFoundError", "NotReadableError", "TypeError"].map((name) => troubleOf(named(name)))).toEqual([
      "refused",
      "missing",
      "busy",
      "broken",
    ]);
  });

  it("that is given only after it was let go is let go at once", async () => {
    let give = (_: FakeStream) => {};
    getUserMedia.mockImplementationOnce(() => new Promise((resolve) => (give = resolve)));
    const webcam = new Webcam();
    const started = webcam.start();
    webcam.stop();
    const late = new FakeStream();
    give(late);
    await started;
    expect(late.on).toBe(false);
    expect(webcam.stage.at).toBe("starting");
  });

  it("that shows nothing is let go, and that is told", async () => {
    const webcam = new Webcam();
    await webcam.start();
    await webcam.take(async () => null);
    expect(webcam.stage).toEqual({ at: "failed", trouble: "broken" });
    expect(streams.map(({ on }) => on)).toEqual([false]);
  });
});
