//! What happens in a simulated world, drawn up beforehand from the seed: who does what when, and which faults strike.
//! [`draw`] draws it.
//!
//! Each step carries its own salt, so that a step does the same whether or not others are left out: that is what makes
//! a story small enough to read.

mod ages;
mod draw;
mod identity;
mod meetings;
mod photos;

use crate::clock::Instant;
use crate::kill::Moment;

pub(crate) use photos::{PhotoFault, PhotoStep, Strikes};

/// A world and what happens in it.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub seed: u64,
    pub cast: Cast,
    /// Photos are taken.
    pub has_photos: bool,
    pub steps: Vec<Step>,
    /// When the faults stop.
    pub calm_at: Instant,
}

/// Who takes part.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    pub devices: Vec<Member>,
    pub limits: Limits,
    pub server_clock: Instant,
}

/// A device of the cast.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub tenant: usize,
    /// Places in the list of yards.
    pub yards: Vec<usize>,
    pub clock: Instant,
    /// The shortest round trip.
    pub latency: Instant,
    /// Whether its app writes fields that the others do not know.
    pub is_newer: bool,
}

/// What the server allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub page_records: u32,
    pub page_bytes: u32,
    pub answer_records: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub at: Instant,
    pub what: What,
    pub salt: u64,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// An operator does something.
    Operator { device: usize, act: Act },
    /// Something happens to the app or the machine it runs on.
    App { device: usize, event: AppEvent },
    /// The next request of that device meets this fault.
    Link { device: usize, fault: LinkFault },
    /// Nothing gets through for a while.
    NoSignal { device: usize, lasts: Instant },
    /// The device is killed at a commit, and opened again after a while.
    Kill { device: usize, commits_to_go: u32, moment: Moment, down: Instant },
    /// Its clock is set.
    DeviceClock { device: usize, offset: Instant },
    /// The server's clock is set.
    ServerClock { offset: Instant },
    /// The server is killed outside of any request, and comes back after a while, perhaps with other limits.
    ServerDown { lasts: Instant, limits: Option<Limits> },
    /// The server's database is backed up.
    Backup,
    /// The server is restored from the newest backup, by its own command or, not announced, by copying files.
    Restore { is_announced: bool },
    /// The office does something.
    Office { act: OfficeAct },
    /// Somebody with the device's token sends what it holds with altered receipts.
    Forgery { device: usize },
    /// Somebody with the device's token gives back what it holds, as if another device had written it.
    Ascription { device: usize },
    /// Another server answers for a while: one begun on an empty folder, or one with the right data and another key.
    Impostor { is_empty: bool, lasts: Instant },
    /// Something about photos.
    Photo(PhotoStep),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// A new record, started and filled in.
    Capture,
    /// An assigned inspection, begun or gone on with.
    Assigned,
    /// A change to something that is on the device.
    Edit,
    /// Several saves within seconds.
    Type,
    Submit,
    Void,
    Discard,
    /// Something the server will not take.
    Misuse,
    /// What was not taken is put right.
    Correct,
    /// Somebody else takes over.
    Switch,
    /// A form is opened, and stays open.
    Open,
    /// Something is entered in the form that has been open for a while.
    SaveOpen,
    /// What the open form shows is handed in.
    SubmitOpen,
    /// A change to what a colleague has open in a form.
    Meddle,
    /// Somebody says what is to be kept of two changes that met in a form.
    Choose,
    /// An inspection is filled in to the end, signed and handed in.
    Finish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AppEvent {
    Manual,
    Resumed,
    NetworkChanged,
    Suspended,
    /// An app that speaks another protocol than the server, until it is updated.
    Outdated {
        lasts: Instant,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkFault {
    RequestLost {
        is_told: bool,
    },
    RequestRepeated {
        after: Instant,
    },
    RequestDelayed {
        by: Instant,
    },
    /// The device hears that it is lost, and goes on; it arrives all the same, later.
    RequestLate {
        by: Instant,
    },
    RequestCut,
    ReplyLost {
        is_told: bool,
    },
    ReplyDelayed {
        by: Instant,
    },
    ReplyCut,
    /// The network changes when the answer is there: the round is cut, and what it had begun to write is written while
    /// the next one is under way already.
    RoundCut {
        settles: bool,
    },
    /// Something other than the server answers.
    Portal,
    Busy,
    /// Somebody answers that there is no such device.
    Unknown,
    /// Somebody answers that the office has signed the device out.
    FalseRevocation {
        is_signed: bool,
    },
    ServerError,
    /// Something on the way takes only small requests, for a while.
    TooLarge {
        bytes: usize,
        lasts: Instant,
    },
    /// The server cannot handle one of the records sent, for a while.
    Poison {
        lasts: Instant,
    },
    /// The server is killed while it handles the request.
    ServerKilled {
        moment: Moment,
        down: Instant,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OfficeAct {
    RestoreVersion,
    Close,
    Void,
    Reopen,
    /// A record moves to another yard.
    Move,
    /// Reference data changes.
    Reference,
    /// New work.
    Assign,
    SetYards {
        device: usize,
        yards: Vec<usize>,
    },
    Revoke {
        device: usize,
        lasts: Instant,
    },
}
