//! Whose a write is, in names. They are filed with each version when it is judged and read from there ever after, so that
//! an audit entry says what people were called then, whatever is renamed or enrolled anew since.

use std::collections::{HashMap, HashSet};

use gatebook_sync::Authorship;
use uuid::Uuid;

use crate::error::ServerError;
use crate::reconcile::References;
use crate::storage::{Attribution, Held, Reading, StoredWrite, Tenant};

/// What the office is called where an act was done without a token that has a name: at the server's own command line.
pub(crate) const OFFICE: &str = "office";

impl Attribution {
    /// A version that the server makes by itself.
    pub(crate) const fn of_server() -> Self {
        Self { operator_name: String::new(), device_name: String::new(), authorship: Some(Authorship::Server) }
    }

    /// A version that somebody at the office makes of what that operator entered, if one did. `user` is the name of their
    /// token; empty if it has none.
    pub(crate) fn of_office(user: &str, operator_name: String) -> Self {
        let device_name = if user.is_empty() { OFFICE } else { user }.to_owned();
        Self { operator_name, device_name, authorship: Some(Authorship::Office) }
    }
}

/// A write of which the names are wanted.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_field_names, reason = "they are ids of different things")]
pub(crate) struct Written {
    pub write_id: Uuid,
    pub operator_id: Option<Uuid>,
    pub device_id: Option<Uuid>,
}

impl From<&Held> for Written {
    fn from(held: &Held) -> Self {
        Self { write_id: held.write_id, operator_id: held.content.operator_id, device_id: held.device_id }
    }
}

impl From<&StoredWrite> for Written {
    fn from(write: &StoredWrite) -> Self {
        Self { write_id: write.write_id, operator_id: write.content.operator_id, device_id: write.device_id }
    }
}

/// The names that were filed with those stored writes.
pub(crate) fn attributions(
    reading: &dyn Reading,
    tenant: Tenant,
    writes: impl IntoIterator<Item = Written>,
) -> Result<HashMap<Uuid, Attribution>, ServerError> {
    let writes: Vec<Written> = writes.into_iter().collect();
    let mut found = reading.attributions(tenant, &writes.iter().map(|write| write.write_id).collect::<Vec<_>>())?;
    let unnamed: Vec<Written> = writes.into_iter().filter(|write| !found.contains_key(&write.write_id)).collect();
    found.extend(looked_up(reading, tenant, &unnamed)?);
    Ok(found)
}

/// The names of writes that were filed before names were: what the people and devices are called today is all there is.
pub(crate) fn looked_up(
    reading: &dyn Reading,
    tenant: Tenant,
    writes: &[Written],
) -> Result<HashMap<Uuid, Attribution>, ServerError> {
    if writes.is_empty() {
        return Ok(HashMap::new());
    }
    let operators = References::load(reading, tenant, writes.iter().filter_map(|write| write.operator_id))?;
    let devices: HashSet<Uuid> = writes.iter().filter_map(|write| write.device_id).collect();
    let devices = reading.device_names(tenant, &Vec::from_iter(devices))?;
    let attribution = |write: &Written| Attribution {
        operator_name: operators.operator_name(write.operator_id),
        device_name: write.device_id.and_then(|id| devices.get(&id)).cloned().unwrap_or_default(),
        authorship: None,
    };
    Ok(writes.iter().map(|write| (write.write_id, attribution(write))).collect())
}
