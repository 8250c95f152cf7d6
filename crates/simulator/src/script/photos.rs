//! Draws what has to do with photos: from a stream of its own, so that worlds without photos are what they were.

use super::{Act, AppEvent, Cast, OfficeAct, Step, What};
use crate::clock::{DAY, Instant, MINUTE, SECOND};
use crate::dice::Dice;
use crate::kill::Moment;

/// Photos are taken in so many worlds of a hundred.
const WORLDS: u64 = 50;
/// In so many of a hundred of those the server ends between the last byte of a photo and its filing.
const UNFILED: u64 = 20;
/// In so many of a hundred of those a record with photos comes back after devices have let it go.
const COMES_BACK: u64 = 15;
const HOUR: Instant = 60 * MINUTE;

/// Something about photos that happens.
#[derive(Debug, Clone)]
pub(crate) enum PhotoStep {
    /// An operator takes a photo; or, again, of what somebody has photographed before, to the last bit.
    Take { device: usize, again: bool },
    /// An operator takes a photo away from its record.
    Remove { device: usize },
    /// An operator looks at a photo.
    View { device: usize },
    /// The next such request for photos of that device meets this fault.
    Link { device: usize, fault: PhotoFault, at: Strikes },
    /// The device's disk is full but for so many bytes less than a photo wants; `None`: there is room again.
    Space { device: usize, short: Option<u64> },
    /// The device is killed when it has written, named or deleted another so many files.
    KillAtFile { device: usize, files_to_go: u32, down: Instant },
    /// Requests are answered by another node.
    NodeChange,
    /// The server sweeps.
    Sweep { whole: bool },
    /// The server's disk loses photos, all or some, and the office has the server forget them.
    StoreLost { percent: u64 },
    /// Nothing happens for hours; some devices are switched off for them.
    Night { lasts: Instant },
}

