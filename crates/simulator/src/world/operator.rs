//! What operators do. Whatever sync is doing meanwhile, each of it works at once.

use gatebook_client::view::{CommandError, ErrorCode, Start};
use gatebook_client::{Device, HeldRecord};
use gatebook_domain::equipment::{EquipmentClass, EquipmentRef, Load};
use gatebook_domain::gate_event::Direction;
use gatebook_domain::inspection::ItemResult;
use gatebook_domain::interchange::Movement;
use gatebook_domain::unknown::put_back;
use gatebook_domain::{Body, Kind, RecordState, settle};
use gatebook_sync::Content;
use gatebook_sync::simulation::{NEWER_FIELD, as_newer_app, as_written};
use uuid::Uuid;

use super::device::Open;
use super::{Run, World};
use crate::dice::Dice;
use crate::script::Act;
use crate::tally::Invariant;
use crate::templates::{ASSIGNMENTS, PEOPLE, assignment_id, list_id, person_id, yard_id};

/// Field kinds.
const FIELD: [Kind; 3] = [Kind::Inspection, Kind::GateEvent, Kind::Interchange];
/// What several people might write alike.
const ALIKE: [&str; 2] = ["nothing to report", "checked"];

pub(super) type Done<T> = Result<T, CommandError>;

impl World<'_> {
    pub(crate) fn operate(&mut self, device: usize, act: Act, salt: u64) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        if !is_furnished(&open.device) {
            return Ok(());
        }
        let mut dice = Dice::new(salt, 0x0b);
        if !self.is_somebodys(device, &mut dice)? {
            return Ok(());
        }
        self.tally.act(act.kind());
        let in_form = self.held_in_form(device);
        self.does(device, act, &mut dice, salt)?;
        match act {
            Act::Open | Act::SaveOpen | Act::SubmitOpen | Act::Choose => Ok(()),
            _ => self.follow_in_form(device, in_form),
        }
    }

    fn does(&mut self, device: usize, act: Act, dice: &mut Dice, salt: u64) -> Run {
        match act {
            Act::Capture => self.capture(device, dice),
            Act::Assigned => self.assigned(device, dice, salt),
            Act::Edit => self.edit(device, dice, salt),
            Act::Type => (0..2 + dice.below(3)).try_for_each(|time| self.edit(device, &mut dice.clone(), salt ^ time)),
            Act::Submit => self.on_one(device, dice, is_open, "submits", |device, record, _| {
                device.submit(record.id, shown(record)).map(drop)
            }),
            Act::Void => {
                let fits = |held: &HeldRecord| is_open(held) && held.correction.is_none() && !held.parked;
                self.on_one(device, dice, fits, "voids", |device, record, dice| {
                    let reason = *dice.pick(&["entered by mistake", "entered twice"]);
                    device.void_record(record.id, reason, record.write_id).map(drop)
                })
            }
            Act::Open => self.open_form(device, dice),
            Act::SaveOpen => self.save_form(device, dice),
            Act::SubmitOpen => self.submit_form(device),
            Act::Choose => self.choose(device, dice),
            Act::Finish => self.finish(device, dice),
            Act::Meddle => self.meddle(device, dice),
            Act::Discard => self.discard(device, dice),
            Act::Misuse => self.misuse(device, dice),
            Act::Correct => {
                self.switch(device, dice, true)?;
                self.on_one(
                    device,
                    dice,
                    |held| held.rejection.is_some(),
                    "corrects",
                    |device, record, dice| {
                        let mut body = body_of(record)?;
                        set_remarks(&mut body, format!("corrected {}", dice.below(1_000)));
                        device.save(record.id, body, shown(record)).map(drop)
                    },
                )
            }
            Act::Switch => self.switch(device, dice, true),
        }
    }

    /// Whether somebody is chosen on the device, or is now: nobody writes before. The device may be killed in choosing.
    pub(super) fn is_somebodys(&mut self, device: usize, dice: &mut Dice) -> Run<bool> {
        if self.devices[device].person.is_none() {
            self.switch(device, dice, true)?;
        }
        Ok(self.devices[device].person.is_some())
    }

    /// Somebody else takes the device; somebody who works there, if `allowed`.
    pub(super) fn switch(&mut self, device: usize, dice: &mut Dice, allowed: bool) -> Run {
        let sim = &self.devices[device];
        let fits = |(_, person): &(usize, &crate::templates::Person)| {
            person.tenant == sim.tenant && allowed == sim.yards.iter().all(|yard| person.yards.contains(yard))
        };
        let people: Vec<usize> = PEOPLE.iter().enumerate().filter(fits).map(|(number, _)| number).collect();
        if people.is_empty() {
            return Ok(());
        }
        let person = *dice.pick(&people);
        let name = sim.name;
        self.story.tell(self.time.now(), || format!("{} takes {name}", PEOPLE[person].name));
        if let Some(done) = self.on_device(device, |open| open.device.choose_operator(Some(person_id(person))))? {
            self.captured("choosing the operator", done)?;
            self.devices[device].person = Some(person);
        }
        Ok(())
    }

    pub(super) fn capture(&mut self, device: usize, dice: &mut Dice) -> Run {
        let sim = &self.devices[device];
        let yard = sim.yards.get(dice.place(sim.yards.len().max(1))).copied();
        if let Some(yard) = yard
            && let Some(done) = self.on_device(device, |open| open.device.choose_yard(yard_id(yard)))?
        {
            self.captured("choosing the yard", done)?;
        }
        let start = match dice.below(3) {
            0 => Start::GateEvent { direction: Direction::In },
            1 => Start::Interchange { movement: Movement::InGate },
            _ => Start::Inspection { template_id: list_id(self.devices[device].tenant), equipment: None },
        };
        self.start_and_fill(device, start, dice)
    }

    /// The upper half of the salt says which: a meeting has two people at one.
    fn assigned(&mut self, device: usize, dice: &mut Dice, salt: u64) -> Run {
        let mut which = Dice::new(salt >> 32, 0xa5);
        let sim = &self.devices[device];
        if sim.yards.is_empty() {
            return Ok(());
        }
        let assignment_id = assignment_id(*which.pick(&sim.yards), which.place(ASSIGNMENTS));
        let is_here = sim.open.as_ref().is_some_and(|open| holds(&open.device, assignment_id));
        if is_here { self.start_and_fill(device, Start::Assignment { assignment_id }, dice) } else { Ok(()) }
    }

    fn start_and_fill(&mut self, device: usize, start: Start, dice: &mut Dice) -> Run {
        let Some(started) = self.on_device(device, |open| open.device.start(start))? else { return Ok(()) };
        if started.as_ref().is_err_and(|error| error.code == ErrorCode::Final) {
            // It was finished long ago, and the device has let it go.
            return Ok(());
        }
        let view = self.captured("starting a record", started)?;
        self.note_started(device, view.id)?;
        self.noted(device, view.id, None, "starts")?;
        if view.state == RecordState::Live {
            let text = self.text(device, dice);
            let mut body = view.body;
            fill(&mut body, &text, dice);
            self.save(device, view.id, body)?;
        }
        self.pump(device)
    }

    /// Nothing has been entered in what was just begun.
    fn note_started(&mut self, device: usize, record: Uuid) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let held = open.device.store().held(record);
        let is_new = |held: &HeldRecord| held.pending && held.base.is_none() && held.shadow.is_none();
        if let Some(held) = self.works("reading a record", held)?.filter(is_new)
            && !self.oracle.saved.contains_key(&(device, record))
        {
            self.oracle.started.insert(held.write_id);
        }
        Ok(())
    }

    fn edit(&mut self, device: usize, dice: &mut Dice, salt: u64) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let records = held(open, is_open);
        if records.is_empty() {
            return Ok(());
        }
        // The newest and the shared are worked on most.
        let record = dice.pick(&records).clone();
        let Ok(mut body) = body_of(&record) else { return Ok(()) };
        let mut wording = Dice::new(salt, 0xed);
        let text = self.text(device, &mut wording);
        fill(&mut body, &text, &mut wording);
        let had_newer_field = says(&record).body.get().contains(NEWER_FIELD);
        self.save(device, record.id, body)?;
        if had_newer_field && let Some(open) = &self.devices[device].open {
            let held = open.device.store().held(record.id);
            let held = self.works("reading a record", held)?;
            let keeps = held.is_some_and(|held| says(&held).body.get().contains(NEWER_FIELD));
            self.hold(Invariant::NothingLost, keeps, |story| {
                format!("an older app lost a newer app's field of {}", story.record(record.id))
            })?;
        }
        self.pump(device)
    }

    pub(super) fn save(&mut self, device: usize, record: Uuid, body: Body) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let before = open.device.store().held(record);
        let held = self.works("reading a record", before)?;
        let before = held.as_ref().map(shown);
        let body_before = held.as_ref().and_then(|held| body_of(held).ok());
        let settled = settle(body_before.as_ref(), body.clone());
        let typed = settled.to_json();
        let is_newer = self.script.cast.devices[device].is_newer && body_before.as_ref() != Some(&settled);
        let news = is_newer.then_some(typed.len() as u64);
        // What a page was not shown is in what is kept all the same.
        let kept = held.as_ref().and_then(|held| put_back(says(held).body.get(), body.kind(), &typed).ok());
        let typed = as_newer_app(news, || as_written(kept.unwrap_or(typed)));
        self.devices[device].uncertain = Some((record, before));
        let on = before.unwrap_or_default();
        let save = |open: &mut Open| as_newer_app(news, || open.device.save(record, body, on));
        let Some(saved) = self.on_device(device, save)? else { return Ok(()) };
        self.captured("saving", saved)?;
        self.check_typed(device, record, &typed)?;
        self.noted(device, record, before, "saves")
    }

    /// A change is given up. If the server has it, and as far as the device knows nothing came of it, it is to be taken back
    /// there as well.
    fn discard(&mut self, device: usize, dice: &mut Dice) -> Run {
        let fits = |held: &HeldRecord| held.pending && !held.untouched || held.correction.is_some();
        let mut given_up = None;
        self.on_one(device, dice, fits, "gives up the change to", |device, record, _| {
            given_up = Some(record.id);
            give_up(device, record.id)
        })?;
        given_up.map_or(Ok(()), |record| self.check_given_up(device, record))
    }

    /// Something the server does not take: a text that is too long, or somebody who does not work there.
    fn misuse(&mut self, device: usize, dice: &mut Dice) -> Run {
        if dice.percent(50) {
            self.switch(device, dice, false)?;
            return self.capture(device, dice);
        }
        self.on_one(device, dice, is_open, "writes far too much into", |device, record, dice| {
            let mut body = body_of(record)?;
            set_remarks(&mut body, "x".repeat(4_001 + dice.place(20_000)));
            device.save(record.id, body, shown(record)).map(drop)
        })
    }

    /// Does something to one of the records for which `fits`.
    pub(super) fn on_one(
        &mut self,
        device: usize,
        dice: &mut Dice,
        fits: impl Fn(&HeldRecord) -> bool,
        told: &'static str,
        act: impl FnOnce(&Device, &HeldRecord, &mut Dice) -> Done<()>,
    ) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let records = held(open, fits);
        if records.is_empty() {
            return Ok(());
        }
        let record = dice.pick(&records).clone();
        self.devices[device].uncertain = Some((record.id, Some(shown(&record))));
        let Some(done) = self.on_device(device, |open| act(&open.device, &record, dice))? else { return Ok(()) };
        self.captured(told, done)?;
        self.noted(device, record.id, Some(shown(&record)), told)?;
        self.pump(device)
    }

    /// What an operator does works at once.
    pub(super) fn captured<T>(&mut self, what: &str, done: Done<T>) -> Run<T> {
        self.tally.check(Invariant::CaptureFree);
        done.map_err(|error| crate::tally::Violation {
            invariant: Invariant::CaptureFree,
            told: format!("{what} was refused: {error:?}"),
        })
    }

    pub(super) fn text(&self, device: usize, dice: &mut Dice) -> String {
        if dice.percent(12) {
            (*dice.pick(&ALIKE)).to_owned()
        } else {
            format!("{} wrote {}", self.devices[device].name, dice.below(1_000_000))
        }
    }
}

