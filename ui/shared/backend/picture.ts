/** How a picture's bytes reach whoever keeps it. */
export interface Intake {
  /** Makes ready for so many bytes; answers the name under which they are to come. */
  begin(size: number): Promise<string>;
  /** The next bytes, in Base64. */
  part(name: string, offset: number, base64: string): Promise<void>;
  /** Everything has come: makes a photo of it. */
  add(name: string): Promise<unknown>;
  /** Gives up what has come. */
  drop(name: string): Promise<void>;
}

/** So that a picture of any size never lies in the page's memory as a whole. */
export const PART = 192 * 1024;

/** Sends a picture part by part and has it kept. When any of it fails, what has come is given up. */
export async function sendPicture(file: Blob, intake: Intake): Promise<void> {
  const name = await intake.begin(file.size);
  try {
    for (let offset = 0; offset < file.size; offset += PART) {
      await intake.part(name, offset, await base64(file.slice(offset, offset + PART)));
    }
  } catch (error) {
    await intake.drop(name).catch(() => {});
    throw error;
  }
  await intake.add(name);
}

async function base64(bytes: Blob): Promise<string> {
  const whole = new Uint8Array(await bytes.arrayBuffer());
  let text = "";
  // All at once would be too many arguments.
  for (let at = 0; at < whole.length; at += 8192) text += String.fromCharCode(...whole.subarray(at, at + 8192));
  return btoa(text);
}
