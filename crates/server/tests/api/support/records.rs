//! What operators write.

use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_domain::inspection::ItemResult;
use gatebook_domain::{Body, RecordState, start_inspection, us_dvir};
use gatebook_sync::wire::Push;
use gatebook_sync::{Content, Receipt};
use jiff::Timestamp;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::TestDevice;

/// Yard or operator of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    TheDevices,
    Given(Option<Uuid>),
}

impl Whose {
    fn or(self, devices: Uuid) -> Option<Uuid> {
        match self {
            Self::TheDevices => Some(devices),
            Self::Given(given) => given,
        }
    }
}

/// A record being written.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) id: Option<Uuid>,
    pub(crate) base: Option<Receipt>,
    pub(crate) follows: Vec<Uuid>,
    pub(crate) withdraws: bool,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) yard_id: Whose,
    pub(crate) operator_id: Whose,
    pub(crate) state: RecordState,
    pub(crate) state_reason: String,
    pub(crate) captured_at: Timestamp,
}

/// What to write, for tests that go through all kinds.
pub(crate) type DraftKind = fn(&str) -> Draft;

/// A gate event with that remark.
pub(crate) fn gate_event(remarks: &str) -> Draft {
    let mut event = GateEvent::new(Direction::In);
    event.equipment = vec![EquipmentRef::new(EquipmentClass::IsoContainer, "CSQU3054383")];
    remarks.clone_into(&mut event.remarks);
    Draft::of(&Body::GateEvent(event))
}

/// An inspection in which somebody wrote that remark and passed the first item.
pub(crate) fn inspection(remarks: &str) -> Draft {
    let unit = EquipmentRef::new(EquipmentClass::Tractor, "4471");
    let mut inspection = start_inspection(Uuid::nil(), &us_dvir(), unit, None);
    inspection.items[0].result = Some(ItemResult::Pass);
    remarks.clone_into(&mut inspection.remarks);
    Draft::of(&Body::Inspection(inspection))
}

impl Draft {
    fn of(body: &Body) -> Self {
        Self::raw(body.kind().as_str(), body.to_json())
    }

    /// A record with whatever body.
    pub(crate) fn raw(kind: &str, body: impl Into<String>) -> Self {
        Self {
            id: None,
            base: None,
            follows: Vec::new(),
            withdraws: false,
            kind: kind.to_owned(),
            body: body.into(),
            yard_id: Whose::TheDevices,
            operator_id: Whose::TheDevices,
            state: RecordState::Live,
            state_reason: String::new(),
            captured_at: "2026-03-04T14:59:00Z".parse().unwrap(),
        }
    }

    /// Of that record.
    pub(crate) fn of_record(self, id: Uuid) -> Self {
        Self { id: Some(id), ..self }
    }

    /// Made on that state.
    pub(crate) fn on(self, base: &Receipt) -> Self {
        Self { base: Some(base.clone()), ..self }
    }

    /// Made after those writes of its device, whose answers had not come.
    pub(crate) fn after(self, unanswered: &[&Push]) -> Self {
        Self { follows: unanswered.iter().map(|push| push.write_id).collect(), ..self }
    }

    /// To take those back.
    pub(crate) fn withdrawing(self, unanswered: &[&Push]) -> Self {
        Self { withdraws: true, ..self.after(unanswered) }
    }

    pub(crate) fn by(self, operator: impl Into<Option<Uuid>>) -> Self {
        Self { operator_id: Whose::Given(operator.into()), ..self }
    }

    pub(crate) fn at(self, yard: impl Into<Option<Uuid>>) -> Self {
        Self { yard_id: Whose::Given(yard.into()), ..self }
    }

    pub(crate) fn in_state(self, state: RecordState) -> Self {
        Self { state, ..self }
    }

    /// Struck out, for that reason.
    pub(crate) fn voided(self, reason: &str) -> Self {
        Self { state: RecordState::Voided, state_reason: reason.to_owned(), ..self }
    }

    pub(crate) fn captured(self, at: &str) -> Self {
        Self { captured_at: at.parse().unwrap(), ..self }
    }

    /// As that device sends it.
    pub(crate) fn written_on(self, device: &TestDevice) -> Push {
        Push {
            id: self.id.unwrap_or_else(|| device.new_id()),
            write_id: device.new_id(),
            base: self.base,
            follows: self.follows,
            withdraws: self.withdraws,
            content: Content {
                kind: self.kind,
                yard_id: self.yard_id.or(device.yard),
                schema: 1,
                state: self.state,
                state_reason: self.state_reason,
                captured_at: self.captured_at,
                zone: "America/Chicago".to_owned(),
                operator_id: self.operator_id.or(device.operator),
                body: RawValue::from_string(self.body).unwrap(),
            },
        }
    }
}
