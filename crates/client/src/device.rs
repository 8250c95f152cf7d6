//! The device as the app's shell sees it: each command of the UI is one method here.

#[cfg(feature = "simulation")]
mod by_hand;
mod pictures;
mod support;
mod telling;

use std::path::PathBuf;
use std::sync::Arc;

use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
use gatebook_domain::gate_event::GateEvent;
use gatebook_domain::interchange::Interchange;
use gatebook_domain::signature::Submitted;
use gatebook_domain::templates::start_inspection;
use gatebook_domain::{Body, doubtful_times, missing, problem::Severity};
use gatebook_sync::{Rejection, RejectionCode};
use tokio::sync::watch;
use uuid::Uuid;

use crate::enrol::{self, Joining};
use crate::environment::{Environment, SystemEnvironment};
use crate::error::StoreError;
use crate::moved;
use crate::nudges;
use crate::photos::{self, Photos, UploadProgress};
use crate::scheduler::{self, Event};
use crate::store::{Authorship, Enrolment, Store, settings};
use crate::support::Snapshot;
use crate::surroundings::Surroundings;
use crate::view::{
    AppState, CarrierView, CommandError, EnrolmentView, EquipmentView, ErrorCode, Health, InboxItem, Keep,
    OperatorView, RecordView, Start, SubmitOutcome, SyncStatus, TemplateView, WorkList, YardView,
};

/// Days for which finished records can be kept.
const HISTORY_DAYS: std::ops::RangeInclusive<u32> = 1..=3_650;

/// How a device is opened.
pub struct DeviceConfig {
    /// Where its database lies.
    pub data_folder: PathBuf,
    /// Version of the app, shown and logged.
    pub app_version: String,
    /// Clock and ids.
    pub environment: Arc<dyn Environment>,
}

impl DeviceConfig {
    /// A real device with its data in that folder.
    #[must_use]
    pub fn new(data_folder: PathBuf, app_version: &str) -> Self {
        Self { data_folder, app_version: app_version.to_owned(), environment: Arc::new(SystemEnvironment) }
    }
}

/// One device: store and scheduler together. Cheap to clone.
#[derive(Clone)]
pub struct Device {
    store: Arc<Store>,
    environment: Arc<dyn Environment>,
    photos: Arc<Photos>,
    scheduler: scheduler::Handle,
    lane: photos::LaneHandle,
    _network: Option<Arc<scheduler::NetworkWatch>>,
    looked_at: watch::Sender<bool>,
    app_version: String,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("store", &self.store).finish_non_exhaustive()
    }
}

type Answer<T> = Result<T, CommandError>;

impl Device {
    /// Opens the device and starts its scheduler. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// The data folder cannot be used.
    pub fn open(config: DeviceConfig) -> Result<Self, StoreError> {
        let store = Arc::new(Store::open(&config.data_folder)?);
        #[cfg(all(unix, not(any(target_os = "android", target_os = "ios"))))]
        crate::private::tighten(&config.data_folder);
        if let Err(error) = Snapshot::sweep(&store) {
            tracing::warn!(error = &error as &dyn std::error::Error, "old snapshots for support are not deleted");
        }
        let photos = Arc::new(Photos::open(Arc::clone(&store), Arc::clone(&config.environment))?);
        let scheduler =
            scheduler::spawn(Arc::clone(&store), Arc::clone(&config.environment), config.app_version.clone())?;
        let told = scheduler.clone();
        let lane = photos::spawn_lane(&photos, move || told.notify(Event::PhotosArrived));
        tokio::spawn(show_uploads(photos.progress(), scheduler.board.clone()));
        let looked_at = watch::Sender::new(false);
        nudges::spawn(Arc::clone(&store), scheduler.clone(), looked_at.subscribe());
        let network = scheduler::watch_network({
            let (scheduler, lane) = (scheduler.clone(), lane.clone());
            move |event| {
                scheduler.notify(event);
                lane.notify(event);
            }
        });
        Ok(Self {
            store,
            environment: config.environment,
            photos,
            scheduler,
            lane,
            _network: Some(Arc::new(network)),
            looked_at,
            app_version: config.app_version,
        })
    }

    /// The local store, for whoever looks beneath the views.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The photos.
    #[must_use]
    pub fn photos(&self) -> &Arc<Photos> {
        &self.photos
    }

