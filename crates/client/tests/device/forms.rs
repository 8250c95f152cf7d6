//! A form saves on what it shows, however many newer states have come meanwhile.

use gatebook_client::view::Keep;
use gatebook_domain::Body;
use gatebook_domain::gate_event::GateEvent;
use uuid::Uuid;

use crate::support::{TestDevice, TestYard};

/// A form as it was drawn.
struct Form<'a> {
    device: &'a TestDevice,
    id: Uuid,
    shown: Uuid,
    event: GateEvent,
}

impl<'a> Form<'a> {
    fn open(device: &'a TestDevice, id: Uuid) -> Self {
        let view = device.device.open_record(id).unwrap();
        let Body::GateEvent(event) = view.body else { panic!("a gate event expected") };
        Self { device, id, shown: view.write_id, event }
    }

    /// One tap, without looking at what has come.
    fn taps(&mut self, change: impl FnOnce(&mut GateEvent)) {
        change(&mut self.event);
        let saved = self.device.device.save(self.id, Body::GateEvent(self.event.clone()), self.shown).unwrap();
        self.shown = saved.write_id;
    }
}

/// María and Héctor have one record; María has its form open while Héctor writes `theirs` into its remarks, and it arrives
/// at María's device.
async fn overtaken<'a>(yard: &TestYard, maria: &'a TestDevice, hector: &TestDevice, theirs: &[&str]) -> Form<'a> {
    let id = maria.records("first");
    maria.syncs().await;
    hector.syncs().await;
    let form = Form::open(maria, id);
    for remarks in theirs {
        hector.remarks(id, remarks);
        hector.syncs().await;
        maria.syncs().await;
    }
    assert_eq!(maria.event(id).remarks, *theirs.last().unwrap(), "it is there, and the form does not show it");
    assert_eq!(yard.audit(id).len(), 1 + theirs.len());
    form
}

#[tokio::test]
async fn a_form_that_is_one_pull_behind_does_not_overwrite_a_colleague_without_a_word() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let mut form = overtaken(&yard, &maria, &hector, &["Héctor was here"]).await;
    form.taps(|event| event.driver.name = "Sam".to_owned());

    let met = maria.shows(form.id).met.expect("the page says at once that somebody changed it");
    assert_eq!((met.operator_name.as_str(), met.voided), ("Héctor Salinas", false));
    let report = maria.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.conflicts), (0, 1), "the server finds that they met");
    hector.syncs().await;
    maria.syncs().await;
    assert_eq!((maria.device.inbox().unwrap().len(), hector.device.inbox().unwrap().len()), (1, 1));
}

#[tokio::test]
async fn a_form_may_be_any_number_of_pulls_behind_and_its_later_saves_go_on_from_its_own() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let mut form = overtaken(&yard, &maria, &hector, &["one", "two", "three"]).await;
    form.taps(|event| event.driver.name = "Sam".to_owned());
    assert_eq!(maria.held(form.id).base.unwrap().version, 1);
    maria.syncs().await;
    form.taps(|event| event.driver.name = "Samuel".to_owned());
    let report = maria.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.conflicts), (1, 0));
}

#[tokio::test]
async fn who_keeps_mine_keeps_what_they_entered_and_has_theirs_wherever_nothing_was_entered() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let mut form = overtaken(&yard, &maria, &hector, &["Héctor was here"]).await;
    form.taps(|event| event.driver.name = "Sam".to_owned());
    let kept = maria.device.settle_met(form.id, Keep::Mine).unwrap();
    let event = maria.event(form.id);
    assert_eq!((event.driver.name.as_str(), event.remarks.as_str()), ("Sam", "Héctor was here"));
    assert!(kept.met.is_none());
    // Whoever chose has seen both: nothing is set aside.
    let report = maria.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.conflicts), (1, 0));
}

