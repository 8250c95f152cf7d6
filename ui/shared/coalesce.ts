/**
 * Runs `task` again for each call, but never twice at once: calls during a run are answered by one more run after
 * it. Ten changes in a row cost two queries, and the last one is never missed.
 */
export function coalesce(task: () => Promise<void>): () => Promise<void> {
  let busy = false;
  let again = false;
  let running: Promise<void> = Promise.resolve();
  const run = async () => {
    try {
      do {
        again = false;
        await task();
      } while (again);
    } finally {
      busy = false;
    }
  };
  return () => {
    again = true;
    if (!busy) {
      busy = true;
      running = run();
    }
    return running;
  };
}
