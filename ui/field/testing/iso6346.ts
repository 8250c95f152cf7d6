/** The check digit of a container number, for the store in memory. The rules that count are in Rust. */
export function checkDigit(body: string): number {
  const letters = "0123456789A?BCDEFGHIJK?LMNOPQRSTU?VWXYZ";
  const sum = [...body].reduce((total, character, place) => total + letters.indexOf(character) * 2 ** place, 0);
  return (sum % 11) % 10;
}
