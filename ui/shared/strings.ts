import type { Kind, Stage } from "./model";
import { photoWords } from "./strings.photos";
import { recordWords } from "./strings.record";
import { supportWords } from "./strings.support";

/**
 * Everything the operator reads that does not come from the records themselves. Another language is another object
 * of the type {@link Strings}; nothing else in the UI holds words.
 */
const en = {
  locale: "en-US",

  app: { name: "Gatebook", tagline: "Yard records that never wait for a signal" },

  common: {
    back: "Back",
    cancel: "Cancel",
    close: "Close",
    details: "Details",
    done: "Done",
    next: "Next",
    remove: "Remove",
    tryAgain: "Try again",
    undo: "Undo",
    optional: "optional",
    yes: "Yes",
    no: "No",
    none: "None",
    more: "More",
    notEntered: "Not entered",
    unreadable:
      "The app could not take this in. Take back what you entered last, then try again. If that does not help, tell the office.",
  },

  time: {
    tomorrow: (time: string) => `tomorrow ${time}`,
    yesterday: (time: string) => `yesterday ${time}`,
    unknownZone: (zone: string) => `(time zone “${zone}” is not known)`,
    unknownZoneLead: "Times of this yard cannot be shown or entered. Ask the office to put its time zone right.",
  },

  sync: {
    badge: (items: number) => (items === 0 ? "Syncing…" : items === 1 ? "Syncing 1 item" : `Syncing ${items} items`),
    now: "Sync now",
    title: "Sync",
    last: (when: string) => `Last sync ${when}`,
    never: "Not synced yet",
    pull: "Pull to sync",
    release: "Release to sync",
    photos: (count: number, arrived: string, all: string) => `Photos: ${count} to go, ${arrived} of ${all}`,
    woken: (count: number) =>
      count === 1
        ? "Sync had stopped once and was started again by itself. Nothing is lost; tell the office about it."
        : `Sync had stopped ${count} times and was started again by itself. Nothing is lost; tell the office about it.`,
    repairs: (count: number) =>
      count === 1
        ? "Once this device and the server did not hold the same records. That was put right by itself."
        : `${count} times this device and the server did not hold the same records. That was put right by itself.`,
    wifi: (count: number) => (count === 1 ? "1 photo waits for Wi-Fi" : `${count} photos wait for Wi-Fi`),
    problems: {
      revoked: "This device was signed out by the office",
      not_recognized: "The server does not recognize this device",
      other_server: "Another server answers",
      update_needed: "Update the app",
      captive_portal: "This network asks for a sign-in",
      device_clock: "Check this device's date and time",
      device: "This device needs attention",
    } as Record<string, string>,
    enrolAgain: "Enrol again",
  },

  enrol: {
    title: "Enrol this device",
    lead: "Ask the office for a server address and a one-time code. You need a signal for this step only.",
    server: "Server address",
    serverHint: "Such as gatebook.example.com",
    code: "Code",
    codeHint: "All its groups of letters. It works once",
    device: "Name of this device",
    deviceHint: "Such as Gate 2 kiosk, or Ana’s phone",
    submit: "Enrol",
    busy: "Enrolling…",
    empty: {
      server: "Type the server address.",
      code: "Type the code from the office.",
      device: "Give this device a name, so that others know which it is.",
    },
  },

  who: {
    title: "Who is working?",
    yard: "Yard",
    otherYards: "Other yards",
    none: "Nobody is listed for this yard yet. The list comes with the first sync.",
    change: "Change",
    nobody: "Nobody signed in",
    wasIt: "Who was it?",
    unsigned: "This does not say who entered it",
    unsignedLead: "It is safe on this device. Say who it was, and it is sent by itself.",
    me: (name: string) => `It was me, ${name}`,
    somebodyElse: "Somebody else",
  },

  tabs: { work: "Work", inbox: "Inbox", label: "Pages", unread: (count: number) => `${count} unread` },

  device: {
    title: "You and this device",
    operator: "Working now",
    yard: "Yard",
    device: "Device",
    organisation: "Organisation",
    version: (version: string) => `Gatebook ${version}`,
    open: "You and this device",
    server: {
      label: "Server",
      move: "It has moved",
      address: "New address",
      addressHint: "Such as gatebook.example.com",
      ending: "Last four groups of its codes",
      endingHint: "Only if the office gives you some",
      submit: "Use this address",
      busy: "Asking the server…",
      empty: "Type the new address.",
    },
    autostart: "Start Gatebook with the computer",
  },

  salvage: { title: "Please read this once", dismiss: "I have read it" },

  work: {
    title: "Work",
    start: "Start",
    gateIn: "Gate in",
    gateOut: "Gate out",
    interchange: "Interchange",
    inspection: "Inspection",
    assigned: "Assigned",
    inProgress: "In progress",
    recent: "Recent",
    emptyTitle: "Nothing waiting",
    empty: "New work appears here by itself. Start a record with one of the buttons.",
    due: (when: string) => `Due ${when}`,
    overdue: (when: string) => `Overdue since ${when}`,
    rejected: "Needs a correction",
    unsigned: "Say who it was",
    voided: "Struck out",
    correcting: "Correction not submitted",
    pick: "Choose a record from the list, or start a new one.",
    handedIn: (title: string) => `Handed in: ${title}`,
  },

  start: {
    inspection: "Which inspection?",
    noTemplates: "No inspection lists are on this device yet. They come with the first sync.",
    items: (count: number) => (count === 1 ? "1 item" : `${count} items`),
    interchange: "What sort of interchange?",
  },

  record: {
    alsoOpen: (name: string, since: string) => `${name} has this open since ${since}`,
    updatedBy: (name: string) => (name === "" ? "Updated on another device" : `Updated by ${name}`),
    changed: (name: string, when: string) => (name === "" ? `Last change ${when}` : `Last change ${when} by ${name}`),
    menu: "More actions",
    gone: "This record is not on the device.",
    backToList: "Back to the list",
    steps: "Steps",
    stepOf: (at: number, count: number) => `Step ${at} of ${count}`,
    correct: "Correct this record",
    correctSigned:
      "The report stays in force as it was signed until your correction is signed and submitted as well. Signatures must be given again.",
    correctPlain: "Your correction is kept beside what was handed in before.",
    correctStart: "Correct it",
    void: "Strike out this record",
    voidLead: "It stays in the books with your reason, and nobody can use it any more.",
    voidReason: "Reason",
    voidConfirm: "Strike out",
    voided: (reason: string) => (reason === "" ? "Struck out" : `Struck out: ${reason}`),
    closed: (reason: string) => (reason === "" ? "Closed by the office" : `Closed by the office: ${reason}`),
    discard: "Discard my change",
    discardLead: "This goes back to what the server has. What you changed since then is dropped.",
    met: (name: string, when: string) =>
      name === "" ? `Changed on another device at ${when}, while it was open here` : `${name} changed this record at ${when}, while it was open here`,
    metVoided: (name: string, when: string) =>
      name === "" ? `Struck out on another device at ${when}, while it was open here` : `${name} struck out this record at ${when}, while it was open here`,
    metText:
      "What you entered did not take that into account. Keep yours: whatever you did not touch becomes as they wrote it. Or take theirs, and drop what you entered since then.",
    keepMine: "Keep mine",
    takeTheirs: "Take theirs",
    takeTheirsLead: "This becomes as they wrote it. What you entered since then is dropped.",
    correcting: "You are correcting this report",
    correctingText: "The report stays in force as it was signed until you submit the correction.",
    discardCorrection: "Discard the correction",
    discardCorrectionLead: "The report stays as it was submitted. What you changed in this correction is dropped.",
    rejected: "The office system did not take the last change",
    rejectedShow: "Show the field",
    sendAgain: "Send again",
    waitsForReport: "Your correction waits for its report",
    unsaved: "Your last change is not saved yet",
    submitted: "Handed in",
  },

  review: {
    title: "Review",
    missing: (count: number) => (count === 1 ? "1 thing is still missing" : `${count} things are still missing`),
    complete: "Everything is there.",
    submit: "Submit",
    lookAgain: "Look again",
  },

  steps: {
    vehicle: "Vehicle",
    items: "Items",
    sign: "Sign",
    review: "Review",
    form: "Gate",
    parties: "Parties",
    equipment: "Units",
    condition: "Damage",
  } as Record<string, string>,

  ...recordWords,
  ...photoWords,
  ...supportWords,

  inbox: {
    title: "Inbox",
    empty: "Nothing here",
    emptyLead: "If somebody else’s change is kept instead of yours, you are told here.",
    unread: "Unread",
    field: "Field",
    kept: "Kept",
    inForce: "In force now",
    before: "In force then",
    setAside: "Set aside",
    differences: "What differed",
    differs: "What differs now",
    more: (count: number) => (count === 1 ? "and 1 more field" : `and ${count} more fields`),
    open: "Open record",
    pick: "Choose a message from the list.",
    what: {
      conflict_set_aside: "Your version was set aside",
      conflict_kept: "Your version was kept",
      conflict_settled: "Settled",
      rejected: "Not accepted",
      unsigned: "Names nobody",
    },
  },

  kinds: {
    inspection: "Inspection",
    gate_event: "Gate",
    interchange: "Interchange",
  } as Partial<Record<Kind, string>>,

  stages: {
    open: "To fill in",
    filled: "To sign",
    signed: "To submit",
    submitted: "Handed in",
  } as Record<Stage, string>,
};

export type Strings = typeof en;

/** The words in use. */
export const t: Strings = en;

/** `service_brakes` becomes "Service brakes", for a list whose template is not on the device. */
export function humanized(key: string): string {
  const words = key.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
