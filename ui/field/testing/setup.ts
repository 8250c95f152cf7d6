import { vi } from "vitest";

// What jsdom lacks and the pages touch.
Object.defineProperty(window, "matchMedia", {
  writable: true,
  value: (media: string) => ({
    media,
    matches: false,
    addEventListener: () => {},
    removeEventListener: () => {},
    addListener: () => {},
    removeListener: () => {},
    dispatchEvent: () => false,
    onchange: null,
  }),
});

// A canvas that draws nothing: signature_pad needs one, no test looks at its pixels.
const nothing = new Proxy({}, { get: () => () => {}, set: () => true }) as CanvasRenderingContext2D;
HTMLCanvasElement.prototype.getContext = vi.fn(() => nothing) as never;

if (!globalThis.CSS?.escape) {
  globalThis.CSS = { escape: (text: string) => text.replaceAll(/[^\w-]/g, (it) => `\\${it}`) } as typeof CSS;
}
