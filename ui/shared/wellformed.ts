/**
 * The text without halves of surrogate pairs, which a keyboard or a cut at a length leaves behind. They are no characters:
 * UTF-8 has none of them, so a text with one in it could not be handed to Rust at all.
 */
export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, "\uFFFD");
}
