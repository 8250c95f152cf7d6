//! Whatever happens to a store, what its database keeps is what looking through everything gives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gatebook_domain::gate_event::GateEvent;
use gatebook_domain::signature::Submitted;
use gatebook_domain::{Body, Kind, RecordState};
use gatebook_sync::wire::{CanonicalState, Departure, Entry, IdRange, Judged, Part, ScopePage, SyncResponse};
use gatebook_sync::{
    Canonical, Epoch, Fingerprint, Kept, Receipt, Rejection, RejectionCode, Scope, Tally, Verdict, VersionId,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::super::reference::Known;
use super::super::row::RecordRow;
use super::super::settle::Sent;
use super::super::testing::{MARIA, YARD, answer, event, now, shown, somebody};
use super::super::{Store, lock, named, salvage, settings};
use super::*;

const OTHER_YARD: Uuid = Uuid::from_u128(0xb);
/// Gate events, of which the first two have attachments.
const EVENTS: u128 = 4;
/// Every record there may be: the gate events, two attachments, an assignment with its inspection, and a person.
const RECORDS: u128 = 9;

#[derive(Debug, Clone)]
enum Act {
    Create(u128),
    Save { record: u128, submits: bool },
    Void(u128),
    Discard(u128),
    SendAgain(u128),
    OpenForm(u128),
    CloseForm(u128),
    Pull(State),
    Judge { which: Index, verdict: u8, state: State },
    JudgeOffer { which: Index, verdict: u8, state: State },
    Depart { record: u128, from: u8, version: u64 },
    LoseYards { keeps_first: bool },
    NewEpoch,
    Fetched(State),
    Compare { yard: u8, is_half: bool, theirs: Vec<State> },
    DaysPass(i64),
    Reopen,
    Salvage,
    FailAfterDeleting(u128),
}

/// A canonical state of a record.
#[derive(Debug, Clone)]
struct State {
    record: u128,
    version: u64,
    yard: u8,
    life: RecordState,
    days_old: i64,
}

fn state() -> impl Strategy<Value = State> {
    let states = prop_oneof![Just(RecordState::Live), Just(RecordState::Closed), Just(RecordState::Voided)];
    (0..RECORDS, 1_u64..6, 0_u8..3, states, prop_oneof![Just(0_i64), Just(45)])
        .prop_map(|(record, version, yard, life, days_old)| State { record, version, yard, life, days_old })
}

fn act() -> impl Strategy<Value = Act> {
    let event = || 0..EVENTS;
    prop_oneof![
        2 => event().prop_map(Act::Create),
        4 => (event(), any::<bool>()).prop_map(|(record, submits)| Act::Save { record, submits }),
        1 => event().prop_map(Act::Void),
        2 => event().prop_map(Act::Discard),
        1 => event().prop_map(Act::SendAgain),
        1 => event().prop_map(Act::OpenForm),
        1 => event().prop_map(Act::CloseForm),
        8 => state().prop_map(Act::Pull),
        4 => (any::<Index>(), 0_u8..6, state())
            .prop_map(|(which, verdict, state)| Act::Judge { which, verdict, state }),
        2 => (any::<Index>(), 0_u8..6, state())
            .prop_map(|(which, verdict, state)| Act::JudgeOffer { which, verdict, state }),
        1 => (0..RECORDS, 0_u8..3, 1_u64..7)
            .prop_map(|(record, from, version)| Act::Depart { record, from, version }),
        1 => any::<bool>().prop_map(|keeps_first| Act::LoseYards { keeps_first }),
        1 => Just(Act::NewEpoch),
        2 => state().prop_map(Act::Fetched),
        2 => (0_u8..3, any::<bool>(), prop::collection::vec(state(), 0..4))
            .prop_map(|(yard, is_half, theirs)| Act::Compare { yard, is_half, theirs }),
        3 => (0_i64..50).prop_map(Act::DaysPass),
        1 => Just(Act::Reopen),
        1 => Just(Act::Salvage),
        1 => (0..RECORDS).prop_map(Act::FailAfterDeleting),
    ]
}

fn id(record: u128) -> Uuid {
    Uuid::from_u128(0x100 + record)
}

fn yard(which: u8) -> Option<Uuid> {
    [None, Some(YARD), Some(OTHER_YARD)][usize::from(which)]
}

/// What the office's and others' records say. The person is named by the third gate event.
fn content_of(record: u128) -> (Kind, String) {
    let text = match record {
        4 | 5 => {
            let attachment = json!({"parent_id": id(record - 4), "role": "photo", "sha256": "0".repeat(64), "size": 1,
                "media_type": "image/jpeg"});
            return (Kind::Attachment, attachment.to_string());
        }
        6 => {
            let assignment = json!({"inspection_id": id(7), "template_id": id(20), "operator_id": id(8),
                "equipment": {"class": "trailer", "number": "T-1"}});
            return (Kind::Assignment, assignment.to_string());
        }
        7 => {
            let list = json!({"template_id": id(20), "code": "x", "revision": 1, "name": "x"});
            let inspection = json!({"template": list, "equipment": {"class": "trailer", "number": "T-1"}, "items": []});
            return (Kind::Inspection, inspection.to_string());
        }
        8 => {
            let person = json!({"name": "Ana", "role": "operator", "yard_ids": [YARD]});
            return (Kind::Operator, person.to_string());
        }
        3 => submitted(Some(id(8))),
        _ => event("by somebody else"),
    };
    (Kind::GateEvent, text.to_json())
}

fn submitted(operator_id: Option<Uuid>) -> Body {
    let Body::GateEvent(event) = event("handed in") else { unreachable!() };
    Body::GateEvent(GateEvent { submitted: Some(Submitted::new(now(), operator_id)), ..event })
}

struct World {
    folder: tempfile::TempDir,
    store: Option<Store>,
    epoch: u64,
    time: Timestamp,
    /// Every answer has a place in the feed of its own.
    seq: u64,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Some(Store::open(folder.path()).unwrap());
        Self { folder, store, epoch: 1, time: now(), seq: 0 }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn receipt(&mut self, state: &State) -> Receipt {
        self.seq += 1;
        let received_at = self.time - SignedDuration::from_hours(24 * state.days_old);
        Receipt { epoch: Epoch(self.epoch), version: state.version, seq: self.seq, received_at, mac: "mac".to_owned() }
    }

    fn canonical(&mut self, state: &State) -> Canonical {
        let receipt = self.receipt(state);
        let (kind, body) = content_of(state.record);
        let is_office = matches!(kind, Kind::Operator);
        let mut canonical = super::super::testing::canonical(id(state.record), state.version, "");
        canonical.receipt = receipt;
        kind.as_str().clone_into(&mut canonical.content.kind);
        canonical.content.yard_id = if is_office { None } else { yard(state.yard) };
        canonical.content.state = state.life;
        canonical.content.body = RawValue::from_string(body).unwrap();
        canonical
    }

    fn answer(&self) -> SyncResponse {
        let mut answer = answer(Vec::new());
        (answer.epoch, answer.server_time) = (Epoch(self.epoch), self.time);
        answer.scopes.push(ScopePage {
            scope: Scope::Yard(OTHER_YARD),
            records: Vec::new(),
            left: Vec::new(),
            cursor: 9,
            tally: None,
        });
        answer
    }

    /// An answer that brings that.
    fn bringing(&self, canonical: Canonical) -> SyncResponse {
        let mut answer = self.answer();
        let page = answer.scopes.iter_mut().find(|page| page.scope == canonical.content.scope());
        page.unwrap().records.push(canonical);
        answer
    }

    /// The server's word on a write that says what `push` or `offered` says.
    fn judged(&mut self, (id, write_id): (Uuid, Uuid), verdict: u8, state: &State) -> Judged {
        let theirs = |world: &mut Self| {
            let mut canonical = world.canonical(state);
            canonical.id = id;
            Some(CanonicalState::Record(Box::new(canonical)))
        };
        let rejected = |code| Verdict::Rejected(Rejection::new(code, "no"));
        let (verdict, canonical) = match verdict {
            0 | 1 => (Verdict::Accepted, Some(CanonicalState::AsSent(self.receipt(state)))),
            2 => (Verdict::Conflict { kept: Kept::Existing }, theirs(self)),
            3 => (rejected(RejectionCode::Invalid), None),
            4 => (rejected(RejectionCode::ForgedReceipt), theirs(self)),
            _ => (rejected(RejectionCode::ForgedReceipt), None),
        };
        Judged { id, write_id, verdict, canonical }
    }

    fn settle(&self, sent: &Sent, answer: SyncResponse) {
        // Some answers make no sense to the store: then nothing of them is kept.
        let _ = self.store().settle_answer(sent, answer);
    }

    fn does(&mut self, act: Act) {
        let limits = gatebook_sync::wire::Limits::default();
        match act {
            Act::Create(record) => {
                let _ = self.store().create(id(record), event(""), Some(YARD), "UTC", &somebody());
            }
            Act::Save { record, submits } => {
                let body = if submits { submitted(Some(MARIA)) } else { event(&self.seq.to_string()) };
                self.seq += 1;
                if self.store().held(id(record)).unwrap().is_some() {
                    let _ = self.store().save(id(record), shown(self.store(), id(record)), body, &somebody());
                }
            }
            Act::Void(record) => {
                if self.store().held(id(record)).unwrap().is_some() {
                    let _ = self.store().void(id(record), shown(self.store(), id(record)), "twice", &somebody());
                }
            }
            Act::Discard(record) => drop(self.store().discard(id(record), &somebody())),
            Act::SendAgain(record) => drop(self.store().send_again(id(record), &somebody())),
            Act::OpenForm(record) => self.store().open_form(id(record)).unwrap(),
            Act::CloseForm(record) => drop(self.store().close_form(id(record)).unwrap()),
            Act::Pull(state) => {
                let canonical = self.canonical(&state);
                self.settle(&Sent::default(), self.bringing(canonical));
            }
            Act::Judge { which, verdict, state } => {
                let pushed = self.store().push_page(None, limits).unwrap().push;
                let Some(push) = (!pushed.is_empty()).then(|| which.get(&pushed).clone()) else { return };
                self.store().request_begins().unwrap();
                let verdicts = vec![self.judged((push.id, push.write_id), verdict, &state)];
                let sent = Sent { push: vec![push], ..Sent::default() };
                self.settle(&sent, SyncResponse { verdicts, ..self.answer() });
            }
            Act::JudgeOffer { which, verdict, state } => {
                let offered = self.store().reoffer_page(super::super::Offered::default(), limits).unwrap().0;
                let Some(offer) = (!offered.is_empty()).then(|| which.get(&offered).clone()) else { return };
                let verdicts = vec![self.judged((offer.id, offer.write_id), verdict, &state)];
                let sent = Sent { reoffer: vec![offer], ..Sent::default() };
                self.settle(&sent, SyncResponse { verdicts, ..self.answer() });
            }
            Act::Depart { record, from, version } => {
                let mut answer = self.answer();
                let version = VersionId { epoch: Epoch(self.epoch), version };
                answer.scopes[usize::from(from)].left.push(Departure { id: id(record), version });
                self.settle(&Sent::default(), answer);
            }
            Act::LoseYards { keeps_first } => {
                let mut answer = self.answer();
                answer.scopes.truncate(if keeps_first { 2 } else { 1 });
                self.settle(&Sent::default(), answer);
            }
            Act::NewEpoch => {
                self.epoch += 1;
                self.settle(&Sent::default(), SyncResponse { more: true, ..self.answer() });
            }
            Act::Fetched(state) => {
                let mut answer = self.answer();
                answer.repaired.records.push(self.canonical(&state));
                self.settle(&Sent::default(), answer);
            }
            Act::Compare { yard: which, is_half, theirs } => {
                let whole = IdRange::whole(Scope::of(yard(which)));
                let range = if is_half { IdRange { to: id(4), ..whole } } else { whole };
                let mut entries: Vec<Entry> = theirs
                    .iter()
                    .map(|state| Entry {
                        id: id(state.record),
                        fingerprint: Fingerprint::of(id(state.record), &self.receipt(state)),
                    })
                    .collect();
                entries.sort_by_key(|entry| entry.id);
                let tally = entries.iter().map(|entry| entry.fingerprint).collect::<Tally>();
                let mut answer = self.answer();
                answer.repaired.parts.push(Part { range, tally, entries: Some(entries) });
                self.settle(&Sent::default(), answer);
            }
            Act::DaysPass(days) => {
                self.time += SignedDuration::from_hours(24 * days);
                self.settle(&Sent::default(), self.answer());
            }
            Act::Reopen => {
                self.store = None;
                self.store = Some(Store::open(self.folder.path()).unwrap());
            }
            Act::Salvage => {
                self.store = None;
                salvage::start_anew(self.folder.path(), "test").unwrap();
                self.store = Some(Store::open(self.folder.path()).unwrap());
            }
            Act::FailAfterDeleting(record) => {
                let failed: Result<(), _> = self.store().write(|transaction| {
                    RecordRow::delete(transaction, id(record))?;
                    Err(StoreError::NotFound(id(record)))
                });
                assert!(failed.is_err());
            }
        }
    }

    /// Compares all that is kept with what there is, looked at row by row.
    fn check(&self, after: &str) {
        let (rows, let_go) =
            self.store().read(|connection| Ok((RecordRow::select(connection, "1", [])?, let_go(connection)))).unwrap();
        let mut sums: BTreeMap<Option<Uuid>, Tally> = BTreeMap::new();
        let known = rows.iter().filter_map(RecordRow::known);
        let known = known.map(|it| (it.content.yard_id, Fingerprint::of(it.id, &it.receipt)));
        for (yard, sum) in known.chain(let_go.iter().map(|it| (it.yard_id, it.fingerprint))) {
            let tally = sums.entry(yard).or_insert(Tally::EMPTY);
            *tally = tally.plus(Tally { records: 1, sum });
        }
        for yard in [None, Some(YARD), Some(OTHER_YARD)] {
            let kept = self.store().tally(Scope::of(yard)).unwrap();
            assert_eq!(kept, sums.remove(&yard).unwrap_or(Tally::EMPTY), "{yard:?} after {after}");
        }
        assert_eq!(sums, BTreeMap::new(), "every scope was looked at");

        let held: BTreeSet<Uuid> = rows.iter().map(|row| row.id).collect();
        let named: BTreeSet<Uuid> = rows
            .iter()
            .flat_map(|row| [Some(&row.content), row.shadow.as_ref().map(|it| &it.content)])
            .flatten()
            .flat_map(|content| named::in_text(content.body.get()).chain(content.operator_id))
            .collect();
        let wanted: BTreeSet<Uuid> = self.store().read(wanted).unwrap().into_iter().collect();
        for it in &let_go {
            let is_missed =
                it.parent_id.is_some_and(|id| held.contains(&id)) || it.is_reference && named.contains(&it.id);
            let may_be_wanted = is_missed || it.is_reference;
            let is_wanted = wanted.contains(&it.id);
            assert!(is_wanted || !is_missed, "{} is missed and not asked for after {after}", it.id);
            assert!(!is_wanted || may_be_wanted, "{} is asked for in vain after {after}", it.id);
        }
        let let_go: BTreeSet<Uuid> = let_go.iter().map(|it| it.id).collect();
        assert!(wanted.is_subset(&let_go), "what is wanted was let go, after {after}");

        let people = |known: &Known| {
            let people = self.store().read(|connection| known.operators(connection)).unwrap();
            people.iter().map(|it| it.id).collect::<Vec<_>>()
        };
        assert_eq!(people(&self.store().reference), people(&Known::default()), "people after {after}");
    }
}

struct LetGo {
    id: Uuid,
    yard_id: Option<Uuid>,
    fingerprint: Fingerprint,
    parent_id: Option<Uuid>,
    is_reference: bool,
}

fn let_go(connection: &Connection) -> Vec<LetGo> {
    let sql = "SELECT id, yard_id, fingerprint, parent_id, is_reference FROM let_go";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        Ok(LetGo {
            id: row.get(0)?,
            yard_id: row.get(1)?,
            fingerprint: Fingerprint::from_sql(row.get(2)?),
            parent_id: row.get(3)?,
            is_reference: row.get(4)?,
        })
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_what_is_there_after_anything(acts in prop::collection::vec(act(), 1..60)) {
        let mut world = World::new();
        for act in acts {
            let after = format!("{act:?}");
            world.does(act);
            world.check(&after);
        }
    }
}

/// Statements of the store that replace a row: SQLite tells no trigger of what they remove.
fn replacing(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(replacing(&path));
            continue;
        }
        if path.ends_with("kept/tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        let words: Vec<&str> = text.split(|it: char| !it.is_alphanumeric() && it != '_').collect();
        let replaces = words.windows(3).filter(|it| it[0] == "replace" && it[1] == "into").map(|it| it[2]);
        let kept = replaces.filter(|table| ["records", "let_go", "tallies", "wanted"].contains(table));
        found.extend(kept.map(|table| format!("{} replaces rows of {table}", path.display())));
    }
    found
}

#[test]
fn no_row_is_replaced_of_which_anything_is_kept() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    assert_eq!(replacing(&store), [] as [String; 0]);
}

#[test]
fn a_sum_that_is_wrong_is_found_before_it_is_committed() {
    let (_folder, store) = super::super::testing::store();
    store.settle(&[], answer(vec![super::super::testing::canonical(id(0), 1, "known")])).unwrap();
    lock(&store.writer).execute("UPDATE tallies SET lower = lower + 1", []).unwrap();
    let noticed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.set(&settings::REPAIRS, Some(&1))));
    assert!(noticed.is_err());
    assert_eq!(store.repairs().unwrap(), 0, "nothing of that transaction was kept");
}
