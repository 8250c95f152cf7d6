//! The reference data that a page's records are checked against: who wrote them, and by which lists.

use std::collections::{HashMap, HashSet};

use gatebook_domain::inspection::TemplateRef;
use gatebook_domain::reference::{Operator, Role, Template};
use gatebook_domain::{Body, RecordState};
use uuid::Uuid;

use crate::error::ServerError;
use crate::storage::{Held, Reading, Tenant};

/// Operators and templates, by id.
#[derive(Debug, Default)]
pub(crate) struct References {
    found: HashMap<Uuid, Reference>,
}

#[derive(Debug)]
struct Reference {
    body: Body,
    is_in_use: bool,
}

impl References {
    /// Loads those records of the tenant, as far as they are there.
    pub(crate) fn load(
        reading: &dyn Reading,
        tenant: Tenant,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<Self, ServerError> {
        let ids: Vec<Uuid> = ids.into_iter().collect::<HashSet<_>>().into_iter().collect();
        let read = |held: Held| {
            let body = Body::from_json(held.content.known_kind()?, held.content.body.get()).ok()?;
            Some((held.record_id, Reference { body, is_in_use: held.content.state == RecordState::Live }))
        };
        Ok(Self { found: reading.held(tenant, &ids)?.into_iter().filter_map(read).collect() })
    }

    /// Somebody who works here.
    pub(crate) fn operator(&self, id: Uuid) -> Option<&Operator> {
        match self.found.get(&id) {
            Some(Reference { body: Body::Operator(operator), is_in_use: true }) => Some(operator),
            _ => None,
        }
    }

    /// The name of somebody who works here, or did; empty for nobody.
    pub(crate) fn operator_name(&self, id: Option<Uuid>) -> String {
        match id.and_then(|id| self.found.get(&id)) {
            Some(Reference { body: Body::Operator(operator), .. }) => operator.name.clone(),
            _ => String::new(),
        }
    }

    /// Whether that is a supervisor's id. Whoever holds a device can name them, so it permits nothing.
    pub(crate) fn is_supervisor(&self, id: Option<Uuid>) -> bool {
        id.and_then(|id| self.operator(id)).is_some_and(|operator| operator.role != Role::Operator)
    }

    /// The list an inspection followed, if it is still the one it was then.
    pub(crate) fn template(&self, followed: &TemplateRef) -> Option<&Template> {
        match self.found.get(&followed.template_id) {
            Some(Reference { body: Body::Template(template), .. }) if template.revision == followed.revision => {
                Some(template)
            }
            _ => None,
        }
    }
}
