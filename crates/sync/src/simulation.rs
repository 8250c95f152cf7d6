//! What only the simulator switches on: deliberate bugs, which it has to find, and the points at which it kills.
//!
//! Nothing of this is compiled without the feature `simulation`, and with it only where debug assertions are on. Both
//! are thread-local: a simulated world runs on one thread, and several worlds run side by side.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gatebook_domain::raw::with_member;

#[cfg(not(debug_assertions))]
compile_error!("the feature `simulation` carries deliberate bugs; a release build must not have it");

macro_rules! bugs {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// A deliberate bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Bug {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Bug {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name, as it is given on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// What it does wrong.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+),)+
                }
            }
        }
    };
}

bugs! {
    /// The device clears what is pending without looking which write was judged.
    ClearWithoutComparing,
    /// The server does not look whether it has judged a write before.
    ForgetLedger,
    /// The feed goes by time of receipt, which follows the clock, instead of by place.
    CursorByTimestamp,
    /// Places in the feed are drawn before the work, so that pages commit in another order than their places.
    CounterFirst,
    /// The losing version of a conflict is not marked and nobody is told.
    DropTheLoser,
    /// A flag in the database says that a round is under way; whoever dies in the middle leaves it set.
    LatchSyncing,
    /// The device keeps its cursors when the server begins a new epoch.
    IgnoreEpoch,
    /// What is pulled overwrites what is pending.
    PullOverwritesPending,
    /// Cursors are committed before the records they stand for.
    CursorBeforeRows,
    /// Whoever loses a yard loses what is pending in it as well.
    PurgePending,
    /// Whoever loses a yard keeps its cursor, and misses what was purged when the yard comes back.
    KeepCursorOfLostScope,
    /// The server sends the yards that a device asks for, not those that are its.
    ShowEveryYard,
    /// A rejected change is deleted from its device.
    DropTheRejected,
    /// A stale edit brings a voided record back to life.
    UnvoidByStaleEdit,
    /// One record that is rejected spoils its whole page.
    RejectWholePage,
    /// A page that is too large is sent again as it is.
    NeverHalve,
    /// After a failure the device waits for the network to change, and for nothing else.
    WaitForNetwork,
    /// The later device clock wins, not the later receipt.
    TrustDeviceClocks,
    /// Only the winner of a conflict is told.
    TellOnlyTheWinner,
    /// A save commits some of the text before the transaction that marks it as pending.
    MarkPendingLater,
    /// A revoked device forgets what is pending.
    ForgetWhenRevoked,
    /// Nothing can be saved while a round is under way.
    SaveWaitsForSync,
    /// A round that failed gives its writes new ids.
    RenameWritesOnFailure,
    /// A version that the office brings back gets no place in the feed, so that only new devices see it.
    RestoreOutsideFeed,
    /// A device keeps what it has of a record when the office has made a newer version of it.
    PassOverTheOffice,
    /// A save while a round is under way shows what was typed and writes nothing.
    SaveUnwritten,
    /// A further conflict over a record leaves the notice of the first as it is.
    StaleNotice,
    /// A new state of a record leaves its open notices as they are.
    LeaveNoticesBehind,
    /// The first record that the server cannot handle ends the round, and those behind it wait for ever.
    StopAtCulprit,
    /// A record that the server cannot handle is tried again at once, and again.
    HurryPassedOver,
    /// An edit is rebased on whatever the verdict on an earlier write brings, seen or not.
    RebaseOnUnseen,
    /// A write that was taken in a yard the device has lost since stays pending.
    KeepTakenOfLostScope,
    /// The server believes any receipt.
    TrustAnyReceipt,
    /// The server believes the operator whom a device names, and lets a supervisor change what the office closed.
    BelieveNamedOperator,
    /// Devices are not told that a record has moved to another yard.
    ForgetDepartures,
    /// A record that comes back to a device after it was let go is without its attachments.
    LeaveAttachmentsBehind,
    /// How long a photo has been kept is read off the wall clock.
    EvictByWallClock,
    /// A photo that the server once confirmed counts as confirmed for ever, whatever the server says since.
    ConfirmedForEver,
    /// When space runs short, photos go whether the server has them or not.
    EvictUnconfirmed,
    /// A photo whose time is over goes without the server being asked once more.
    LetGoUnasked,
    /// Asked before a photo goes, the server answers from its database alone.
    BelieveTheRows,
    /// A photo's record is filed before its file has its name.
    RecordBeforeFile,
    /// At a new epoch the device forgets the photos that were not confirmed.
    ForgetUnconfirmed,
    /// After a cut an upload begins again from its first byte.
    BeginAgainAfterCut,
    /// An upload of which every byte has arrived is taken to be stored.
    ArrivedIsStored,
    /// The server says that a photo is stored before it is in its place.
    FileBeforePlace,
    /// The same bytes brought twice lie twice in the server's store.
    StoreTwice,
    /// A form saves on the state that the record is in by then, not on the one that the person saw.
    SaveOnPresentReceipt,
    /// A version that nobody has submitted displaces a report that somebody has, though its writer never saw it.
    DraftDisplacesSubmitted,
    /// Correcting a submitted report changes the report itself from the first keystroke.
    CorrectInPlace,
    /// A record that says only what starting it made is sent.
    SendUntouched,
    /// Who types on after an answer was lost is in conflict with what they wrote before.
    ConflictWithOneself,
    /// Of a device's own writes the one that arrives last wins, though a later one was taken.
    LateOwnWriteWins,
    /// A change that is given up while its answer is outstanding is simply forgotten.
    ForgetGivenUp,
    /// Bytes that come again are dropped, whether or not those of before are still there.
    DropWhatComesAgain,
    /// Who wrote a state that is given back after a restore is whoever the device that gives it back says.
    AscribeAsTold,
    /// Of versions that follow each other without a conflict only the last is kept, whoever wrote them.
    MergeWhatOthersWrote,
    /// People are shown the time that orders writes, which goes on from wherever a wrong clock has brought it.
    ShowReceivedAt,
    /// Any answer that the token is not known signs a device out.
    AnyRefusalSignsOut,
    /// A device believes whoever says that the office has signed it out.
    BelieveAnyRevocation,
    /// A restored server lets in whom the office has signed out since the backup.
    RevocationsComeBack,
    /// A restored server does not know devices that joined after the backup.
    ForgetWhoJoinedSince,
    /// Neither device nor server asks whether the other is the one it belongs to.
    SyncWithStrangers,
}

