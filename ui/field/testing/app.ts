import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import App from "../App.svelte";
import { MemoryBackend } from "./memory";

/** The app as a person sees it, over a store in memory. */
export function open(backend = new MemoryBackend(), place?: string): MemoryBackend {
  if (place !== undefined) backend.state.place = place;
  render(App, { props: { backend } });
  return backend;
}

export const see = (testid: string) => screen.findByTestId(testid);
export const sees = (testid: string) => screen.queryByTestId(testid) !== null;

export async function tap(testid: string): Promise<void> {
  await fireEvent.click(await see(testid));
}

/** Types as a person does: enters the field, types, and stays in it. */
export async function type(testid: string, value: string): Promise<HTMLInputElement> {
  const field = (await see(testid)) as HTMLInputElement;
  field.focus();
  await fireEvent.input(field, { target: { value } });
  return field;
}

export async function choose(testid: string, value: string): Promise<void> {
  await fireEvent.change(await see(testid), { target: { value } });
}

export const text = async (testid: string) => (await see(testid)).textContent?.replaceAll(/\s+/g, " ").trim();
export const value = async (testid: string) => ((await see(testid)) as HTMLInputElement).value;

export { waitFor };
