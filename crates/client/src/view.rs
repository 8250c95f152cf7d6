//! What the UI is shown: plain data, made from local state only, in the words an operator reads.

use gatebook_domain::equipment::{EquipmentRef, Plate};
use gatebook_domain::gate_event::Direction;
use gatebook_domain::interchange::Movement;
use gatebook_domain::reference::{Role, Template};
use gatebook_domain::{Body, Kind, Problem, RecordState, Stage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

mod photos;

pub use photos::{AfterCamera, PhotoList, PhotoShown, PhotoView, ShownBy};

use crate::photos::UploadProgress;

/// Everything the UI needs to draw itself anew, from one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct AppState {
    /// Present once the device is enrolled.
    pub enrolment: Option<EnrolmentView>,
    /// Yards this device works for.
    pub yards: Vec<YardView>,
    /// The yard chosen.
    pub yard_id: Option<Uuid>,
    /// Who is working.
    pub operator: Option<OperatorView>,
    /// The UI's own address of the page and step that was open, as last kept with `keep_place`.
    pub place: Option<String>,
    /// How sync stands.
    pub sync: SyncStatus,
    /// Numbers for badges.
    pub counts: Counts,
    /// What had to be put right by itself, for the support page.
    pub health: Health,
    /// What was salvaged when a damaged database had to be set aside, for the operator to read once.
    pub salvage: Option<String>,
    /// The app's version.
    pub app_version: String,
}

/// The device's membership.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct EnrolmentView {
    /// Where the server is.
    pub server_url: String,
    /// The organisation's name.
    pub tenant_name: String,
    /// This device.
    pub device_id: Uuid,
    /// What this device is called.
    pub device_name: String,
    /// The server no longer takes this device's token. Local data stays readable and writable.
    pub revoked: bool,
}

/// A yard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct YardView {
    /// Record id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Short code.
    pub code: String,
    /// IANA time zone in which its times are shown.
    pub time_zone: String,
    /// City and state.
    pub place: String,
}

/// A person who may work on this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct OperatorView {
    /// Record id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// What they do.
    pub job: String,
    /// What they may do.
    pub role: Role,
    /// Where they work.
    pub yard_ids: Vec<Uuid>,
}

/// How sync stands. While `running`, the badge says "Syncing `items` items"; otherwise there is no badge.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SyncStatus {
    /// A round is under way.
    pub running: bool,
    /// Items this round has still to move.
    pub items: u32,
    /// Records that wait for a round.
    pub pending: u32,
    /// Photos that are being sent, beside any round.
    pub photos: UploadProgress,
    /// When a round last ended well.
    pub last_success_at: Option<Timestamp>,
    /// Why the last round did not end well, if it did not. Nobody has to act unless the message says so.
    pub problem: Option<SyncProblem>,
}

/// Why a round did not end well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SyncProblem {
    /// For the program.
    pub code: SyncProblemCode,
    /// For the operator: what it is and, if anything, what to do.
    pub message: String,
}

/// The sorts of [`SyncProblem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum SyncProblemCode {
    /// No way to the server; nothing to do.
    Offline,
    /// The server answers with an error of its own; nothing to do.
    ServerTrouble,
    /// Something between answers instead of the server, such as a sign-in page of a guest network.
    CaptivePortal,
    /// By this device's clock the server's certificate is not valid: its date and time are to be checked.
    DeviceClock,
    /// The office has signed this device out, as its own server has proved: enrol again.
    Revoked,
    /// The server does not let this device in, and nobody has proved that the office wants it so. It is tried again by itself.
    NotRecognized,
    /// A server answers that this device does not belong to. Nothing is exchanged with it.
    OtherServer,
    /// The server speaks another protocol version: update the app.
    UpdateNeeded,
    /// The device itself failed, such as a full disk.
    Device,
}

/// Numbers for badges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Counts {
    /// Records that wait for a round.
    pub pending: u32,
    /// Inbox items for this operator not yet read.
    pub unread: u32,
    /// Assignments not yet handed in.
    pub assigned: u32,
}