/// Whether the device has its reference data.
pub(super) fn is_furnished(device: &Device) -> bool {
    device.operators().is_ok_and(|people| !people.is_empty()) && device.templates().is_ok_and(|lists| !lists.is_empty())
}

fn holds(device: &Device, id: Uuid) -> bool {
    device.store().held(id).is_ok_and(|held| held.is_some())
}

pub(super) fn held(open: &Open, fits: impl Fn(&HeldRecord) -> bool) -> Vec<HeldRecord> {
    let of_kind = |kind| open.device.store().held_of_kind(kind).unwrap_or_default();
    FIELD.into_iter().flat_map(of_kind).filter(|held| fits(held)).collect()
}

/// Gives up a change. In a yard that is no longer the device's, the record goes with it.
pub(crate) fn give_up(device: &Device, record: Uuid) -> Done<()> {
    device.discard_change(record).map(drop)
}

/// What the device shows of a record: its correction, if there is one.
pub(crate) fn says(held: &HeldRecord) -> &Content {
    held.correction.as_ref().map_or(&held.content, |(_, content)| content)
}

/// Names that.
pub(super) fn shown(held: &HeldRecord) -> Uuid {
    held.correction.as_ref().map_or(held.write_id, |(write, _)| *write)
}

/// What the app lets an operator change.
pub(super) fn is_open(held: &HeldRecord) -> bool {
    held.content.state == RecordState::Live || held.rejection.is_some()
}