/// Where a process may be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// A device's transaction is done and not committed.
    DeviceBeforeCommit,
    /// It is committed, and nobody has been told.
    DeviceAfterCommit,
    /// The server's transaction is done and not committed.
    ServerBeforeCommit,
    /// It is committed, and nobody has been answered.
    ServerAfterCommit,
    /// A device has just written, named or deleted a photo's file.
    DeviceFile,
    /// The server has.
    ServerFile,
}

type Watch = Rc<dyn Fn(Point)>;

thread_local! {
    static BUG: Cell<Option<Bug>> = const { Cell::new(None) };
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
    static OVERTAKEN: Cell<Option<u64>> = const { Cell::new(None) };
    static NEWS: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Switches one bug on for this thread, or all off.
pub fn switch_on(bug: Option<Bug>) {
    BUG.set(bug);
    OVERTAKEN.set(None);
}

/// Whether that bug is on.
#[must_use]
pub fn is_on(bug: Bug) -> bool {
    BUG.get() == Some(bug)
}

/// The field that a simulated app of a later version writes into what it saves.
pub const NEWER_FIELD: &str = "field_of_a_newer_app";

/// Does that as an app of a later version would, if there is `news`: it writes that into a field this one does not know.
pub fn as_newer_app<T>(news: Option<u64>, work: impl FnOnce() -> T) -> T {
    struct Back;
    impl Drop for Back {
        fn drop(&mut self) {
            NEWS.set(None);
        }
    }
    NEWS.set(news);
    // Whoever is killed in it unwinds.
    let _back = Back;
    work()
}

/// The text of a body as the app writes it that is at work just now: a later version adds its own field.
#[must_use]
pub fn as_written(body: String) -> String {
    match NEWS.get() {
        Some(news) => with_member(&body, NEWER_FIELD, Some(&news.to_string())),
        None => body,
    }
}

/// Has `watch` called whenever a [`Point`] is reached on this thread. It may unwind: that is how a process is killed.
pub fn watch(watch: Option<Watch>) {
    WATCH.set(watch);
}

/// A point is reached.
pub fn reach(point: Point) {
    let watch = WATCH.with_borrow(Option::clone);
    if let Some(watch) = watch {
        watch(point);
    }
}

/// For [`Bug::CounterFirst`]: the first place of a page of so many, of two pages that draw their places in one order
/// and commit in the other. `next` is where the counter stands; what is returned second is where it stands afterwards.
#[must_use]
pub fn drawn_early(next: u64, many: u64) -> (u64, u64) {
    const APART: u64 = 64;
    match OVERTAKEN.take() {
        Some(first) if many < APART => (first, next),
        _ => {
            OVERTAKEN.set(Some(next));
            (next + APART, next + APART + many)
        }
    }
}