/// How often this device had to put something right that should never be wrong. All 0 in normal life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Health {
    /// The scheduler was found asleep with nothing planned, or broken, and was woken.
    pub scheduler_woken: u32,
    /// Device and server were found to differ, and were made equal.
    pub repairs: u32,
}

/// The start page.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct WorkList {
    /// Assigned and not begun, soonest due first.
    pub assigned: Vec<WorkItem>,
    /// Begun and not handed in, newest first.
    pub in_progress: Vec<WorkItem>,
    /// Handed in, newest first; at most 50.
    pub recent: Vec<WorkItem>,
}

/// One line of the start page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct WorkItem {
    /// The record; for an assignment not begun, the id its inspection will have.
    pub record_id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
    /// A second line: note of the dispatcher, carrier, progress such as "4 of 11 items".
    pub detail: String,
    /// How far it is; absent for an assignment not begun.
    pub stage: Option<Stage>,
    /// The assignment it answers.
    pub assignment_id: Option<Uuid>,
    /// By when.
    pub due_at: Option<Timestamp>,
    /// Last change.
    pub changed_at: Timestamp,
    /// Who changed it last.
    pub operator_name: String,
    /// The server would not take it and says why: open it to correct.
    pub rejected: bool,
    /// What waits here names nobody: ask who it was.
    pub unsigned: bool,
    /// Struck out.
    pub voided: bool,
    /// Somebody else has it open, as far as this device knows.
    pub also_open: Option<AlsoOpen>,
    /// A correction of it was begun and is not submitted.
    pub correcting: bool,
}

/// Somebody else works on the same record, as far as this device knows. A warning, never a lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct AlsoOpen {
    /// Who.
    pub operator_name: String,
    /// Since when, by the server's clock.
    pub since: Timestamp,
}

/// One record, to be shown or edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RecordView {
    /// Record id.
    pub id: Uuid,
    /// Names the state that is shown: what is done to it says so, so that nothing is done to another state unseen.
    pub write_id: Uuid,
    /// Its yard.
    pub yard_id: Option<Uuid>,
    /// What it says, as last saved on this device.
    pub body: Body,
    /// What it is called.
    pub title: String,
    /// How far it is.
    pub stage: Stage,
    /// Live, closed or voided.
    pub state: RecordState,
    /// Why it was closed or voided.
    pub state_reason: String,
    /// The template of an inspection, if this device has it.
    pub template: Option<Template>,
    /// What is wrong with what was entered.
    pub problems: Vec<Problem>,
    /// What is still missing before it can be submitted.
    pub missing: Vec<Problem>,
    /// The server would not take the last change: why, and which field.
    pub rejection: Option<RejectionView>,
    /// What waits here, of the record or its photos, names nobody: ask who it was.
    pub unsigned: bool,
    /// There is a server version to go back to ("discard my change").
    pub can_discard: bool,
    /// Who changed it last.
    pub operator_name: String,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// Time zone in which its times are shown.
    pub zone: String,
    /// Somebody else has it open.
    pub also_open: Option<AlsoOpen>,
    /// A correction of a submitted report: the report stays in force as it was signed until this is submitted. With a
    /// `rejection` it waits for the report, which has left this device.
    pub correcting: bool,
    /// Somebody else changed the record while this form was open, and what they wrote met what was entered here.
    pub met: Option<Met>,
    /// What the reference data say of everything in the body that was picked from them.
    pub picked: Vec<Picked>,
}

/// What came into a form with a pick, beside the name or number: it leaves when another is typed over that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Picked {
    /// The reference record, as `carrier_id` and `equipment_id` name it.
    pub id: Uuid,
    /// A carrier's SCAC.
    pub scac: Option<String>,
    /// A carrier's USDOT number.
    pub usdot: Option<String>,
    /// A unit's plate.
    pub plate: Option<Plate>,
    /// A unit's size and type.
    pub size_type: Option<String>,
}

/// Somebody else's change that met what was entered in an open form, until the person says what is to be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Met {
    /// Who changed it.
    pub operator_name: String,
    /// When the server received that.
    pub at: Timestamp,
    /// They struck it out.
    pub voided: bool,
}