/// Which request a fault lies in wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strikes {
    /// The next.
    Any,
    /// The next that brings bytes.
    Bytes,
    /// The next that brings the last bytes of a photo.
    LastBytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PhotoFault {
    RequestLost {
        is_told: bool,
    },
    /// The connection breaks after so many thousandths of the request's bytes.
    RequestCut {
        at: u64,
    },
    RequestRepeated {
        after: Instant,
    },
    RequestDelayed {
        by: Instant,
    },
    ReplyLost {
        is_told: bool,
    },
    /// Bytes change on their way.
    Damaged,
    Busy,
    ServerError,
    Portal,
    /// The network changes under the request.
    LaneCut,
    /// The server is killed while it handles the request.
    ServerKilled {
        moment: Moment,
        commits_to_go: u32,
        down: Instant,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Take,
    Look,
    Link,
    Space,
    Kill,
    Node,
    Sweep,
    StoreLost,
    Night,
}

/// The steps of that seed that have to do with photos.
pub(super) fn steps(seed: u64, cast: &Cast, calm_at: Instant) -> Vec<Step> {
    let mut dice = Dice::new(seed, 0x9f);
    if !dice.percent(WORLDS) {
        return Vec::new();
    }
    let mut sorts = vec![Sort::Take; 3];
    let optional = [
        (60, Sort::Take),
        (40, Sort::Look),
        (70, Sort::Link),
        (50, Sort::Link),
        (40, Sort::Space),
        (40, Sort::Kill),
        (30, Sort::Node),
        (30, Sort::Sweep),
        (15, Sort::StoreLost),
        (40, Sort::Night),
    ];
    sorts.extend(optional.into_iter().filter(|(chance, _)| dice.percent(*chance)).map(|(_, sort)| sort));
    let mut steps: Vec<Step> = (0..6 + dice.below(20))
        .map(|_| {
            let at = dice.within(20 * SECOND, calm_at - 1);
            let what = What::Photo(step(*dice.pick(&sorts), cast, &mut dice));
            Step { at, what, salt: dice.next() }
        })
        .collect();
    if dice.percent(UNFILED) {
        let (device, at) = (dice.place(cast.devices.len()), dice.within(20 * SECOND, calm_at - 2));
        let down = dice.within(SECOND, 20 * SECOND);
        // One request may begin an upload, end it, and file it.
        let commits_to_go = u32::try_from(dice.below(3)).expect("few");
        let fault = PhotoFault::ServerKilled { moment: Moment::AfterCommit, commits_to_go, down };
        let arranged =
            [PhotoStep::Link { device, fault, at: Strikes::LastBytes }, PhotoStep::Take { device, again: false }];
        steps.extend(arranged.into_iter().map(|step| Step { at, what: What::Photo(step), salt: dice.next() }));
    }
    if dice.percent(COMES_BACK) {
        let begins = dice.within(20 * SECOND, calm_at / 2);
        let arranged = comes_back(cast, &mut dice);
        let arranged = arranged.into_iter().map(|(after, what)| Step { at: begins + after, what, salt: dice.next() });
        steps.extend(arranged.filter(|step| step.at < calm_at));
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// Records with photos are finished, longer pass than devices keep history, and the office takes them up again.
fn comes_back(cast: &Cast, dice: &mut Dice) -> Vec<(Instant, What)> {
    let device = dice.place(cast.devices.len());
    let office = |act: &OfficeAct| What::Office { act: act.clone() };
    let (photo, submit) = (PhotoStep::Take { device, again: false }, What::Operator { device, act: Act::Submit });
    let mut steps = vec![(0, What::Photo(photo)), (SECOND, submit.clone()), (2 * SECOND, submit)];
    steps.extend((10..12).map(|second| (second * SECOND, office(&OfficeAct::Close))));
    steps.push((20 * SECOND, What::Photo(PhotoStep::Night { lasts: dice.within(31 * DAY, 40 * DAY) })));
    let looks = |device| (30 * SECOND, What::App { device, event: AppEvent::Manual });
    steps.extend((0..cast.devices.len()).map(looks));
    let acts = [OfficeAct::Close, OfficeAct::Reopen, OfficeAct::Void, OfficeAct::RestoreVersion];
    steps.extend((0..4).map(|nth| ((60 + nth) * SECOND, office(dice.pick(&acts)))));
    steps
}

fn step(sort: Sort, cast: &Cast, dice: &mut Dice) -> PhotoStep {
    let device = dice.place(cast.devices.len());
    match sort {
        Sort::Take => PhotoStep::Take { device, again: dice.percent(25) },
        Sort::Look if dice.percent(50) => PhotoStep::Remove { device },
        Sort::Look => PhotoStep::View { device },
        Sort::Link => PhotoStep::Link {
            device,
            fault: fault(dice),
            at: if dice.percent(75) { Strikes::Bytes } else { Strikes::Any },
        },
        Sort::Space => PhotoStep::Space { device, short: dice.percent(70).then(|| 1 + dice.below(4_000)) },
        Sort::Kill => PhotoStep::KillAtFile {
            device,
            files_to_go: u32::try_from(dice.below(5)).expect("few"),
            down: dice.within(SECOND, MINUTE),
        },
        Sort::Node => PhotoStep::NodeChange,
        Sort::Sweep => PhotoStep::Sweep { whole: dice.percent(50) },
        Sort::StoreLost => PhotoStep::StoreLost { percent: *dice.pick(&[50, 100]) },
        Sort::Night => PhotoStep::Night { lasts: dice.within(HOUR, 40 * HOUR) },
    }
}

fn fault(dice: &mut Dice) -> PhotoFault {
    let is_told = dice.percent(50);
    match dice.below(14) {
        0 => PhotoFault::RequestLost { is_told },
        1..=3 => PhotoFault::RequestCut { at: dice.below(1_000) },
        4 => PhotoFault::RequestRepeated { after: dice.within(1, 200 * SECOND) },
        5 => PhotoFault::RequestDelayed { by: dice.within(SECOND, 150 * SECOND) },
        6 | 7 => PhotoFault::ReplyLost { is_told },
        8 => PhotoFault::Damaged,
        9 if is_told => PhotoFault::Busy,
        9 => PhotoFault::ServerError,
        10 => PhotoFault::Portal,
        11 => PhotoFault::LaneCut,
        _ => PhotoFault::ServerKilled {
            moment: *dice.pick(&[Moment::BeforeCommit, Moment::AfterCommit, Moment::PowerLoss, Moment::AtFile]),
            commits_to_go: u32::try_from(dice.below(3)).expect("few"),
            down: dice.within(SECOND, 20 * SECOND),
        },
    }
}

impl PhotoFault {
    /// Its name in the tally.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::RequestLost { .. } => "photo request lost",
            Self::RequestCut { .. } => "photo request cut in the middle",
            Self::RequestRepeated { .. } => "photo request repeated, the copy late",
            Self::RequestDelayed { .. } => "photo request delayed",
            Self::ReplyLost { .. } => "photo reply lost",
            Self::Damaged => "photo bytes damaged on their way",
            Self::Busy => "server busy (photos)",
            Self::ServerError => "server error (photos)",
            Self::Portal => "something else answered (photos)",
            Self::LaneCut => "lane cut by a change of network",
            Self::ServerKilled { moment: Moment::AtFile, .. } => "server killed at a file",
            Self::ServerKilled { .. } => "server killed at a commit (photos)",
        }
    }
}
