//! Reference data, as the field reads it.

use std::cmp::Ordering;
use std::collections::HashMap;

use gatebook_domain::Kind;
use gatebook_domain::equipment::EquipmentRef;
use gatebook_domain::reference::{Carrier, Equipment, Operator, Template, Yard};
use gatebook_domain::spelling::folded;
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, pending};
use crate::collation;
use crate::error::StoreError;
use crate::view::{CarrierView, EquipmentView, OperatorView, TemplateView, YardView};

/// Suggestions shown at a time.
const SUGGESTIONS: usize = 20;

/// Names by operator id, for lists.
pub(super) struct Names(HashMap<Uuid, String>);

impl Names {
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        Ok(Self(all::<Operator>(connection, Kind::Operator)?.into_iter().map(|(id, it)| (id, it.name)).collect()))
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
            let mut yards: Vec<_> = all::<Yard>(connection, Kind::Yard)?
                .into_iter()
                .filter(|(id, _)| mine.contains(id))
                .map(|(id, yard)| YardView {
                    id,
                    name: yard.name,
                    code: yard.code,
                    time_zone: yard.time_zone,
                    place: yard.place,
                })
                .collect();
            yards.sort_by(|a, b| collation::compare(&a.name, &b.name));
            Ok(yards)
        })
    }

    /// People who work at one of this device's yards, by name.
    pub(crate) fn operators(&self) -> Result<Vec<OperatorView>, StoreError> {
        let yards: Vec<Uuid> = self.yards()?.into_iter().map(|yard| yard.id).collect();
        self.people_of(&yards)
    }

    fn people_of(&self, yards: &[Uuid]) -> Result<Vec<OperatorView>, StoreError> {
        self.read(|connection| {
            let mut operators: Vec<_> = all::<Operator>(connection, Kind::Operator)?
                .into_iter()
                .filter(|(_, operator)| operator.yard_ids.iter().any(|id| yards.contains(id)))
                .map(|(id, operator)| OperatorView {
                    id,
                    name: operator.name,
                    job: operator.job,
                    role: operator.role,
                    yard_ids: operator.yard_ids,
                })
                .collect();
            operators.sort_by(|a, b| collation::compare(&a.name, &b.name));
            Ok(operators)
        })
    }

    /// Templates, by name.
    pub(crate) fn templates(&self) -> Result<Vec<TemplateView>, StoreError> {
        self.read(|connection| {
            let mut templates: Vec<_> = all::<Template>(connection, Kind::Template)?
                .into_iter()
                .map(|(id, template)| TemplateView { id, template })
                .collect();
            templates.sort_by(|a, b| collation::compare(&a.template.name, &b.template.name));
            Ok(templates)
        })
    }

    /// Carriers whose name, SCAC or USDOT holds `query`; those that begin with it first.
    pub(crate) fn find_carriers(&self, query: &str) -> Result<Vec<CarrierView>, StoreError> {
        let carriers = self.read(|connection| all::<Carrier>(connection, Kind::Carrier))?;
        Ok(best(query, carriers, |(_, carrier)| {
            [carrier.name.clone(), carrier.scac.clone().unwrap_or_default(), carrier.usdot.clone().unwrap_or_default()]
        })
        .into_iter()
        .map(|(id, carrier)| CarrierView { id, name: carrier.name, scac: carrier.scac, usdot: carrier.usdot })
        .collect())
    }

    /// Equipment whose number or plate holds `query`; those that begin with it first.
    pub(crate) fn find_equipment(&self, query: &str) -> Result<Vec<EquipmentView>, StoreError> {
        let (equipment, owners) = self.read(|connection| {
            let owners: HashMap<Uuid, String> =
                all::<Carrier>(connection, Kind::Carrier)?.into_iter().map(|(id, it)| (id, it.name)).collect();
            Ok((all::<Equipment>(connection, Kind::Equipment)?, owners))
        })?;
        let plate = |it: &Equipment| it.plate.as_ref().map(|plate| plate.number.clone()).unwrap_or_default();
        Ok(best(query, equipment, |(_, it)| [it.number.clone(), plate(it), String::new()])
            .into_iter()
            .map(|(id, it)| EquipmentView {
                id,
                owner: it.carrier_id.and_then(|id| owners.get(&id).cloned()).unwrap_or_default(),
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

/// Every live record of a reference kind that this app can read.
pub(super) fn all<T: DeserializeOwned>(connection: &Connection, kind: Kind) -> Result<Vec<(Uuid, T)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, body FROM records WHERE kind = ?1 AND state = 'live'")?;
    let mut rows = statement.query([kind.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        match serde_json::from_str(body) {
            Ok(body) => found.push((row.get(0)?, body)),
            Err(error) => tracing::warn!(kind = kind.as_str(), %error, "a reference record cannot be read"),
        }
    }
    Ok(found)
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

/// The entries in whose texts `query` occurs, whatever its accents, blanks and hyphens; best first, then in the order of
/// their first text.
fn best<T>(query: &str, entries: Vec<T>, texts: impl Fn(&T) -> [String; 3]) -> Vec<T> {
    let query = folded(query);
    let mut ranked: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| {
            let texts = texts(&entry);
            let place = texts.iter().filter_map(|text| folded(text).find(&query)).min()?;
            Some((place > 0, texts, entry))
        })
        .collect();
    ranked.sort_by(|(is_within, texts, _), (is_other_within, others, _)| {
        let in_order = texts.iter().zip(others).map(|(text, other)| collation::compare(text, other));
        is_within.cmp(is_other_within).then(in_order.fold(Ordering::Equal, Ordering::then))
    });
    ranked.truncate(SUGGESTIONS);
    ranked.into_iter().map(|(_, _, entry)| entry).collect()
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
}
