// What every driver in JavaScript shares: the records, how it is called, and how it tells what it measured.

const FIRST = ['Ana', 'Bruno', 'Carmen', 'Diego', 'Elena', 'Fausto', 'Graciela', 'Hugo'];
const LAST = ['Arriaga', 'Benavides', 'Cantú', 'Domínguez', 'Escamilla', 'Farías'];

/** A gate event of about 450 bytes, as Gatebook's own bench captures it; no two are alike. */
export function event(at) {
  const number = (at * 2_654_435_761) % 1_000_000_007;
  return {
    id: `event-${String(at).padStart(8, '0')}`,
    yard: 'laredo',
    direction: 'in',
    lane: String(number % 12),
    container: `CSQU${String(number % 10_000_000).padStart(7, '0')}`,
    tractor: `T-${number % 997}`,
    load: 'loaded',
    driver: `${FIRST[number % FIRST.length]} ${LAST[number % LAST.length]}`,
    carrier: 'Puente Logistics',
    reference: `BK-${String(number).padStart(16, '0')}`,
    captured: new Date(1_772_636_400_000 + at).toISOString(),
    remarks: `Waited at lane ${number % 12} for ${at % 60} minutes, papers ${number.toString(16)} seen at the window.`,
  };
}

/** All of them. */
export const events = (count) => Array.from({ length: count }, (_, at) => event(at));

/** How many records; where the server is to listen, and where clients find it: both on 127.0.0.1. */
export const [records, server, client] = process.argv.slice(2, 5).map(Number);
/** What the driver takes beside that. */
export const more = process.argv.slice(5);

/** Milliseconds that something took. */
export async function took(work) {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Waits until something holds, asking every few milliseconds; for peers that say nothing when they are through. */
export async function until(holds) {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Tells the figures and ends, whatever the peer has left running. */
export function tell(figures) {
  process.stdout.write(`${JSON.stringify({ records, ...figures })}\n`, () => process.exit(0));
}
