//! Reference data, as the field reads it.

mod known;

use std::collections::HashMap;

use gatebook_domain::Kind;
use gatebook_domain::equipment::EquipmentRef;
use gatebook_domain::reference::{Operator, Template, Yard};
use rusqlite::Connection;
use uuid::Uuid;

pub(super) use known::{Known, of_id};

use super::row::RecordRow;
use super::{Store, pending};
use crate::error::StoreError;
use crate::view::{CarrierView, EquipmentView, OperatorView, TemplateView, YardView};

/// Names by operator id, for lists.
pub(super) struct Names(HashMap<Uuid, String>);

impl Names {
    pub(super) fn load(known: &Known, connection: &Connection) -> Result<Self, StoreError> {
        Ok(Self(known.operators(connection)?.iter().map(|it| (it.id, it.record.name.clone())).collect()))
    }

    pub(super) fn of(&self, operator_id: Option<Uuid>) -> String {
        operator_id.and_then(|id| self.0.get(&id).cloned()).unwrap_or_default()
    }
}

impl Store {
    /// Yards this device receives, by name.
    pub(crate) fn yards(&self) -> Result<Vec<YardView>, StoreError> {
        self.read(|connection| {
            let mine: Vec<Uuid> = pending::cursors(connection)?.keys().filter_map(|scope| scope.yard_id()).collect();
            let yards = self.reference.yards(connection)?;
            let received = yards.iter().filter(|yard| mine.contains(&yard.id));
            Ok(received
                .map(|yard| YardView {
                    id: yard.id,
                    name: yard.record.name.clone(),
                    code: yard.record.code.clone(),
                    time_zone: yard.record.time_zone.clone(),
                    place: yard.record.place.clone(),
                })
                .collect())
        })
    }

    /// People who work at one of this device's yards, by name.
    pub(crate) fn operators(&self) -> Result<Vec<OperatorView>, StoreError> {
        let yards: Vec<Uuid> = self.yards()?.into_iter().map(|yard| yard.id).collect();
        self.people_of(&yards)
    }

    fn people_of(&self, yards: &[Uuid]) -> Result<Vec<OperatorView>, StoreError> {
        self.read(|connection| {
            let people = self.reference.operators(connection)?;
            let of_these = people.iter().filter(|it| it.record.yard_ids.iter().any(|id| yards.contains(id)));
            Ok(of_these
                .map(|it| OperatorView {
                    id: it.id,
                    name: it.record.name.clone(),
                    job: it.record.job.clone(),
                    role: it.record.role,
                    yard_ids: it.record.yard_ids.clone(),
                })
                .collect())
        })
    }

    /// Templates, by name.
    pub(crate) fn templates(&self) -> Result<Vec<TemplateView>, StoreError> {
        let templates = self.read(|connection| self.reference.templates(connection))?;
        Ok(templates.iter().map(|it| TemplateView { id: it.id, template: it.record.clone() }).collect())
    }

    /// Carriers whose name, SCAC or USDOT holds `query`; those that begin with it first.
    pub(crate) fn find_carriers(&self, query: &str) -> Result<Vec<CarrierView>, StoreError> {
        let carriers = self.read(|connection| self.reference.carriers(connection))?;
        Ok(known::best(query, &carriers)
            .into_iter()
            .map(|it| CarrierView {
                id: it.id,
                name: it.record.name.clone(),
                scac: it.record.scac.clone(),
                usdot: it.record.usdot.clone(),
            })
            .collect())
    }

    /// Equipment whose number or plate holds `query`; those that begin with it first.
    pub(crate) fn find_equipment(&self, query: &str) -> Result<Vec<EquipmentView>, StoreError> {
        let (equipment, owners) =
            self.read(|connection| Ok((self.reference.equipment(connection)?, self.reference.carriers(connection)?)))?;
        Ok(known::best(query, &equipment)
            .into_iter()
            .map(|it| (it.id, it.record.clone()))
            .map(|(id, it)| EquipmentView {
                id,
                owner: it
                    .carrier_id
                    .and_then(|id| of_id(&owners, id))
                    .map(|owner| owner.name.clone())
                    .unwrap_or_default(),
                plate: it.plate.clone(),
                equipment: EquipmentRef {
                    class: it.class,
                    number: it.number,
                    equipment_id: Some(id),
                    plate: it.plate,
                    size_type: it.size_type,
                    override_reason: None,
                },
            })
            .collect())
    }
}

/// One template.
pub(super) fn template(connection: &Connection, id: Uuid) -> Result<Option<Template>, StoreError> {
    Ok(RecordRow::find(connection, id)?.and_then(|row| serde_json::from_str(row.content.body.get()).ok()))
}

/// The name of one operator; empty for nobody, or for somebody this device does not know.
pub(super) fn operator_name(connection: &Connection, id: Option<Uuid>) -> Result<String, StoreError> {
    let row = id.map(|id| RecordRow::find(connection, id)).transpose()?.flatten();
    let operator = row.and_then(|row| serde_json::from_str::<Operator>(row.content.body.get()).ok());
    Ok(operator.map(|operator| operator.name).unwrap_or_default())
}