#[tokio::test]
async fn mine_can_still_be_kept_when_the_server_has_judged_and_after_a_kill() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let mut form = overtaken(&yard, &maria, &hector, &["Héctor was here"]).await;
    let id = form.id;
    form.taps(|event| event.driver.name = "Sam".to_owned());
    maria.syncs().await;
    let maria = maria.killed_and_reopened();
    assert!(maria.device.open_record(id).unwrap().met.is_some());
    maria.device.settle_met(id, Keep::Mine).unwrap();
    let event = maria.event(id);
    assert_eq!((event.driver.name.as_str(), event.remarks.as_str()), ("Sam", "Héctor was here"));
    maria.syncs().await;
    hector.syncs().await;
    assert_eq!(hector.event(id), event);
}

#[tokio::test]
async fn who_takes_theirs_has_what_they_wrote() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    for (synced, typed_on) in [(false, false), (true, false), (true, true)] {
        let mut form = overtaken(&yard, &maria, &hector, &["Héctor was here"]).await;
        form.taps(|event| event.driver.name = "Sam".to_owned());
        if synced {
            maria.syncs().await;
        }
        if typed_on {
            form.taps(|event| event.driver.name = "Samuel".to_owned());
        }
        maria.device.settle_met(form.id, Keep::Theirs).unwrap();
        assert_eq!(maria.syncs().await.settled.conflicts, 0);
        maria.syncs().await;
        assert_eq!(maria.device.store().repairs().unwrap(), 0, "nothing that the server took was forgotten");
        hector.syncs().await;
        let event = hector.event(form.id);
        assert_eq!((event.driver.name.as_str(), event.remarks.as_str()), ("", "Héctor was here"));
        assert_eq!(maria.event(form.id), event);
        maria.device.close_record(form.id).unwrap();
    }
}

#[tokio::test]
async fn what_is_struck_out_or_handed_in_is_what_the_person_sees() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let form = overtaken(&yard, &maria, &hector, &["Héctor was here"]).await;
    maria.device.void_record(form.id, "entered twice", form.shown).unwrap();
    let report = maria.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.conflicts), (0, 1));
}

#[tokio::test]
async fn what_a_closed_form_showed_is_not_kept() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let form = overtaken(&yard, &maria, &hector, &["one", "two"]).await;
    let kept = |device: &TestDevice| -> u32 {
        device.database().query_row("SELECT count(*) FROM replaced", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(kept(&maria), 2);
    maria.device.close_record(form.id).unwrap();
    assert_eq!(kept(&maria), 0);
    // Nor does a form outlive the app that showed it.
    let form = overtaken(&yard, &maria, &hector, &["three"]).await;
    assert_eq!(kept(&maria), 1);
    drop(form);
    assert_eq!(kept(&maria.killed_and_reopened()), 0);
}

#[tokio::test]
async fn a_record_that_says_only_what_starting_it_made_is_not_sent() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let start = || gatebook_client::view::Start::GateEvent { direction: gatebook_domain::gate_event::Direction::In };
    let id = maria.device.start(start()).unwrap().id;
    assert_eq!(maria.pending(), 0);
    maria.syncs().await;
    assert!(yard.server.audit(id).is_err(), "the server has never heard of it");
    maria.remarks(id, "something");
    assert_eq!(maria.pending(), 1);
    maria.syncs().await;
    assert_eq!(yard.audit(id).len(), 1);
}

#[tokio::test]
async fn an_assignment_that_was_only_opened_gives_way_to_what_a_colleague_entered() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let assignment_id = hector.device.work_list().unwrap().assigned[0].assignment_id.unwrap();
    let start = || gatebook_client::view::Start::Assignment { assignment_id };
    let id = maria.device.start(start()).unwrap().id;
    hector.device.start(start()).unwrap();
    let Body::Inspection(mut inspection) = hector.shows(id).body else { panic!("an inspection expected") };
    inspection.remarks = "Héctor's".to_owned();
    hector.device.save(id, Body::Inspection(inspection), hector.shows(id).write_id).unwrap();
    hector.syncs().await;
    maria.syncs().await;
    let held = maria.held(id);
    assert!(!held.pending && held.content.body.get().contains("Héctor's"));
    assert!(maria.device.inbox().unwrap().is_empty());
}
