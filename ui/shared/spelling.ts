/**
 * The pages' likeness of the cleaning that identifiers get in Rust (`crates/domain/src/spelling.rs`), for what a page has
 * to know of a text before it is saved.
 */

/** Without what is not seen, every dash a hyphen, at most one blank in a row. */
export function cleaned(text: string): string {
  return text
    .normalize("NFKC")
    .replaceAll(/[^\P{Cc}\s]|[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "")
    .replaceAll(/\p{Dash}/gu, "-")
    .normalize("NFKC")
    .replaceAll(/\s+/gu, " ")
    .trim();
}

/** Small letters and digits alone, without accents and other marks: as a text is searched. */
export function folded(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^\p{Alphabetic}\p{N}]|\p{Mn}/gu, "");
}
