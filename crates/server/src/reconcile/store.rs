//! Step 5: everything is written: what loses its place, the judged writes, and which of them are canonical now.

use std::collections::HashMap;

use gatebook_sync::Fingerprint;
use uuid::Uuid;

use crate::error::ServerError;
use crate::storage::{Filing, Outcome, Tenant, Writing};

/// Writes stamped filings, in order, and marks what they displace.
pub(crate) fn store(
    writing: &Writing<'_>,
    tenant: Tenant,
    displaced: &HashMap<Uuid, Outcome>,
    filings: &[Filing],
) -> Result<(), ServerError> {
    for (write_id, outcome) in displaced {
        writing.displace(tenant, *write_id, *outcome)?;
    }
    let keys = writing.file(tenant, filings)?;
    for (filing, key) in filings.iter().zip(keys) {
        // What a later record of the same page displaced is in the audit table only.
        if let (Outcome::Canonical, Some(receipt)) = (filing.outcome, filing.receipt()) {
            let id = filing.record_id;
            let fingerprint = Fingerprint::of(id, &receipt);
            writing.point(tenant, id, filing.content.yard_id, receipt.seq, key, fingerprint)?;
        }
    }
    Ok(())
}
