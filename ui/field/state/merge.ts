import type { Body, Signature } from "../../shared/model";

interface Signed {
  signatures?: Signature[];
  submitted?: unknown;
}

/**
 * Saving an edit takes away the signatures that were given for the earlier text, and the mark of handing in. When
 * the operator has gone on typing meanwhile, the newer draft still holds them; sent back, they would pass for newly
 * given. So what a save took away is taken from the draft as well. Signatures given since then stay.
 */
export function withdraw(sent: Body, answered: Body, draft: Body): Body {
  const before = sent.body as Signed;
  const after = answered.body as Signed;
  const now = draft.body as Signed;
  const kept = new Set((after.signatures ?? []).map(asText));
  const gone = new Set((before.signatures ?? []).map(asText).filter((signature) => !kept.has(signature)));
  const next: Signed = { ...now };
  if (gone.size > 0 && now.signatures) {
    next.signatures = now.signatures.filter((signature) => !gone.has(asText(signature)));
  }
  if (before.submitted && !after.submitted && asText(now.submitted) === asText(before.submitted)) delete next.submitted;
  return { ...draft, body: next } as Body;
}

function asText(value: unknown): string {
  return canonical(value);
}

/** Rust may answer an object's fields in another order than they were sent. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, it: unknown) =>
    it !== null && typeof it === "object" && !Array.isArray(it)
      ? Object.fromEntries(Object.entries(it).sort(([one], [other]) => (one < other ? -1 : 1)))
      : it,
  );
}
