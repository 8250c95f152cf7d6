//! A demonstration organisation: the yards of Laredo and Nuevo Laredo, with everything the field app needs to work.
//! Loading it twice changes nothing, except that new codes and a new token are made.

mod data;

use std::fmt;

use gatebook_domain::record::SCHEMA;
use gatebook_domain::{Body, RecordState};
use gatebook_sync::Content;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::ServerError;
use crate::server::Server;
use crate::storage::{Admin, sql};

/// Ids of seeded records follow from their names under this one.
const NAMESPACE: Uuid = Uuid::from_u128(0x6741_7465_626f_6f6b_8000_0000_0000_0001);

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct Seeded {
    /// The organisation.
    pub tenant_id: Uuid,
    /// A token for its admin.
    pub admin_token: String,
    /// One-time codes, each for a device of both yards.
    pub codes: Vec<SeededCode>,
    /// Yards, by name.
    pub yards: Vec<(String, Uuid)>,
    /// Operators, by name.
    pub operators: Vec<(String, Uuid)>,
    /// Assignments, by the unit to inspect.
    pub assignments: Vec<(String, Uuid)>,
    /// Templates, by code.
    pub templates: Vec<(String, Uuid)>,
}

/// A one-time code.
#[derive(Debug, Clone, Serialize)]
pub struct SeededCode {
    /// The code.
    pub code: String,
    /// Yards its device works for.
    pub yards: Vec<Uuid>,
}

impl fmt::Display for Seeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Puente Logistics is ready: {} yards, {} operators.", self.yards.len(), self.operators.len())?;
        for (name, id) in &self.yards {
            writeln!(f, "  yard      {id}  {name}")?;
        }
        for code in &self.codes {
            writeln!(f, "  device    enrol with the code {}", code.code)?;
        }
        write!(f, "  admin     {}", self.admin_token)
    }
}

/// A record of the seed.
pub(crate) struct Seed {
    pub name: String,
    pub yard: Option<&'static str>,
    pub body: Body,
}

/// The id of the seeded record of that name.
pub(crate) fn id(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

impl Server {
    /// Loads the demonstration organisation.
    ///
    /// # Errors
    /// The database failed.
    pub fn seed(&self) -> Result<Seeded, ServerError> {
        let tenant_uuid = id("tenant");
        let now = self.inner.config.environment.now();
        let seeds = data::records(now);
        self.inner.storage.write(|connection| {
            let tenant = sql::put_tenant(connection, tenant_uuid, data::TENANT)?;
            let admin = Admin { tenant, tenant_uuid };
            for seed in &seeds {
                // A due time is counted from the first loading on: what is there stays as it is.
                if sql::held(connection, tenant, id(&seed.name))?.is_none() {
                    self.put_by_console(connection, admin, id(&seed.name), &content(seed, now))?;
                }
            }
            Ok(())
        })?;
        let of_kind = |prefix: &str| -> Vec<(String, Uuid)> {
            let named = |seed: &Seed| Some((seed.name.strip_prefix(prefix)?.to_owned(), id(&seed.name)));
            seeds.iter().filter_map(named).collect()
        };
        let yards = of_kind("yard ");
        let yard_ids: Vec<Uuid> = yards.iter().map(|(_, id)| *id).collect();
        let codes = (0..3)
            .map(|_| {
                let code = self.enrolment_code(Some(tenant_uuid), &yard_ids, 72)?;
                Ok(SeededCode { code, yards: yard_ids.clone() })
            })
            .collect::<Result<_, ServerError>>()?;
        Ok(Seeded {
            tenant_id: tenant_uuid,
            admin_token: self.admin_token(Some(tenant_uuid))?,
            codes,
            operators: of_kind("operator "),
            assignments: of_kind("assignment "),
            templates: of_kind("template "),
            yards,
        })
    }
}

fn content(seed: &Seed, now: jiff::Timestamp) -> Content {
    Content {
        kind: seed.body.kind().as_str().to_owned(),
        yard_id: seed.yard.map(id),
        schema: SCHEMA,
        state: RecordState::Live,
        state_reason: String::new(),
        captured_at: now,
        zone: "America/Chicago".to_owned(),
        operator_id: None,
        body: RawValue::from_string(seed.body.to_json()).expect("a serialised body is JSON"),
    }
}
