/**
 * Signatures as the record keeps them: one list per stroke, alternating x and y, in thousandths of the pad's width
 * from its top left. So a signature drawn on a phone is redrawn the same on a kiosk and on paper.
 */

export interface Point {
  x: number;
  y: number;
}

export type Strokes = number[][];

/** The pad is this many thousandths of its width high. */
export const PAD_HEIGHT = 400;

/** The domain's limits, with room to spare: 200 strokes and 8000 numbers in all. */
const MOST_STROKES = 200;
const MOST_NUMBERS = 8000;

export function toStrokes(drawing: readonly (readonly Point[])[], width: number): Strokes {
  if (width <= 0) return [];
  const scale = (pixels: number) => Math.round((pixels * 1000) / width);
  const strokes = drawing
    .filter((points) => points.length > 0)
    .slice(0, MOST_STROKES)
    .map((points) => points.map(({ x, y }) => [scale(x), scale(y)] as const))
    .map(dot)
    .map((points) => points.flat());
  return thinned(strokes);
}

/** A mere dot counts as drawn: it gets a second point beside the first. */
function dot(points: (readonly [number, number])[]): (readonly [number, number])[] {
  const first = points[0];
  return points.length === 1 && first ? [first, [first[0] + 1, first[1]]] : points;
}

/** Leaves out every other point, but never the ends of a stroke, until the drawing is small enough to keep. */
function thinned(strokes: Strokes): Strokes {
  const count = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  if (count <= MOST_NUMBERS) return strokes;
  return thinned(
    strokes.map((stroke) => {
      const last = stroke.length / 2 - 1;
      return stroke.filter((_, place) => {
        const point = Math.floor(place / 2);
        return point === last || point % 2 === 0;
      });
    }),
  );
}

export function toPoints(strokes: Strokes, width: number): Point[][] {
  return strokes.map((stroke) => {
    const points: Point[] = [];
    for (let at = 0; at + 1 < stroke.length; at += 2) {
      points.push({ x: ((stroke[at] ?? 0) * width) / 1000, y: ((stroke[at + 1] ?? 0) * width) / 1000 });
    }
    return points;
  });
}

/** The drawing as an SVG path in the coordinates of the record. */
export function toPath(strokes: Strokes): string {
  return toPoints(strokes, 1000)
    .filter((points) => points.length > 0)
    .map((points) => `M${points.map(({ x, y }) => `${x} ${y}`).join("L")}`)
    .join("");
}

export function isDrawn(strokes: Strokes | undefined): boolean {
  return strokes?.some((stroke) => stroke.length >= 4) ?? false;
}