/// The name of one yard, if this device knows it.
pub(super) fn yard_name(connection: &Connection, id: Uuid) -> Result<Option<String>, StoreError> {
    let row = RecordRow::find(connection, id)?.filter(|row| row.kind() == Some(Kind::Yard));
    Ok(row.and_then(|row| serde_json::from_str::<Yard>(row.content.body.get()).ok()).map(|yard| yard.name))
}

#[cfg(test)]
mod tests {
    use gatebook_sync::wire::ScopePage;
    use gatebook_sync::{Canonical, Scope};
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::super::testing::{YARD, answer, canonical, store};
    use super::*;

    /// A store that got this reference data from the office.
    fn holding(records: &[(Kind, Value)]) -> (tempfile::TempDir, Store) {
        let (folder, store) = store();
        let records = records.iter().zip(1..).map(|((kind, body), seq)| {
            let mut state: Canonical = canonical(Uuid::from_u128(u128::from(seq)), 1, "");
            (state.receipt.seq, state.content.yard_id) = (seq, None);
            kind.as_str().clone_into(&mut state.content.kind);
            state.content.body = RawValue::from_string(body.to_string()).unwrap();
            state
        });
        let mut answer = answer(Vec::new());
        answer.scopes[0] =
            ScopePage { scope: Scope::Org, records: records.collect(), left: Vec::new(), cursor: 99, tally: None };
        store.settle(&[], answer).unwrap();
        (folder, store)
    }

    fn carriers(store: &Store, query: &str) -> Vec<String> {
        store.find_carriers(query).unwrap().into_iter().map(|carrier| carrier.name).collect()
    }

    fn equipment(store: &Store, query: &str) -> Vec<String> {
        store.find_equipment(query).unwrap().into_iter().map(|known| known.equipment.number).collect()
    }

    #[test]
    fn a_carrier_is_found_however_its_accents_are_typed() {
        let names = ["Río Bravo Freight", "Transportes Ana\u{301}huac", "Acme Haulage"];
        let (_folder, store) = holding(&names.map(|name| (Kind::Carrier, json!({"name": name, "scac": "ABCD"}))));
        for query in ["Rio Bravo", "río bravo", "Ri\u{301}o", "Ｒｉｏ", "rio\u{200b}bravo"] {
            assert_eq!(carriers(&store, query), [names[0]], "{query:?}");
        }
        for query in ["Anahuac", "Anáhuac", "ANA\u{301}HUAC"] {
            assert_eq!(carriers(&store, query), [names[1]], "{query:?}");
        }
        assert_eq!(carriers(&store, "a\u{200b}bcd"), ["Acme Haulage", "Río Bravo Freight", names[1]]);
    }

    #[test]
    fn equipment_is_found_however_its_number_is_typed_or_was_kept() {
        let unit = |number: &str| (Kind::Equipment, json!({"class": "trailer", "number": number}));
        let (_folder, store) = holding(&[unit("PX-20931"), unit("PX–20999"), unit("CSQU3054383")]);
        for query in ["PX–20931", "px\u{2011}20931", "PX\u{200b}20931", "px 20931", "ＰＸ２０９３１"] {
            assert_eq!(equipment(&store, query), ["PX-20931"], "{query:?}");
        }
        assert_eq!(equipment(&store, "px-20999"), ["PX–20999"]);
        assert_eq!(equipment(&store, "\u{202a}CSQU\u{202c}"), ["CSQU3054383"]);
    }

    #[test]
    fn names_are_listed_in_the_order_of_the_language() {
        let person = |name: &str| (Kind::Operator, json!({"name": name, "role": "operator", "yard_ids": [YARD]}));
        let yard = (Kind::Yard, json!({"name": "Laredo", "code": "L", "time_zone": "America/Chicago"}));
        let carrier = |name: &str| (Kind::Carrier, json!({"name": name}));
        let carriers_of = ["Zapata", "Águila", "arrow"].map(carrier);
        let people = ["Zoe", "Álvaro", "ana", "Óscar"].map(person);
        let (_folder, store) = holding(&[carriers_of.as_slice(), people.as_slice(), &[yard]].concat());
        assert_eq!(carriers(&store, ""), ["Águila", "arrow", "Zapata"]);
        let names: Vec<_> = store.people_of(&[YARD]).unwrap().into_iter().map(|person| person.name).collect();
        assert_eq!(names, ["Álvaro", "ana", "Óscar", "Zoe"]);
    }

    #[test]
    fn reference_data_is_read_again_only_when_some_of_its_kind_has_changed() {
        let carrier = (Kind::Carrier, json!({"name": "Río Bravo Freight"}));
        let (_folder, store) = holding(&[carrier]);
        let read = || store.read(|connection| store.reference.carriers(connection)).unwrap();
        let before = read();
        let event = super::super::testing::recorded(&store, "typed");
        super::super::testing::edited(&store, event, "typed on");
        assert!(std::sync::Arc::ptr_eq(&before, &read()), "somebody typed, and no carrier has changed");

        let mut renamed: Canonical = canonical(before[0].id, 2, "");
        renamed.content.yard_id = None;
        Kind::Carrier.as_str().clone_into(&mut renamed.content.kind);
        renamed.content.body = RawValue::from_string(json!({"name": "Sierra Norte"}).to_string()).unwrap();
        let mut answer = answer(Vec::new());
        answer.scopes[0].records.push(renamed);
        store.settle(&[], answer).unwrap();
        assert_eq!(carriers(&store, ""), ["Sierra Norte"]);
    }
}
