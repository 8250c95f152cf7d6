//! A demonstration organisation: the yards of Laredo and Nuevo Laredo, with everything the field app needs to work.
//!
//! Loading it twice changes nothing, except that new codes and a new token are made: the old ones cannot be told again.

mod data;

use std::fmt;

use gatebook_domain::record::SCHEMA;
use gatebook_domain::{Kind, RecordState, title};
use gatebook_sync::Content;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::console;
use crate::error::ServerError;
use crate::server::Server;
use data::Seed;

/// Ids of seeded records follow from their names under this one.
const NAMESPACE: Uuid = Uuid::from_u128(0x6741_7465_626f_6f6b_8000_0000_0000_0001);

/// How many devices can join with what the seed prints.
const CODES: usize = 2;
const CODE_HOURS: u32 = 72;

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct Seeded {
    /// The organisation.
    pub tenant_id: Uuid,
    /// A token for its admin.
    pub admin_token: String,
    /// One-time codes.
    pub codes: Vec<SeededCode>,
    /// Its yards.
    pub yards: Vec<SeededRecord>,
    /// Its people.
    pub operators: Vec<SeededRecord>,
    /// Its inspection lists.
    pub templates: Vec<SeededRecord>,
    /// Its carriers.
    pub carriers: Vec<SeededRecord>,
    /// Its known equipment.
    pub equipment: Vec<SeededRecord>,
    /// Work to be done.
    pub assignments: Vec<SeededRecord>,
}

/// A one-time code.
#[derive(Debug, Clone, Serialize)]
pub struct SeededCode {
    /// The code.
    pub code: String,
    /// Yards its device works for.
    pub yards: Vec<Uuid>,
}

/// A record of the demonstration.
#[derive(Debug, Clone, Serialize)]
pub struct SeededRecord {
    /// Its id, the same on every server.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// Its yard, if it belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yard_id: Option<Uuid>,
    /// What it says. Due times are those of this loading.
    pub body: Box<RawValue>,
}

impl fmt::Display for Seeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} is ready: {} yards, {} people, {} pieces of equipment, {} assignments.",
            data::TENANT,
            self.yards.len(),
            self.operators.len(),
            self.equipment.len(),
            self.assignments.len()
        )?;
        for yard in &self.yards {
            writeln!(f, "  yard    {}  {}", yard.id, yard.name)?;
        }
        for code in &self.codes {
            writeln!(f, "  device  enrol with the code {} (within {CODE_HOURS} hours)", code.code)?;
        }
        write!(f, "  admin   {}", self.admin_token)
    }
}

/// The id of the seeded record of that name.
fn id(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

impl Server {
    /// Loads the demonstration organisation.
    ///
    /// # Errors
    /// The database failed.
    pub fn seed(&self) -> Result<Seeded, ServerError> {
        let environment = &*self.inner.config.environment;
        let (tenant_id, now) = (id("tenant"), environment.now());
        let seeds = data::records(now);
        self.inner.storage.write(|writing| {
            let tenant = writing.put_tenant(tenant_id, data::TENANT)?;
            for seed in &seeds {
                // What is there stays as it is: it may have been changed since, and due times are counted once.
                if writing.held_one(tenant, seed.id)?.is_none() {
                    console::put(writing, tenant, environment, seed.id, &content(seed, now))?;
                }
            }
            Ok(())
        })?;
        let of_kind = |kind: Kind| -> Vec<SeededRecord> {
            seeds.iter().filter(|seed| seed.body.kind() == kind).map(|seed| told(seed, now)).collect()
        };
        let yards = of_kind(Kind::Yard);
        let yard_ids: Vec<Uuid> = yards.iter().map(|yard| yard.id).collect();
        let code = |_| {
            let code = self.enrolment_code(Some(tenant_id), &yard_ids, CODE_HOURS)?;
            Ok(SeededCode { code, yards: yard_ids.clone() })
        };
        Ok(Seeded {
            tenant_id,
            admin_token: self.admin_token(Some(tenant_id), "")?,
            codes: (0..CODES).map(code).collect::<Result<_, ServerError>>()?,
            operators: of_kind(Kind::Operator),
            templates: of_kind(Kind::Template),
            carriers: of_kind(Kind::Carrier),
            equipment: of_kind(Kind::Equipment),
            assignments: of_kind(Kind::Assignment),
            yards,
        })
    }
}

fn told(seed: &Seed, now: Timestamp) -> SeededRecord {
    let Content { yard_id, body, .. } = content(seed, now);
    SeededRecord { id: seed.id, name: title(&seed.body), yard_id, body }
}

fn content(seed: &Seed, now: Timestamp) -> Content {
    Content {
        kind: seed.body.kind().as_str().to_owned(),
        yard_id: seed.yard.map(|yard| id(yard.key)),
        schema: SCHEMA,
        state: RecordState::Live,
        state_reason: String::new(),
        captured_at: now,
        zone: seed.yard.unwrap_or(&data::LAREDO).zone.to_owned(),
        operator_id: None,
        body: RawValue::from_string(seed.body.to_json()).expect("a serialised body is JSON"),
    }
}