/// What is to be kept of two changes that met in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// What was entered here; where nothing was, what they wrote.
    Mine,
    /// What they wrote.
    Theirs,
}

/// Why the server would not take a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RejectionView {
    /// Which field (JSON Pointer into the body), if it is one.
    pub path: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

/// What `submit` did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SubmitOutcome {
    /// Whether it was handed in. If not, `record.missing` says what is missing.
    pub submitted: bool,
    /// The record as it now is.
    pub record: RecordView,
}

/// How an inspection is begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "what", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "one at a time, from a tap")]
pub enum Start {
    /// Open an assignment. Beginning twice opens the same record.
    Assignment {
        /// Which.
        assignment_id: Uuid,
    },
    /// An inspection nobody assigned.
    Inspection {
        /// The list to follow.
        template_id: Uuid,
        /// What to inspect, if it was picked already.
        equipment: Option<EquipmentRef>,
    },
    /// A gate event.
    GateEvent {
        /// In or out.
        direction: Direction,
    },
    /// An interchange.
    Interchange {
        /// What sort.
        movement: Movement,
    },
}

/// A template to choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TemplateView {
    /// Record id.
    pub id: Uuid,
    /// The template.
    pub template: Template,
}

/// A carrier to choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CarrierView {
    /// Record id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// SCAC.
    pub scac: Option<String>,
    /// USDOT number.
    pub usdot: Option<String>,
}

/// A piece of equipment to choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct EquipmentView {
    /// Record id.
    pub id: Uuid,
    /// Ready to put into a record.
    pub equipment: EquipmentRef,
    /// Plate, if known.
    pub plate: Option<Plate>,
    /// Owner's name, if known.
    pub owner: String,
}

/// One item of the inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct InboxItem {
    /// Notice id; for a change of this device's, the record's own id, or that of the first of its photos if only they
    /// are meant.
    pub id: Uuid,
    /// Conflict, rejection, or a change by nobody.
    pub what: InboxWhat,
    /// The record it is about.
    pub record_id: Uuid,
    /// Its kind.
    pub record_kind: Kind,
    /// What the record is called.
    pub record_title: String,
    /// When it happened, by the server's clock.
    pub at: Timestamp,
    /// Not yet read on this device.
    pub unread: bool,
    /// One line: what happened.
    pub headline: String,
    /// A few plain sentences: what happened, what the server kept, where the rest is.
    pub explanation: String,
    /// Something else is in force than what was kept: the differences are between that and what was set aside.
    pub changed_since: bool,
    /// In which fields the two differed.
    pub differences: Vec<DifferenceView>,
    /// How many more are not listed.
    pub more_differences: u32,
}

/// The sorts of inbox item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum InboxWhat {
    /// Somebody else's version was kept instead of this operator's.
    ConflictSetAside,
    /// This operator's version was kept instead of somebody else's.
    ConflictKept,
    /// A conflict that somebody has settled since; it stays to be read.
    ConflictSettled,
    /// The server would not take a change.
    Rejected,
    /// A change that waits names nobody: ask who it was.
    Unsigned,
}

/// One field in which the sides of a conflict differed, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DifferenceView {
    /// The field's name as on the form.
    pub label: String,
    /// What the server kept, or what is in force since.
    pub kept: String,
    /// What it set aside.
    pub set_aside: String,
}

/// What a failed command answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[error("{message}")]
pub struct CommandError {
    /// For the program.
    pub code: ErrorCode,
    /// For the operator: what it is and what to do.
    pub message: String,
    /// Whether the same call may succeed later without any change.
    pub retry: bool,
}

/// The sorts of [`CommandError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not enrolled yet.
    NotEnrolled,
    /// Nobody is chosen as the one who is working: choose, then do it again.
    NobodyChosen,
    /// There is no such record on this device.
    NotFound,
    /// What was entered cannot be kept as it is.
    Invalid,
    /// The record is closed or voided.
    Final,
    /// The disk is full. What was saved before stays; the form keeps what was typed.
    DiskFull,
    /// The local database failed.
    Storage,
    /// No way to the server (only enrolment needs one).
    Offline,
    /// The server would not do it (wrong or used code, wrong address).
    Refused,
}
