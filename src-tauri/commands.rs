//! The typed commands: each hands its arguments to [`Device`] and its answer back.
#![allow(clippy::needless_pass_by_value, reason = "Tauri hands arguments over by value")]
#![allow(clippy::unnecessary_wraps, reason = "every command answers in the same way")]
#![allow(unreachable_pub, reason = "the command macros repeat the visibility at the crate's root")]

use gatebook_client::Device;
use gatebook_client::scheduler::Event;
use gatebook_client::view::{
    AppState, CarrierView, CommandError, EquipmentView, InboxItem, Keep, OperatorView, RecordView, Start,
    SubmitOutcome, TemplateView, WorkList,
};
use gatebook_domain::Body;
use gatebook_domain::zone::{self, ClockPeriod};
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::State;
use uuid::Uuid;

type Answer<T> = Result<T, CommandError>;

/// What the pages notice before the system says so.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// The page got the focus.
    Focus,
    /// The page became visible.
    Visible,
    /// The webview thinks there is a network.
    Online,
    /// The webview thinks there is none.
    Offline,
}

/// Everything the pages need to draw themselves anew.
#[tauri::command(async)]
#[specta::specta]
pub fn bootstrap(device: State<'_, Device>) -> Answer<AppState> {
    device.state()
}

/// Joins an organisation.
#[tauri::command]
#[specta::specta]
pub async fn enrol(
    device: State<'_, Device>,
    server_url: String,
    code: String,
    device_name: String,
) -> Answer<AppState> {
    let device = device.inner().clone();
    device.enrol(&server_url, &code, &device_name).await
}

/// The server is found at another address now; `ending` is what its codes end in, if it makes its certificate itself.
#[tauri::command]
#[specta::specta]
pub async fn move_server(device: State<'_, Device>, server_url: String, ending: String) -> Answer<AppState> {
    let device = device.inner().clone();
    device.move_server(&server_url, &ending).await
}

/// People who may work on this device.
#[tauri::command(async)]
#[specta::specta]
pub fn operators(device: State<'_, Device>) -> Answer<Vec<OperatorView>> {
    device.operators()
}

/// Says who is working now.
#[tauri::command(async)]
#[specta::specta]
pub fn choose_operator(device: State<'_, Device>, operator_id: Option<Uuid>) -> Answer<AppState> {
    device.choose_operator(operator_id)
}

/// Says at which yard.
#[tauri::command(async)]
#[specta::specta]
pub fn choose_yard(device: State<'_, Device>, yard_id: Uuid) -> Answer<AppState> {
    device.choose_yard(yard_id)
}

/// Keeps the address of the page and step that is open.
#[tauri::command(async)]
#[specta::specta]
pub fn keep_place(device: State<'_, Device>, place: Option<String>) -> Answer<()> {
    device.keep_place(place.as_deref())
}

/// The start page.
#[tauri::command(async)]
#[specta::specta]
pub fn work_list(device: State<'_, Device>) -> Answer<WorkList> {
    device.work_list()
}

/// Begins a record.
#[tauri::command(async)]
#[specta::specta]
pub fn start(device: State<'_, Device>, start: Start) -> Answer<RecordView> {
    device.start(start)
}

/// One record.
#[tauri::command(async)]
#[specta::specta]
pub fn record(device: State<'_, Device>, id: Uuid) -> Answer<RecordView> {
    device.record(id)
}

/// One record, whose form is on the screen from now on.
#[tauri::command(async)]
#[specta::specta]
pub fn open_record(device: State<'_, Device>, id: Uuid) -> Answer<RecordView> {
    device.open_record(id)
}

/// Its form is no longer on the screen.
#[tauri::command(async)]
#[specta::specta]
pub fn close_record(device: State<'_, Device>, id: Uuid) -> Answer<()> {
    device.close_record(id)
}

/// Sends a change as it is that the server would not take.
#[tauri::command(async)]
#[specta::specta]
pub fn send_again(device: State<'_, Device>, id: Uuid) -> Answer<RecordView> {
    device.send_again(id)
}

