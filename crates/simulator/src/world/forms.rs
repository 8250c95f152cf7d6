//! Forms that stay open over pulls, and reports that are finished: what an operator does who does not look at what has
//! come meanwhile.

use gatebook_client::view::{ErrorCode, Keep};
use gatebook_client::{Environment as _, HeldRecord};
use gatebook_domain::inspection::ItemResult;
use gatebook_domain::party::CarrierRef;
use gatebook_domain::signature::{Signature, SignatureRole};
use gatebook_domain::{Body, Kind, RecordState};
use jiff::Timestamp;
use uuid::Uuid;

use super::device::Form;
use super::operator::{Done, body_of, fill, held, is_open, says, shown};
use super::{Run, World};
use crate::dice::Dice;

impl World<'_> {
    /// An inspection is finished: every item answered, signed and handed in.
    pub(super) fn finish(&mut self, device: usize, dice: &mut Dice) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let is_unfinished = |held: &HeldRecord| {
            is_open(held) && held.content.known_kind() == Some(Kind::Inspection) && !says(held).is_submitted()
        };
        let records = held(open, is_unfinished);
        if records.is_empty() {
            return Ok(());
        }
        let record = dice.pick(&records).clone();
        let Ok(mut body) = body_of(&record) else { return Ok(()) };
        complete(&mut body, self.devices[device].machine.now());
        self.save(device, record.id, body)?;
        let fits = move |held: &HeldRecord| held.id == record.id && is_open(held);
        self.on_one(device, dice, fits, "hands in", |device, record, _| {
            device.submit(record.id, shown(record)).map(drop)
        })
    }

    /// A form is opened, in place of the one that was open.
    pub(super) fn open_form(&mut self, device: usize, dice: &mut Dice) -> Run {
        // First of all: a record that is left with nothing in it is no longer there to be opened.
        self.close_form(device)?;
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let records = held(open, is_open);
        if records.is_empty() {
            return Ok(());
        }
        let record = dice.pick(&records).id;
        let Some(opened) = self.on_device(device, |open| open.device.open_record(record))? else { return Ok(()) };
        let view = self.captured("opening a form", opened)?;
        let name = self.devices[device].name;
        self.story.tell(self.time.now(), || {
            format!("{name} opens {}, which shows {}", self.story.record(record), self.story.write(view.write_id))
        });
        self.devices[device].form = Some(Form { record, shown: view.write_id, body: view.body });
        Ok(())
    }

    fn close_form(&mut self, device: usize) -> Run {
        if let Some(Form { record, .. }) = self.devices[device].form.take()
            && let Some(done) = self.on_device(device, |open| open.device.close_record(record))?
        {
            self.captured("closing a form", done)?;
        }
        Ok(())
    }

    /// What the device holds of the record that is open in a form: the write that says it.
    pub(super) fn held_in_form(&self, device: usize) -> Option<Uuid> {
        let sim = &self.devices[device];
        let (open, form) = sim.open.as_ref().zip(sim.form.as_ref())?;
        open.device.store().held(form.record).ok()?.map(|held| shown(&held))
    }

    /// The app has one page: what is done on a device to the record of its open form is done in that form, which shows it
    /// from then on.
    pub(super) fn follow_in_form(&mut self, device: usize, before: Option<Uuid>) -> Run {
        if before.is_none() || self.held_in_form(device) == before {
            return Ok(());
        }
        let sim = &mut self.devices[device];
        let (Some(open), Some(form)) = (&sim.open, &mut sim.form) else { return Ok(()) };
        match open.device.record(form.record) {
            Ok(view) => (form.shown, form.body) = (view.write_id, view.body),
            Err(_) => return self.close_form(device),
        }
        Ok(())
    }

    /// Something is entered in the open form, which may be pulls behind.
    pub(super) fn save_form(&mut self, device: usize, dice: &mut Dice) -> Run {
        let Some(mut form) = self.devices[device].form.clone() else { return Ok(()) };
        let text = self.text(device, dice);
        fill(&mut form.body, &text, dice);
        self.devices[device].uncertain = Some((form.record, Some(form.shown)));
        let (body, before) = (form.body.clone(), form.shown);
        let Some(saved) = self.on_device(device, |open| open.device.save(form.record, body, before))? else {
            return Ok(());
        };
        let Some(view) = self.in_form(device, saved)? else { return Ok(()) };
        self.noted(device, form.record, Some(before), "saves in a form that was open")?;
        (form.shown, form.body) = (view.write_id, view.body);
        self.devices[device].form = Some(form);
        self.pump(device)
    }

    /// What a colleague has open in a form is changed.
    pub(super) fn meddle(&mut self, device: usize, dice: &mut Dice) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let shown_to = |record: Uuid| {
            let colleagues = self.devices.iter().enumerate().filter(|(number, _)| *number != device);
            colleagues.filter_map(|(_, sim)| sim.form.as_ref()).any(|form| form.record == record)
        };
        let records = held(open, |held| is_open(held) && shown_to(held.id));
        if records.is_empty() {
            return Ok(());
        }
        let record = dice.pick(&records).clone();
        let Ok(mut body) = body_of(&record) else { return Ok(()) };
        let text = self.text(device, dice);
        fill(&mut body, &text, dice);
        self.save(device, record.id, body)?;
        self.pump(device)
    }

    /// What the open form shows is handed in.
    pub(super) fn submit_form(&mut self, device: usize) -> Run {
        let Some(mut form) = self.devices[device].form.clone() else { return Ok(()) };
        self.devices[device].uncertain = Some((form.record, Some(form.shown)));
        let before = form.shown;
        let Some(done) = self.on_device(device, |open| open.device.submit(form.record, before))? else {
            return Ok(());
        };
        let Some(outcome) = self.in_form(device, done)? else { return Ok(()) };
        self.noted(device, form.record, Some(before), "hands in a form that was open")?;
        if outcome.submitted {
            (form.shown, form.body) = (outcome.record.write_id, outcome.record.body);
            self.devices[device].form = Some(form);
        }
        self.pump(device)
    }

    /// What a form's page hears. The record may have become final meanwhile, or have gone with its yard: the page says so
    /// and closes.
    fn in_form<T>(&mut self, device: usize, done: Done<T>) -> Run<Option<T>> {
        if done.as_ref().is_err_and(|error| matches!(error.code, ErrorCode::Final | ErrorCode::NotFound)) {
            self.devices[device].uncertain = None;
            self.close_form(device)?;
            return Ok(None);
        }
        self.captured("saving in a form", done).map(Some)
    }

    /// Of two changes that met in a form one is chosen.
    pub(super) fn choose(&mut self, device: usize, dice: &mut Dice) -> Run {
        let Some(form) = self.devices[device].form.clone() else { return Ok(()) };
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let Ok(view) = open.device.record(form.record) else { return Ok(()) };
        if view.met.is_none() || view.state != RecordState::Live {
            return Ok(());
        }
        let theirs = open.device.store().met(form.record);
        let theirs = self.works("reading what met", theirs)?;
        let keep = if dice.percent(50) { Keep::Mine } else { Keep::Theirs };
        let before = Some(view.write_id);
        self.devices[device].uncertain = Some((form.record, before));
        let Some(done) = self.on_device(device, |open| open.device.settle_met(form.record, keep))? else {
            return Ok(());
        };
        let Some(view) = self.in_form(device, done)? else { return Ok(()) };
        let told = if keep == Keep::Mine { "keeps what was entered in" } else { "takes theirs of" };
        self.noted(device, form.record, before, told)?;
        // Whoever chooses has seen both.
        if let Some(theirs) = theirs {
            self.oracle.made_on.entry(view.write_id).or_default().push(theirs);
        }
        self.devices[device].form = Some(Form { shown: view.write_id, body: view.body, ..form });
        self.pump(device)
    }
}

/// Answers everything that an inspection asks, and signs it.
fn complete(body: &mut Body, now: Timestamp) {
    let Body::Inspection(inspection) = body else { return };
    for item in &mut inspection.items {
        item.result.get_or_insert(ItemResult::Pass);
    }
    for party in [&mut inspection.motor_carrier, &mut inspection.equipment_provider] {
        party.get_or_insert_with(|| CarrierRef {
            carrier_id: None,
            name: "Puente Drayage".to_owned(),
            scac: None,
            usdot: Some("1234567".to_owned()),
        });
    }
    if inspection.equipment.number.is_empty() {
        "4471".clone_into(&mut inspection.equipment.number);
    }
    if inspection.signatures.is_empty() {
        inspection.signatures = vec![Signature {
            role: SignatureRole::AuthorDriver,
            name: "Sam Driver".to_owned(),
            operator_id: None,
            signed_at: now,
            strokes: vec![vec![100, 200, 180, 120]],
        }];
    }
}
