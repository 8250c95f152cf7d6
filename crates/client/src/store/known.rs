//! What this device knows of what a record names: the reference data it was picked from, whose codes its carriers have,
//! and what the unit's odometer showed before.

use gatebook_domain::check::{scac, usdot};
use gatebook_domain::inspection::Odometer;
use gatebook_domain::known::{codes_of_other_carriers, odometer_below};
use gatebook_domain::reference::{Carrier, Equipment};
use gatebook_domain::{Body, Kind, Problem};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::row::RecordRow;
use crate::error::StoreError;
use crate::view::Picked;

/// Warnings about what does not agree with what is known here. `at` is when the record was made: what came later says
/// nothing about it.
pub(super) fn warnings(
    connection: &Connection,
    id: Uuid,
    at: Timestamp,
    body: &Body,
) -> Result<Vec<Problem>, StoreError> {
    let mut warnings = codes_of_other_carriers(body, &carriers_with_codes_of(connection, body)?);
    if let Body::Inspection(inspection) = body
        && let Some(now) = &inspection.odometer
        && let Some(last) = last_odometer(connection, id, at, &inspection.equipment.number)?
    {
        warnings.extend(odometer_below(now, &last));
    }
    Ok(warnings)
}

/// What the reference data say of everything in the body that was picked from them.
pub(super) fn picked(connection: &Connection, body: &Body) -> Result<Vec<Picked>, StoreError> {
    let carriers = body.carriers().into_iter().filter_map(|(_, carrier)| carrier.carrier_id);
    let mut ids: Vec<Uuid> =
        carriers.chain(body.equipment().into_iter().filter_map(|unit| unit.equipment_id)).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for id in ids {
        let Some(row) = RecordRow::find(connection, id)? else { continue };
        let text = row.content.body.get();
        found.extend(match row.kind() {
            Some(Kind::Carrier) => serde_json::from_str::<Carrier>(text).ok().map(|it| Picked {
                id,
                scac: it.scac,
                usdot: it.usdot,
                plate: None,
                size_type: None,
            }),
            Some(Kind::Equipment) => serde_json::from_str::<Equipment>(text).ok().map(|it| Picked {
                id,
                scac: None,
                usdot: None,
                plate: it.plate,
                size_type: it.size_type,
            }),
            _ => None,
        });
    }
    Ok(found)
}

fn carriers_with_codes_of(connection: &Connection, body: &Body) -> Result<Vec<Carrier>, StoreError> {
    let mut found = Vec::new();
    let mut look_up = |column: &str, code: Option<String>| {
        let Some(code) = code.filter(|code| !code.is_empty()) else { return Ok(()) };
        let sql =
            format!("SELECT body FROM records WHERE kind = 'carrier' AND state = 'live' AND body ->> '{column}' = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([code])?;
        while let Some(row) = rows.next()? {
            let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            found.extend(serde_json::from_str::<Carrier>(text).ok());
        }
        Ok::<_, StoreError>(())
    };
    for (_, carrier) in body.carriers() {
        look_up("$.scac", carrier.scac.as_deref().map(scac::normalize))?;
        look_up("$.usdot", carrier.usdot.as_deref().map(usdot::normalize))?;
    }
    Ok(found)
}

fn last_odometer(
    connection: &Connection,
    id: Uuid,
    before: Timestamp,
    number: &str,
) -> Result<Option<Odometer>, StoreError> {
    if number.is_empty() {
        return Ok(None);
    }
    let text: Option<String> = connection
        .prepare_cached(
            "SELECT body ->> '$.odometer' FROM records WHERE kind = 'inspection' AND body ->> '$.equipment.number' = ?1 \
             AND id <> ?2 AND state <> 'voided' AND captured_at < ?3 AND body ->> '$.odometer.value' IS NOT NULL \
             ORDER BY captured_at DESC LIMIT 1",
        )?
        .query_row((number, id, before.to_string()), |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}
