import type { LongestSide } from "./model";

/** The words about photos. */
export const photoWords = {
  photos: {
    title: "Photos",
    take: "Take photo",
    choose: "Choose picture",
    add: "Add photo",
    keeping: (count: number) => (count === 1 ? "Keeping 1 photo" : `Keeping ${count} photos`),
    one: (at: number, count: number) => `Photo ${at} of ${count}`,
    elsewhere: "Not on this device",
    taken: (when: string, by: string) => (by === "" ? when : `${when} by ${by}`),
    digitized: (when: string, by: string) => `Digitized ${when}${by === "" ? "" : `, added by ${by}`}`,
    fileOf: (when: string, by: string) => `File of ${when}${by === "" ? "" : `, added by ${by}`}`,
    added: (when: string, by: string) => `Added ${when}${by === "" ? "" : ` by ${by}`}`,
    previous: "Previous photo",
    next: "Next photo",
    remove: "Remove photo",
    removeLead: "It leaves this record. The office still sees that it was taken.",
    removeConfirm: "Remove it",
    keep: "Keep it",
    failed: (count: number) => (count === 1 ? "The photo was not kept" : `${count} photos were not kept`),
    failedIn: (count: number, title: string, why: string) =>
      `${count === 1 ? "A photo" : `${count} photos`} of “${title}” ${count === 1 ? "was" : "were"} not kept. ${why}`,
    foundAfterCamera: (title: string) =>
      `The photo that was taken while the system closed Gatebook is kept${title === "" ? "" : ` with “${title}”`}.`,
    lostAtCamera: (title: string, why: string | null) => {
      const what = `A photo${title === "" ? "" : ` of “${title}”`}`;
      return why === null
        ? `${what} may be lost: the system closed Gatebook while the camera was open. Look whether it is there, and take it again if not.`
        : `${what} was taken while the system closed Gatebook, and was not kept. ${why}`;
    },
    larger: "Look closer",
    webcam: {
      title: "Take photo",
      starting: "The camera is starting…",
      live: "What the camera sees",
      take: "Take it",
      retake: "Take another",
      use: "Use it",
      taken: "The photo as it was taken",
      refused: "Gatebook may not use the camera. Allow it in the system’s settings, or choose a picture instead.",
      missing: "This computer has no camera. Connect one, or choose a picture instead.",
      busy: "Another program has the camera. Close that program and try again, or choose a picture instead.",
      broken: "The camera gives no picture. Try again, or choose a picture instead.",
    },
    partOf: (photo: string, part: string) => (part === "" ? photo : `${photo}: ${part}`),
  },

  storage: {
    title: "Kept on this device",
    open: "Kept on this device",
    waiting: "Not at the office yet",
    safe: "Safe at the office",
    camera: "Left by the camera",
    free: "Free on this device",
    empty: "No photos on this device",
    emptyLead: "Photos stay here until the office has them, and a day longer.",
    unconfirmed: "Stays until the office has it.",
    damaged: "Damaged on this device, so it cannot be sent. Take it again if you can.",
    arrived: (arrived: string, all: string) => `${arrived} of ${all} have arrived. Stays until the office has it.`,
    goes: (when: string) => `The office has it. Leaves this device ${when}.`,
    over: "The office has it. Leaves this device as soon as there is signal.",
    soon: "soon",
    inMinutes: (minutes: number) => `in ${minutes} min`,
    inHours: (hours: number) => `in ${hours} h`,
    count: (count: number) => (count === 1 ? "1 photo" : `${count} photos`),
    policy: "How photos are taken and sent",
    side: "Size of photos",
    sides: {
      "640": "Smallest: 640 pixels",
      "1024": "Small: 1024 pixels",
      "2048": "Normal: 2048 pixels",
      "3072": "Large: 3072 pixels",
      original: "As the camera takes it",
    } satisfies Record<LongestSide, string> as Record<LongestSide, string>,
    stamp: "Write time and place into the picture",
    network: "Send photos over",
    networks: { any: "Any network", large: "Large ones over Wi-Fi", wifi: "Wi-Fi only" },
    records: "Finished records",
    history: "Leave this device after",
    historyLead: "Counted from when the office received them. The office keeps them; what it does not have never leaves.",
    days: (days: number) => (days === 1 ? "1 day" : days % 365 === 0 ? (days === 365 ? "1 year" : `${days / 365} years`) : `${days} days`),
    unknown: "A record that is no longer here",
    failed: "What is kept here cannot be read just now",
    failedLead: "Your photos stay where they are. Try again; if this stays, close Gatebook and open it again.",
  },
};
