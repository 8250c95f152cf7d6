/** Why the webcam gives no picture; each has its own sentence. */
export type WebcamTrouble = "refused" | "missing" | "busy" | "broken";

type Stage =
  | { at: "starting" }
  | { at: "live"; stream: MediaStream }
  | { at: "taken"; stream: MediaStream; picture: Blob }
  | { at: "failed"; trouble: WebcamTrouble };

/** Sharp enough for a placard, if the camera has it. The store brings every picture to its own size. */
const WANTED: MediaStreamConstraints = {
  audio: false,
  video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } },
};

/** Whether this webview can ask for the machine's camera at all. Whether there is one, only asking shows. */
export function canUseWebcam(): boolean {
  return typeof navigator.mediaDevices?.getUserMedia === "function";
}

/** What is wrong, by the names that the standard gives. */
export function troubleOf(error: unknown): WebcamTrouble {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "broken";
}

/** A look through the machine's camera, from asking for it until it is let go. */
export class Webcam {
  stage = $state.raw<Stage>({ at: "starting" });
  /** Counts the times the camera was asked for: an answer that comes after it was let go, or asked again, is let go too. */
  #turn = 0;

  async start(): Promise<void> {
    this.stop();
    const turn = this.#turn;
    this.stage = { at: "starting" };
    try {
      const stream = await navigator.mediaDevices.getUserMedia(WANTED);
      if (turn === this.#turn) this.stage = { at: "live", stream };
      else letGo(stream);
    } catch (error) {
      if (turn === this.#turn) this.stage = { at: "failed", trouble: troubleOf(error) };
    }
  }

  /** Takes what the camera sees. `frame` answers nothing while there is no picture yet. */
  async take(frame: () => Promise<Blob | null>): Promise<void> {
    if (this.stage.at !== "live") return;
    const { stream } = this.stage;
    const picture = await frame().catch(() => null);
    if (this.stage.at !== "live" || this.stage.stream !== stream) return;
    if (picture) {
      this.stage = { at: "taken", stream, picture };
      return;
    }
    this.stop();
    this.stage = { at: "failed", trouble: "broken" };
  }

  /** The picture is not good: back to what the camera sees. */
  retake(): void {
    if (this.stage.at === "taken") this.stage = { at: "live", stream: this.stage.stream };
  }

  /** Lets the camera go; its light goes out. */
  stop(): void {
    this.#turn += 1;
    if (this.stage.at === "live" || this.stage.at === "taken") letGo(this.stage.stream);
  }
}

function letGo(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** The picture that a video shows now, as large as the camera gives it. */
export function frameOf(video: HTMLVideoElement): Promise<Blob | null> {
  const { videoWidth: width, videoHeight: height } = video;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  if (!context || width === 0) return Promise.resolve(null);
  context.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}
