import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const css = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");

/** The colours of the block that begins with `opening`. */
function colours(opening: string): Map<string, string> {
  const block = css.slice(css.indexOf(opening)).split("}")[0] ?? "";
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]));
}

const light = colours(":root {");
const dark = colours(':root:not([data-theme="light"]) {');
const forced = colours(':root[data-theme="dark"] {');

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(theme: Map<string, string>, ink: string, ground: string): number {
  const [one, other] = [ink, ground].map((name) => luminance(theme.get(name) ?? "#808080"));
  const [bright, dim] = [Math.max(one ?? 0, other ?? 0), Math.min(one ?? 0, other ?? 0)];
  return (bright + 0.05) / (dim + 0.05);
}

const AAA = 7;
const AA = 4.5;
const PAIRS: [string, string, number][] = [
  ["ink", "ground", AAA],
  ["ink", "surface", AAA],
  ["ink-soft", "surface", AAA],
  ["ink-soft", "ground", AAA],
  ["ink", "action-soft", AAA],
  ["ink", "pass-soft", AAA],
  ["ink", "minor-soft", AAA],
  ["ink", "major-soft", AAA],
  ["on-action", "action", AAA],
  ["on-tile", "tile", AAA],
  ["on-pass", "pass", AAA],
  ["on-minor", "minor", AAA],
  ["on-major", "major", AAA],
  ["on-neutral", "neutral", AAA],
  ["action", "surface", AAA],
  ["pass", "surface", AAA],
  ["minor-ink", "surface", AAA],
  ["major", "surface", AA],
  ["line-strong", "surface", AA],
];

describe.each([
  ["light", light],
  ["dark", dark],
])("the %s theme", (_, theme) => {
  it.each(PAIRS)("can be read in the sun: %s on %s", (ink, ground, least) => {
    expect(contrast(theme, ink, ground)).toBeGreaterThanOrEqual(least);
  });
});

it("is the same dark whether the system or the attribute asks for it", () => {
  expect([...forced]).toEqual([...dark]);
  expect(dark.size).toBeGreaterThan(15);
});
