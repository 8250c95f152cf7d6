//! Reference data as it was read last: with each letter typed it is searched, and with each change of anything the start page
//! asks for it, so it is parsed again only when a record of its kind has changed.

use std::cmp::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use gatebook_domain::Kind;
use gatebook_domain::reference::{Carrier, Equipment, Operator, Template, Yard};
use gatebook_domain::spelling::folded;
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::collation;
use crate::error::StoreError;
use crate::store::kept;

/// Suggestions shown at a time.
const SUGGESTIONS: usize = 20;
/// Texts that a record is found by.
const TEXTS: usize = 3;

/// A live record of reference data.
pub(crate) struct Entry<T> {
    pub(crate) id: Uuid,
    pub(crate) record: T,
    /// What it is found by, as it is compared.
    folded: [String; TEXTS],
}

/// A kind's live records that this app can read, in the order of what they are found by.
pub(crate) type Entries<T> = Arc<[Entry<T>]>;

/// A record that is found by texts in it.
trait Found: DeserializeOwned {
    const KIND: Kind;

    /// What it is found by; what it is sorted by comes first.
    fn texts(&self) -> [&str; TEXTS];
}

impl Found for Yard {
    const KIND: Kind = Kind::Yard;

    fn texts(&self) -> [&str; TEXTS] {
        [&self.name, "", ""]
    }
}

impl Found for Operator {
    const KIND: Kind = Kind::Operator;

    fn texts(&self) -> [&str; TEXTS] {
        [&self.name, "", ""]
    }
}

impl Found for Template {
    const KIND: Kind = Kind::Template;

    fn texts(&self) -> [&str; TEXTS] {
        [&self.name, "", ""]
    }
}

impl Found for Carrier {
    const KIND: Kind = Kind::Carrier;

    fn texts(&self) -> [&str; TEXTS] {
        [&self.name, self.scac.as_deref().unwrap_or_default(), self.usdot.as_deref().unwrap_or_default()]
    }
}

impl Found for Equipment {
    const KIND: Kind = Kind::Equipment;

    fn texts(&self) -> [&str; TEXTS] {
        [&self.number, self.plate.as_ref().map_or("", |plate| &plate.number), ""]
    }
}

/// What was read last of each kind.
#[derive(Default)]
pub(crate) struct Known {
    yards: LastRead<Yard>,
    operators: LastRead<Operator>,
    templates: LastRead<Template>,
    carriers: LastRead<Carrier>,
    equipment: LastRead<Equipment>,
}

/// Each is read from a state that is committed: what a transaction undoes must not be remembered.
impl Known {
    pub(crate) fn yards(&self, connection: &Connection) -> Result<Entries<Yard>, StoreError> {
        self.yards.as_of_now(connection)
    }

    pub(crate) fn operators(&self, connection: &Connection) -> Result<Entries<Operator>, StoreError> {
        self.operators.as_of_now(connection)
    }

    pub(crate) fn templates(&self, connection: &Connection) -> Result<Entries<Template>, StoreError> {
        self.templates.as_of_now(connection)
    }

    pub(crate) fn carriers(&self, connection: &Connection) -> Result<Entries<Carrier>, StoreError> {
        self.carriers.as_of_now(connection)
    }

    pub(crate) fn equipment(&self, connection: &Connection) -> Result<Entries<Equipment>, StoreError> {
        self.equipment.as_of_now(connection)
    }
}

/// The entries of a kind, and how many changes of it they are from.
struct LastRead<T>(Mutex<Option<(i64, Entries<T>)>>);

impl<T> Default for LastRead<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Found> LastRead<T> {
    fn as_of_now(&self, connection: &Connection) -> Result<Entries<T>, StoreError> {
        let changes = kept::changes_of(connection, T::KIND.as_str())?;
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((at, entries)) if *at == changes => Ok(Arc::clone(entries)),
            _ => {
                let entries: Entries<T> = read(connection)?.into();
                *last = Some((changes, Arc::clone(&entries)));
                Ok(entries)
            }
        }
    }
}

fn read<T: Found>(connection: &Connection) -> Result<Vec<Entry<T>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, body FROM records WHERE kind = ?1 AND state = 'live'")?;
    let mut rows = statement.query([T::KIND.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        match serde_json::from_str::<T>(body) {
            Ok(record) => {
                let folded = record.texts().map(folded);
                found.push(Entry { id: row.get(0)?, record, folded });
            }
            Err(error) => tracing::warn!(kind = T::KIND.as_str(), %error, "a reference record cannot be read"),
        }
    }
    found.sort_by(|a, b| {
        let in_order = a.record.texts().into_iter().zip(b.record.texts()).map(|(a, b)| collation::compare(a, b));
        in_order.fold(Ordering::Equal, Ordering::then)
    });
    Ok(found)
}

/// The record of that id among them.
pub(crate) fn of_id<T>(entries: &[Entry<T>], id: Uuid) -> Option<&T> {
    entries.iter().find(|entry| entry.id == id).map(|entry| &entry.record)
}

/// The entries in whose texts `query` occurs, whatever its accents, blanks and hyphens: those that begin with it, then the
/// others, each in their order.
pub(super) fn best<'a, T>(query: &str, entries: &'a [Entry<T>]) -> Vec<&'a Entry<T>> {
    let query = folded(query);
    let (mut beginning, mut within) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry.folded.iter().filter_map(|text| text.find(&query)).min() {
            Some(0) if beginning.len() < SUGGESTIONS => beginning.push(entry),
            Some(1..) if within.len() < SUGGESTIONS => within.push(entry),
            _ => {}
        }
        if beginning.len() == SUGGESTIONS {
            break;
        }
    }
    beginning.extend(within);
    beginning.truncate(SUGGESTIONS);
    beginning
}
