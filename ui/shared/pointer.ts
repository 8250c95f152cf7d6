/**
 * JSON Pointers (RFC 6901) into a record's body: the one address of a field, shared by the forms, the problems the
 * domain reports, rejections of the server, and test ids.
 */

export function segments(pointer: string): string[] {
  if (pointer === "") return [];
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What stands there; undefined where nothing does. */
export function getAt(root: unknown, pointer: string): unknown {
  let here = root;
  for (const name of segments(pointer)) {
    if (here === null || typeof here !== "object" || !Object.hasOwn(here, name)) return undefined;
    here = (here as Record<string, unknown>)[name];
  }
  return here;
}

/**
 * A copy with another value there; what is not on the way is shared with the original. `undefined` takes the field
 * away (or the entry out of its list). Objects that are missing on the way are made.
 */
export function setAt<T>(root: T, pointer: string, value: unknown): T {
  return put(root, segments(pointer), value) as T;
}

function put(here: unknown, path: string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(here)) {
    const copy = [...here];
    const index = Number(name);
    if (rest.length === 0 && value === undefined) copy.splice(index, 1);
    else copy[index] = put(copy[index], rest, value);
    return copy;
  }
  const source = (here ?? {}) as Record<string, unknown>;
  const next = put(Object.hasOwn(source, name) ? source[name] : undefined, rest, value);
  if (next === undefined) {
    const { [name]: _, ...others } = source;
    return others;
  }
  return { ...source, [name]: next };
}

/** `/equipment/0/number` as it appears in addresses: `equipment-0-number`. */
export function anchorOf(pointer: string): string {
  return segments(pointer).join("-");
}

/** The element id and test id of a field's control. */
export function fieldId(pointer: string): string {
  return `field-${anchorOf(pointer)}`;
}

/** Whether a value says anything: a text with nothing in it, or an object or a list of nothing but such, does not. */
export function isSaid(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false;
  return typeof value !== "object" || Object.values(value).some(isSaid);
}

/** Whether `pointer` is `ancestor` itself or lies within it. */
export function isWithin(pointer: string, ancestor: string): boolean {
  return pointer === ancestor || pointer.startsWith(`${ancestor}/`);
}
