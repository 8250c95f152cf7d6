import { cleaned } from "./spelling";

/**
 * What the pages have to know of container numbers to guess what is being typed. The rules that count are in Rust.
 */

/** The check digit that a container number's first ten characters ask for. */
export function checkDigit(body: string): number {
  const letters = "0123456789A?BCDEFGHIJK?LMNOPQRSTU?VWXYZ";
  const sum = [...body].reduce((total, character, place) => total + letters.indexOf(character) * 2 ** place, 0);
  return (sum % 11) % 10;
}

/** Without blanks and hyphens, if the text is built like a container number, with or without its check digit. */
export function containerNumber(text: string): string | undefined {
  const bare = cleaned(text).toUpperCase().replaceAll(/[ -]/g, "");
  return /^[A-Z]{4}\d{6,7}$/.test(bare) ? bare : undefined;
}

/** Whether its last digit is there and right. */
export function isProved(number: string): boolean {
  return /^[A-Z]{3}[UJZR]\d{7}$/.test(number) && checkDigit(number.slice(0, 10)) === Number(number[10]);
}
