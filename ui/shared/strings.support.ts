/** The words of the support page and the support window. */
export const supportWords = {
  support: {
    title: "Support",
    open: "Support",
    pending: "Everything pending",
    pendingLead:
      "One file with all that has not reached the office yet. Make it before this device is replaced or repaired.",
    waits: (records: number) =>
      records === 0 ? "No records wait here" : records === 1 ? "1 record waits here" : `${records} records wait here`,
    photos: (photos: number, bytes: string) =>
      photos === 0 ? "no photos" : photos === 1 ? `1 photo (${bytes})` : `${photos} photos (${bytes})`,
    waitsWith: (records: string, photos: string) => `${records}, ${photos}.`,
    exportPending: "Save everything pending",
    diagnostics: "Diagnostics",
    diagnosticsLead:
      "One file for whoever helps you: versions, settings, how sync went, the end of the log. No passwords, no PINs, no records.",
    exportDiagnostics: "Save diagnostics",
    busy: "Saving…",
    saved: "Saved",
    savedAs: (place: string) => (place === "" ? "It is where you chose." : `File: ${place}`),
    exported: (records: number, photos: number) =>
      `${records === 1 ? "1 record" : `${records} records`} and ${photos === 1 ? "1 photo" : `${photos} photos`} are in it. Nothing on this device has changed.`,
    missing: (photos: number) =>
      photos === 1
        ? "1 photo could not be read. Tell the office before you replace this device."
        : `${photos} photos could not be read. Tell the office before you replace this device.`,
    restricted: "This device keeps Gatebook from syncing while it is not open",
    restrictedLead: "Open the app to sync, or allow background work for Gatebook in the device’s settings.",
    window: "Support window",
    windowLead: "For support staff: SQL questions to a copy of this device’s records. It changes nothing.",
    openWindow: "Open support window",
    code: "Kiosk code",
  },

  /** The support window: for people who know SQL. */
  look: {
    title: "Gatebook support",
    asOf: (when: string) => `A copy as of ${when}, without tokens, keys and PINs. Nothing here changes the device.`,
    copying: "Copying the records…",
    again: "Copy again",
    tables: "Tables",
    questions: "Ready questions",
    sql: "One SELECT",
    run: "Run",
    running: "Running…",
    copy: "Copy as CSV",
    copied: "Copied",
    notCopied: "This system did not take the copy. Select the table and copy it by hand.",
    rows: (count: number) => (count === 0 ? "No rows" : count === 1 ? "1 row" : `${count} rows`),
    capped: (most: number) => `The first ${most} rows; there are more. Add a WHERE, or count them.`,
    ask: "Choose a question or a table, or write one.",
    ready: {
      pending: "What waits for the server?",
      rejected: "What was rejected, and why?",
      photos: "Which photos are held, and why?",
      sync: "How did sync go?",
      settings: "Which settings are there?",
    },
  },
};