pub(super) fn body_of(record: &HeldRecord) -> Done<Body> {
    let kind = record.content.known_kind().unwrap_or(Kind::Inspection);
    Body::from_json(kind, says(record).body.get()).map_err(|error| CommandError {
        code: ErrorCode::Storage,
        message: error.to_string(),
        retry: false,
    })
}

fn set_remarks(body: &mut Body, text: String) {
    match body {
        Body::Inspection(inspection) => inspection.remarks = text,
        Body::GateEvent(event) => event.remarks = text,
        Body::Interchange(interchange) => interchange.remarks = text,
        _ => {}
    }
}

/// Fills a form, or goes on filling it.
pub(super) fn fill(body: &mut Body, text: &str, dice: &mut Dice) {
    set_remarks(body, text.to_owned());
    match body {
        Body::Inspection(inspection) => {
            for item in &mut inspection.items {
                if dice.percent(60) {
                    item.result = Some(ItemResult::Pass);
                }
            }
        }
        Body::GateEvent(event) => {
            if event.equipment.is_empty() {
                event.equipment = vec![EquipmentRef::new(EquipmentClass::Tractor, "4471")];
            }
            event.load = Some(Load::Bobtail);
            "Sam Driver".clone_into(&mut event.driver.name);
            "Puente Drayage".clone_into(&mut event.carrier.name);
        }
        _ => {}
    }
}

impl Act {
    const fn kind(self) -> &'static str {
        match self {
            Self::Capture => "record captured",
            Self::Assigned => "assigned inspection worked on",
            Self::Edit => "record edited",
            Self::Type => "burst of edits",
            Self::Submit => "record submitted",
            Self::Void => "record voided",
            Self::Discard => "change given up",
            Self::Misuse => "record the server must reject",
            Self::Correct => "rejected record corrected",
            Self::Switch => "operator changed",
            Self::Open => "form opened",
            Self::SaveOpen => "form saved that was held open",
            Self::Meddle => "record changed that a colleague has open",
            Self::SubmitOpen => "form handed in that was held open",
            Self::Choose => "chosen what is kept of two changes",
            Self::Finish => "inspection handed in",
        }
    }
}