/// Says what is to be kept of two changes that met in a form.
#[tauri::command(async)]
#[specta::specta]
pub fn settle_met(device: State<'_, Device>, id: Uuid, keep: Keep) -> Answer<RecordView> {
    device.settle_met(id, keep)
}

/// Saves what was entered in a form that shows the state `shown`.
#[tauri::command(async)]
#[specta::specta]
pub fn save(device: State<'_, Device>, id: Uuid, body: Body, shown: Uuid) -> Answer<RecordView> {
    device.save(id, body, shown)
}

/// Hands a record in as it is shown.
#[tauri::command(async)]
#[specta::specta]
pub fn submit(device: State<'_, Device>, id: Uuid, shown: Uuid) -> Answer<SubmitOutcome> {
    device.submit(id, shown)
}

/// Strikes a record out as it is shown.
#[tauri::command(async)]
#[specta::specta]
pub fn void_record(device: State<'_, Device>, id: Uuid, reason: String, shown: Uuid) -> Answer<RecordView> {
    device.void_record(id, &reason, shown)
}

/// Gives up a change and goes back to the server's version.
#[tauri::command(async)]
#[specta::specta]
pub fn discard_change(device: State<'_, Device>, id: Uuid) -> Answer<Option<RecordView>> {
    device.discard_change(id)
}

/// The inbox of whoever is working.
#[tauri::command(async)]
#[specta::specta]
pub fn inbox(device: State<'_, Device>) -> Answer<Vec<InboxItem>> {
    device.inbox()
}

/// Notes that an inbox item was opened.
#[tauri::command(async)]
#[specta::specta]
pub fn mark_read(device: State<'_, Device>, id: Uuid) -> Answer<()> {
    device.mark_read(id)
}

/// Says who changed a record that names nobody.
#[tauri::command(async)]
#[specta::specta]
pub fn name_author(device: State<'_, Device>, id: Uuid, operator_id: Uuid) -> Answer<RecordView> {
    device.name_author(id, operator_id)
}

/// Templates to choose from.
#[tauri::command(async)]
#[specta::specta]
pub fn templates(device: State<'_, Device>) -> Answer<Vec<TemplateView>> {
    device.templates()
}

/// Carriers to choose from.
#[tauri::command(async)]
#[specta::specta]
pub fn find_carriers(device: State<'_, Device>, query: String) -> Answer<Vec<CarrierView>> {
    device.find_carriers(&query)
}

/// Equipment to choose from.
#[tauri::command(async)]
#[specta::specta]
pub fn find_equipment(device: State<'_, Device>, query: String) -> Answer<Vec<EquipmentView>> {
    device.find_equipment(&query)
}

/// What the clocks of a zone show, and since when; null for a zone that nobody knows.
#[tauri::command]
#[specta::specta]
pub fn zone_clocks(zone: String) -> Answer<Option<Vec<ClockPeriod>>> {
    Ok(zone::clocks(&zone))
}

/// Runs a round now.
#[tauri::command(async)]
#[specta::specta]
pub fn sync_now(device: State<'_, Device>) -> Answer<()> {
    device.notify(Event::Manual);
    Ok(())
}

/// What the pages notice before the system says so.
#[tauri::command(async)]
#[specta::specta]
pub fn hint(device: State<'_, Device>, hint: Hint) -> Answer<()> {
    match hint {
        Hint::Focus | Hint::Visible => device.notify(Event::Resumed),
        Hint::Online => device.notify(Event::NetworkChanged),
        Hint::Offline => {}
    }
    Ok(())
}

/// For how many days finished records are kept on this device.
#[tauri::command(async)]
#[specta::specta]
pub fn history_days(device: State<'_, Device>) -> Answer<u32> {
    device.history_days()
}

/// Sets that, and answers how it stands then.
#[tauri::command(async)]
#[specta::specta]
pub fn keep_history(device: State<'_, Device>, days: u32) -> Answer<u32> {
    device.keep_history(days)
}

/// The operator has read what was salvaged.
#[tauri::command(async)]
#[specta::specta]
pub fn dismiss_salvage(device: State<'_, Device>) -> Answer<()> {
    device.dismiss_salvage()
}
