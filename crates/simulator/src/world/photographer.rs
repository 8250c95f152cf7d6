//! What operators do with photos, and what befalls the disks they lie on.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gatebook_client::photos::{About, Origin, PhotoError, Source, UploadError};
use gatebook_client::view::ErrorCode;
use gatebook_domain::attachment::AttachmentRole;
use gatebook_domain::{Kind, RecordState};
use uuid::Uuid;

use super::operator::{held, is_furnished};
use super::photo_link::PhotoLine;
use super::{Happening, Run, World};
use crate::clock::{DAY, Instant};
use crate::dice::Dice;
use crate::kill::{Moment, Who};
use crate::picture::picture;
use crate::script::PhotoStep;
use crate::tally::Invariant;

/// What a capture wants to be free: the usual size of a photo, and the reserve.
const WANTED: u64 = 68 * 1024 * 1024;

impl World<'_> {
    pub(crate) fn photo_step(&mut self, step: &PhotoStep, salt: u64) -> Run {
        let mut dice = Dice::new(salt, 0x9b);
        match *step {
            PhotoStep::Take { device, again } => self.take_photo(device, again, &mut dice),
            PhotoStep::Remove { device } => self.remove_photo(device, &mut dice),
            PhotoStep::View { device } => self.view_photo(device, &mut dice),
            PhotoStep::Link { device, fault, at } => {
                self.devices[device].photos.faults.push_back((fault, at));
                Ok(())
            }
            PhotoStep::Space { device, short } => self.set_space(device, short),
            PhotoStep::KillAtFile { device, files_to_go, down } => {
                self.devices[device].down = down;
                self.desk.arm(Who::Device(device), files_to_go, Moment::AtFile, salt);
                Ok(())
            }
            PhotoStep::NodeChange => self.change_node(),
            PhotoStep::Sweep { whole } => {
                self.tally.act("server sweeps photos");
                self.sweep(whole)
            }
            PhotoStep::StoreLost { percent } => self.lose_store(percent, &mut dice),
            PhotoStep::Night { lasts } => self.night(lasts, &mut dice),
        }
    }

    fn take_photo(&mut self, device: usize, again: bool, dice: &mut Dice) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        if !is_furnished(&open.device) {
            return Ok(());
        }
        if !self.is_somebodys(device, dice)? {
            return Ok(());
        }
        if self.parents(device).is_empty() {
            self.capture(device, dice)?;
        }
        let parents = self.parents(device);
        if parents.is_empty() {
            return Ok(());
        }
        let parent_id = *dice.pick(&parents);
        if let Some(open) = &self.devices[device].open {
            let parent = open.device.store().held(parent_id);
            if let Some(parent) = self.works("reading a record", parent)? {
                // A photo is something that was entered.
                self.oracle.started.remove(&parent.write_id);
            }
        }
        let number = match self.oracle.photos.pictures.as_slice() {
            known if again && !known.is_empty() => *dice.pick(known),
            _ => dice.below(u64::MAX),
        };
        self.oracle.photos.pictures.push(number);
        self.tally.act(if again { "same photo taken again" } else { "photo taken" });
        let is_short = self.is_short(device)?;
        let gear = &mut self.devices[device].photos;
        (gear.uncertain, gear.was_short) = (Some(parent_id), is_short);
        self.note_confirmed(device)?;
        let about = About {
            parent_id,
            role: AttachmentRole::Photo,
            part: String::new(),
            origin: Origin::Camera,
            position: None,
            stamp: Vec::new(),
        };
        let source = Source::Bytes(picture(number));
        let taken = self.on_device(device, |open| at_once(open.device.capture_photo(source, about)))?;
        let Some(taken) = taken else { return Ok(()) };
        self.devices[device].photos.uncertain = None;
        match taken {
            Ok(id) => self.photo_is_taken(device, id)?,
            Err(error) => {
                let fits = error.code == ErrorCode::DiskFull && is_short;
                self.hold(Invariant::CaptureFree, fits, |_| format!("taking a photo was refused: {error:?}"))?;
                let name = self.devices[device].name;
                self.story.tell(self.time.now(), || format!("{name} has no room for a photo"));
            }
        }
        self.check_copies(device)?;
        self.pump(device)
    }

    /// Records that a photo can be taken of.
    fn parents(&self, device: usize) -> Vec<Uuid> {
        let Some(open) = &self.devices[device].open else { return Vec::new() };
        held(open, |held| held.content.state == RecordState::Live).into_iter().map(|held| held.id).collect()
    }

    fn remove_photo(&mut self, device: usize, dice: &mut Dice) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let is_there = |id: &Uuid| {
            let held = open.device.store().held(*id).ok().flatten();
            held.is_some_and(|held| held.content.state == RecordState::Live)
        };
        let mine: Vec<Uuid> = self.oracle.photos.taken_on(device).filter(is_there).collect();
        if mine.is_empty() {
            return Ok(());
        }
        let id = *dice.pick(&mine);
        self.tally.act("photo taken away from its record");
        let name = self.devices[device].name;
        self.story.tell(self.time.now(), || format!("{name} takes {} away", self.story.record(id)));
        if let Some(done) = self.on_device(device, |open| open.device.remove_photo(id))? {
            self.captured("taking a photo away", done)?;
        }
        self.pump(device)
    }

    /// Somebody opens a photo, fetched if it has gone.
    fn view_photo(&mut self, device: usize, dice: &mut Dice) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let there = open.device.store().held_of_kind(Kind::Attachment);
        let there = self.works("reading attachments", there)?;
        let photos: Vec<String> = there.iter().filter_map(|held| crate::oracle::sha256_of(&held.content)).collect();
        if photos.is_empty() {
            return Ok(());
        }
        let sha256 = dice.pick(&photos).clone();
        self.tally.act("photo looked at");
        self.fetch(device, &sha256).map(drop)
    }

    /// Whether the device can show the photo now.
    pub(crate) fn fetch(&mut self, device: usize, sha256: &str) -> Run<bool> {
        let line = PhotoLine::default();
        let Some(open) = &self.devices[device].open else { return Ok(false) };
        let photos = std::sync::Arc::clone(open.device.photos());
        let mut viewing = pin!(photos.view(Some(&line), sha256));
        let mut poll = || viewing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let mut polled = poll();
        while polled.is_pending() {
            self.ask_at_once(device, &line)?;
            polled = poll();
        }
        match polled {
            Poll::Ready(Ok(path)) => {
                let is_right = crate::oracle::has_hash(&path, sha256);
                self.hold(Invariant::PhotosSafe, is_right, |_| format!("photo {} is shown wrong", &sha256[..8]))?;
                Ok(true)
            }
            Poll::Ready(Err(PhotoError::NotHere | PhotoError::NotSentYet | PhotoError::DeviceClock)) => Ok(false),
            Poll::Ready(Err(error)) => self.works("viewing a photo", Err(error)),
            Poll::Pending => unreachable!("polled until it is ready"),
        }
    }

    /// One look of the photos' lane, without letting time pass.
    pub(crate) fn look_at_once(&mut self, device: usize) -> Run {
        let line = PhotoLine::default();
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let photos = std::sync::Arc::clone(open.device.photos());
        let mut looking = pin!(photos.look_by_hand(&line));
        loop {
            match looking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => self.ask_at_once(device, &line)?,
                Poll::Ready(Ok(()) | Err(UploadError::Link(_))) => return Ok(()),
                Poll::Ready(Err(error)) => return self.works("a look of the lane", Err(error)),
            }
        }
    }

    fn is_short(&mut self, device: usize) -> Run<bool> {
        let sim = &self.devices[device];
        let free = sim.photos.disk.free(&sim.folder.join("photos"));
        Ok(self.works("looking at the disk", free)? < WANTED + 8 * 1024)
    }

    /// Space runs short, or there is room again.
    pub(crate) fn set_space(&mut self, device: usize, short: Option<u64>) -> Run {
        let sim = &self.devices[device];
        let used = super::lane::used(&sim.folder.join("photos")).unwrap_or_default();
        let room = short.map_or(u64::MAX, |short| WANTED + used - short.min(WANTED));
        sim.photos.disk.set(room);
        let name = sim.name;
        if let Some(short) = short {
            self.tally.fault("space runs short");
            self.story.tell(self.time.now(), || format!("{name} is short of {short} bytes"));
        }
        Ok(())
    }

    /// Nothing happens for hours. Some devices are switched off for them, the others sleep.
    fn night(&mut self, lasts: Instant, dice: &mut Dice) -> Run {
        self.tally.act("night");
        let mut off = Vec::new();
        for device in 0..self.devices.len() {
            if dice.percent(50) && self.devices[device].open.is_some() {
                self.chunk_is_lost(device);
                self.devices[device].open = None;
                off.push(device);
            }
        }
        let names: Vec<_> = off.iter().map(|device| self.devices[*device].name).collect();
        let mut left = lasts;
        while left > DAY {
            self.sleep(DAY);
            left -= DAY;
            if !self.host.is_down {
                self.sweep(false)?;
            }
        }
        self.sleep(left);
        self.oracle.photos.uploads_may_be_over(self.time.now());
        self.story.tell(self.time.now(), || {
            format!("{} s have passed; switched off meanwhile: {names:?}", lasts / crate::clock::SECOND)
        });
        for device in off {
            self.devices[device].machine.reboot();
            self.after(0, Happening::Reopens { device });
        }
        Ok(())
    }
}

/// What nothing has to be waited for.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => unreachable!("it waits for nothing"),
    }
}
