//! Reference data, as the field reads it.

use std::collections::HashMap;

use gatebook_domain::equipment::EquipmentRef;
use gatebook_domain::reference::{Carrier, Equipment, Operator, Template, Yard};
use gatebook_domain::{Extra, Kind};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, pending};
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
            yards.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(yards)
        })
    }

    /// People who work at one of this device's yards, by name.
    pub(crate) fn operators(&self) -> Result<Vec<OperatorView>, StoreError> {
        let yards: Vec<Uuid> = self.yards()?.into_iter().map(|yard| yard.id).collect();
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
            operators.sort_by(|a, b| a.name.cmp(&b.name));
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
            templates.sort_by(|a, b| a.template.name.cmp(&b.template.name));
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
                    extra: Extra::new(),
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

/// The entries in whose texts `query` occurs, blanks and hyphens apart; best first.
fn best<T>(query: &str, entries: Vec<T>, texts: impl Fn(&T) -> [String; 3]) -> Vec<T> {
    let plain =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let query = plain(query);
    let mut ranked: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| {
            let texts = texts(&entry).map(|text| plain(&text));
            let place = texts.iter().filter_map(|text| text.find(&query)).min()?;
            Some(((place > 0, texts), entry))
        })
        .collect();
    ranked.sort_by(|a, b| a.0.cmp(&b.0));
    ranked.truncate(SUGGESTIONS);
    ranked.into_iter().map(|(_, entry)| entry).collect()
}