    /// Counts up with each change of local state.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.store.changes()
    }

    /// How sync stands, as it changes.
    #[must_use]
    pub fn sync_status(&self) -> watch::Receiver<SyncStatus> {
        self.scheduler.status.clone()
    }

    /// Tells the scheduler and the photos' lane what happened.
    pub fn notify(&self, event: Event) {
        self.scheduler.notify(event);
        self.lane.notify(event);
    }

    /// Says what the device is connected by and runs on. A change of the way to the server is told apart, by
    /// [`Event::NetworkChanged`].
    pub fn set_surroundings(&self, surroundings: Surroundings) {
        self.photos.set_network(surroundings.for_photos());
        self.scheduler.set_saves_battery(surroundings.saves_battery);
    }

    /// How much waits for the server, records and photos: what the system is to know when the app is left.
    ///
    /// # Errors
    /// The database failed.
    pub fn waiting(&self) -> Answer<u32> {
        Ok(self.store.waiting_count()?)
    }

    /// Everything the UI needs to draw itself anew.
    ///
    /// # Errors
    /// The database failed.
    pub fn state(&self) -> Answer<AppState> {
        let enrolment = self.store.setting(&settings::ENROLMENT)?;
        let yards = self.store.yards()?;
        let yard_id = self.chosen_yard(&yards)?;
        let operator = self.operator()?;
        let mut sync = self.scheduler.status.borrow().clone();
        let counts = self.store.counts(yard_id, operator.as_ref().map(|operator| operator.id))?;
        sync.pending = counts.pending;
        Ok(AppState {
            enrolment: enrolment.map(|enrolment| EnrolmentView {
                server_url: enrolment.server_url,
                tenant_name: enrolment.tenant_name,
                device_id: enrolment.device_id,
                device_name: enrolment.device_name,
                revoked: enrolment.revoked,
            }),
            yards,
            yard_id,
            operator,
            place: self.store.setting(&settings::PLACE)?,
            sync,
            counts,
            health: Health { scheduler_woken: self.store.scheduler_woken()?, repairs: self.store.repairs()? },
            salvage: self.store.setting(&settings::SALVAGE)?,
            app_version: self.app_version.clone(),
        })
    }

    /// Joins an organisation. May be repeated after a lost answer.
    ///
    /// # Errors
    /// No way to the server, or it would not take the code.
    pub async fn enrol(&self, server_url: &str, code: &str, device_name: &str) -> Answer<AppState> {
        let device_id = if let Some(id) = self.store.setting(&settings::DEVICE_ID)? {
            id
        } else {
            let id = self.environment.new_id();
            self.store.set(&settings::DEVICE_ID, Some(&id))?;
            id
        };
        let before = self.store.setting(&settings::ENROLMENT)?;
        let joining = Joining { secret: self.store.joining_secret()?, before: before.clone(), device_id };
        let enrolment = enrol::enrol(server_url, code, device_name, joining).await?;
        enrol::check_same_organisation(before.as_ref(), &enrolment)?;
        self.store.joined(&enrolment)?;
        self.notify(Event::Started);
        self.state()
    }

    /// The server is found at another address now. Only the server that the device belongs to is believed there, and until
    /// it has proved itself nothing of the device's is sent to it. `ending` is what its codes end in, if it has come to make
    /// its certificate itself, or another authority; otherwise it is empty.
    ///
    /// # Errors
    /// The device has not joined, there is no way to that address, or another server answers there. Nothing has changed.
    pub async fn move_server(&self, server_url: &str, ending: &str) -> Answer<AppState> {
        let enrolment = self.store.setting(&settings::ENROLMENT)?.ok_or(StoreError::NotEnrolled)?;
        let (server_url, pin) = moved::find(&enrolment, server_url, ending).await?;
        self.store.server_moved(enrolment.device_id, &server_url, pin)?;
        self.notify(Event::Started);
        self.state()
    }

    /// People who may work on this device.
    ///
    /// # Errors
    /// The database failed.
    pub fn operators(&self) -> Answer<Vec<OperatorView>> {
        Ok(self.store.operators()?)
    }

    /// Says who is working now, or that nobody is.
    ///
    /// # Errors
    /// The database failed.
    pub fn choose_operator(&self, operator_id: Option<Uuid>) -> Answer<AppState> {
        self.store.set(&settings::OPERATOR_ID, operator_id.as_ref())?;
        self.state()
    }

    /// Says at which yard.
    ///
    /// # Errors
    /// The database failed.
    pub fn choose_yard(&self, yard_id: Uuid) -> Answer<AppState> {
        self.store.set(&settings::YARD_ID, Some(&yard_id))?;
        self.state()
    }

    /// Keeps the UI's address of the page and step that is open.
    ///
    /// # Errors
    /// The database failed.
    pub fn keep_place(&self, place: Option<&str>) -> Answer<()> {
        Ok(self.store.set(&settings::PLACE, place.map(str::to_owned).as_ref())?)
    }

    /// For how many days finished records are kept on this device after the server received them.
    ///
    /// # Errors
    /// The database failed.
    pub fn history_days(&self) -> Answer<u32> {
        Ok(self.store.history_days()?)
    }

    /// Sets that, and answers how it stands then. What is older leaves the device with the next sync.
    ///
    /// # Errors
    /// Less than a day or more than ten years; the database failed.
    pub fn keep_history(&self, days: u32) -> Answer<u32> {
        if !HISTORY_DAYS.contains(&days) {
            let message = "Keep finished records for at least a day and at most ten years.";
            return Err(CommandError { code: ErrorCode::Refused, message: message.to_owned(), retry: false });
        }
        self.store.keep_history(days)?;
        self.history_days()
    }

    /// The start page.
    ///
    /// # Errors
    /// The database failed.
    pub fn work_list(&self) -> Answer<WorkList> {
        let Some(yard_id) = self.chosen_yard(&self.store.yards()?)? else {
            return Ok(WorkList::default());
        };
        Ok(self.store.work_list(yard_id, self.operator_id()?)?)
    }

    /// Begins a record, or opens the one that the assignment already led to. Its form is on the screen then, as after
    /// [`Self::open_record`]. Nothing is sent before something is entered in it.
    ///
    /// # Errors
    /// Not enrolled, nobody is chosen, or the assignment or template is not here.
    pub fn start(&self, start: Start) -> Answer<RecordView> {
        let by = self.authorship()?;
        let yards = self.store.yards()?;
        let chosen = self.chosen_yard(&yards)?;
        let (id, body, yard_id) = match start {
            Start::Assignment { assignment_id } => {
                let (assignment, template, yard_id) = self.store.assignment(assignment_id)?;
                let template = template.ok_or(StoreError::NotFound(assignment.template_id))?;
                let body =
                    start_inspection(assignment.template_id, &template, assignment.equipment, Some(assignment_id));
                (assignment.inspection_id, Body::Inspection(body), yard_id)
            }
            Start::Inspection { template_id, equipment } => {
                let template = self.store.template(template_id)?;
                let class = template.equipment_classes.first().copied().unwrap_or(EquipmentClass::Tractor);
                let equipment = equipment.unwrap_or_else(|| EquipmentRef::new(class, ""));
                let body = start_inspection(template_id, &template, equipment, None);
                (self.environment.new_id(), Body::Inspection(body), chosen)
            }
            Start::GateEvent { direction } => {
                (self.environment.new_id(), Body::GateEvent(GateEvent::new(direction)), chosen)
            }
            Start::Interchange { movement } => {
                (self.environment.new_id(), Body::Interchange(Interchange::new(movement)), chosen)
            }
        };
        let zone = yards.iter().find(|yard| Some(yard.id) == yard_id).map_or("UTC", |yard| yard.time_zone.as_str());
        self.store.create(id, body, yard_id, zone, &by)?;
        self.notify(Event::LocalWrite);
        self.open_record(id)
    }

    /// One record.
    ///
    /// # Errors
    /// It is not here.
    pub fn record(&self, id: Uuid) -> Answer<RecordView> {
        Ok(self.as_of_now(self.store.record(id, self.operator_id()?)?))
    }

    /// With what there is to say of its times, which depends on when they are looked at.
    fn as_of_now(&self, mut record: RecordView) -> RecordView {
        record.problems.extend(doubtful_times(&record.body, self.environment.now()));
        record
    }

    /// One record, whose form is on the screen from now on. What is saved there is made on the state that it shows.
    ///
    /// # Errors
    /// It is not here; the database failed.
    pub fn open_record(&self, id: Uuid) -> Answer<RecordView> {
        self.store.open_form(id)?;
        self.record(id)
    }

    /// Its form is no longer on the screen. A record that was begun and left with nothing in it goes.
    ///
    /// # Errors
    /// The database failed.
    pub fn close_record(&self, id: Uuid) -> Answer<()> {
        self.store.close_form(id)?;
        Ok(())
    }

    /// Says what is to be kept of what was entered in a form and what somebody else wrote meanwhile. Until that is said,
    /// saves are made on the state that both went on from, and the server finds that they met.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub fn settle_met(&self, id: Uuid, keep: Keep) -> Answer<RecordView> {
        self.store.settle_meanwhile(id, keep, &self.authorship()?)?;
        self.notify(Event::LocalWrite);
        self.record(id)
    }

    /// Sends a change that the server would not take as it is, in the name of whoever is chosen: what stood in its way may
    /// have changed, a yard, a list, or who is allowed to. What was taken, or still waits, stays as it is.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub fn send_again(&self, id: Uuid) -> Answer<RecordView> {
        self.store.send_again(id, &self.authorship()?)?;
        self.notify(Event::LocalWrite);
        self.record(id)
    }

    /// Saves what was entered in a form that shows the state `shown` ([`RecordView::write_id`]). When
    /// this returns, it survives anything that happens to the process.
    ///
    /// # Errors
    /// Nobody is chosen, the record is not here or closed, or the disk is full; then what was saved before stays.
    pub fn save(&self, id: Uuid, body: Body, shown: Uuid) -> Answer<RecordView> {
        refuse_nul(&body)?;
        #[cfg(feature = "simulation")]
        self.store.text_before_mark(id, &body)?;
        if gatebook_sync::deliberate!(SaveWaitsForSync) && self.scheduler.status.borrow().running {
            return Err(StoreError::Final(id).into());
        }
        if gatebook_sync::deliberate!(SaveUnwritten) && self.scheduler.status.borrow().running {
            return Ok(RecordView { body, ..self.record(id)? });
        }
        let by = self.authorship()?;
        self.store.save(id, shown, body, &by)?;
        // Shown before the scheduler looks at the database, so that the operator does not wait for it.
        let shown = self.store.record_as_saved(id, Some(by.operator_id));
        self.notify(Event::LocalWrite);
        Ok(self.as_of_now(shown?))
    }

    /// Hands a record in as a form shows it that shows the state `shown`, if nothing is missing.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub fn submit(&self, id: Uuid, shown: Uuid) -> Answer<SubmitOutcome> {
        let by = self.authorship()?;
        let mut record = self.record(id)?;
        if record.write_id != shown
            && let Some(content) = self.store.shown(id, shown)?
            && let Ok(body) = Body::from_json(record.body.kind(), content.body.get())
        {
            // What the person signs for is what they see, whatever the record has become meanwhile.
            record.body = body;
        }
        let complete =
            !missing(&record.body, record.template.as_ref()).iter().any(|problem| problem.severity == Severity::Error);
        if !complete {
            return Ok(SubmitOutcome { submitted: false, record });
        }
        let mark = Some(Submitted::new(by.now, Some(by.operator_id)));
        let mut body = record.body;
        match &mut body {
            Body::Inspection(inspection) => inspection.submitted = mark,
            Body::GateEvent(event) => event.submitted = mark,
            Body::Interchange(interchange) => interchange.submitted = mark,
            Body::Attachment(_)
            | Body::Assignment(_)
            | Body::Template(_)
            | Body::Equipment(_)
            | Body::Carrier(_)
            | Body::Yard(_)
            | Body::Operator(_)
            | Body::Notice(_) => return Err(StoreError::Final(id).into()),
        }
        self.note_handing_in()?;
        Ok(SubmitOutcome { submitted: true, record: self.save(id, body, shown)? })
    }

    /// Strikes a record out, as the state `shown` says it.
    ///
    /// # Errors
    /// As [`Self::save`]; also without a reason, and while a correction of it is open.
    pub fn void_record(&self, id: Uuid, reason: &str, shown: Uuid) -> Answer<RecordView> {
        let reason = reason.trim();
        if reason.is_empty() {
            let message = "Say why this record is struck out; it stays in the books with your reason.";
            return Err(StoreError::Invalid(Rejection::new(RejectionCode::Invalid, message)).into());
        }
        self.store.void(id, shown, reason, &self.authorship()?)?;
        self.notify(Event::LocalWrite);
        self.record(id)
    }

    /// Says who changed a record and took its photos, where what waits names nobody. It is sent by itself then.
    ///
    /// # Errors
    /// The record is not here, or that person does not work on this device.
    pub fn name_author(&self, id: Uuid, operator_id: Uuid) -> Answer<RecordView> {
        if !self.store.operators()?.iter().any(|operator| operator.id == operator_id) {
            let message = "This person is not listed on this device. Choose somebody who works here.";
            return Err(StoreError::Invalid(Rejection::new(RejectionCode::Invalid, message)).into());
        }
        let enrolment = self.store.setting(&settings::ENROLMENT)?.ok_or(StoreError::NotEnrolled)?;
        let now = self.environment.now();
        self.store.name_author(id, operator_id, enrolment.device_id, now, || self.environment.new_id())?;
        self.notify(Event::LocalWrite);
        self.record(id)
    }

    /// Gives up a change that waits or was not taken, and goes back to the server's version. Answers nothing where there
    /// is none to go back to and the record has left this device.
    ///
    /// # Errors
    /// The record is not here.
    pub fn discard_change(&self, id: Uuid) -> Answer<Option<RecordView>> {
        let is_still_here = self.store.discard(id, &self.authorship()?)?;
        self.notify(Event::LocalWrite);
        is_still_here.then(|| self.record(id)).transpose()
    }

    /// The inbox of whoever is working.
    ///
    /// # Errors
    /// The database failed.
    pub fn inbox(&self) -> Answer<Vec<InboxItem>> {
        Ok(self.store.inbox(self.operator_id()?)?)
    }

    /// Notes that an inbox item was opened.
    ///
    /// # Errors
    /// It is not here.
    pub fn mark_read(&self, id: Uuid) -> Answer<()> {
        Ok(self.store.mark_read(id)?)
    }

    /// Templates to choose from.
    ///
    /// # Errors
    /// The database failed.
    pub fn templates(&self) -> Answer<Vec<TemplateView>> {
        Ok(self.store.templates()?)
    }

    /// Carriers to choose from.
    ///
    /// # Errors
    /// The database failed.
    pub fn find_carriers(&self, query: &str) -> Answer<Vec<CarrierView>> {
        Ok(self.store.find_carriers(query)?)
    }

    /// Equipment to choose from.
    ///
    /// # Errors
    /// The database failed.
    pub fn find_equipment(&self, query: &str) -> Answer<Vec<EquipmentView>> {
        Ok(self.store.find_equipment(query)?)
    }

    /// The operator has read what was salvaged.
    ///
    /// # Errors
    /// The database failed.
    pub fn dismiss_salvage(&self) -> Answer<()> {
        Ok(self.store.set(&settings::SALVAGE, None)?)
    }

    /// Somebody looks at the app, or no longer does: meanwhile the server tells of news as it comes.
    pub fn set_looked_at(&self, is_looked_at: bool) {
        self.looked_at.send_replace(is_looked_at);
    }

    /// The app is put away: what is in the write-ahead log goes into the database file. Takes as long as the disk does, so
    /// not on a thread that draws.
    pub fn suspend(&self) {
        if let Err(error) = self.store.checkpoint() {
            tracing::warn!(error = &error as &dyn std::error::Error, "no checkpoint on suspend");
        }
    }

    fn operator_id(&self) -> Result<Option<Uuid>, StoreError> {
        self.store.setting(&settings::OPERATOR_ID)
    }

    fn operator(&self) -> Result<Option<OperatorView>, StoreError> {
        let Some(id) = self.operator_id()? else { return Ok(None) };
        Ok(self.store.operators()?.into_iter().find(|operator| operator.id == id))
    }

    /// The yard chosen, as long as it is still the device's; otherwise its first.
    fn chosen_yard(&self, yards: &[YardView]) -> Result<Option<Uuid>, StoreError> {
        let chosen = self.store.setting(&settings::YARD_ID)?;
        Ok(chosen.filter(|id| yards.iter().any(|yard| yard.id == *id)).or_else(|| yards.first().map(|yard| yard.id)))
    }

    /// Who writes now. Nobody writes before it is said who is working.
    fn authorship(&self) -> Result<Authorship, StoreError> {
        let (enrolment, operator_id) = self.store.who_writes()?;
        let enrolment: Enrolment = enrolment.ok_or(StoreError::NotEnrolled)?;
        let operator_id = operator_id.ok_or(StoreError::NobodyChosen)?;
        Ok(Authorship {
            write_id: self.environment.new_id(),
            device_id: enrolment.device_id,
            operator_id,
            now: self.environment.now(),
        })
    }
}

/// Shows on the board of sync how photos move, until the photos are closed.
async fn show_uploads(mut progress: watch::Receiver<UploadProgress>, board: watch::Sender<SyncStatus>) {
    while progress.changed().await.is_ok() {
        let now = *progress.borrow_and_update();
        board.send_modify(|status| status.photos = now);
    }
}

/// A NUL can be typed by no keyboard, only pasted, and no database downstream keeps it.
fn refuse_nul(body: &Body) -> Result<(), StoreError> {
    if body.to_json().contains("\\u0000") {
        let message =
            "The text holds a character that cannot be stored. Delete what you pasted last and type it instead.";
        return Err(StoreError::Invalid(Rejection::new(RejectionCode::Invalid, message)));
    }
    Ok(())
}
