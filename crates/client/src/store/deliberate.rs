//! Deliberate bugs that need SQL of their own. Only the simulator has them.

use gatebook_domain::Body;
use gatebook_sync::deliberate;
use gatebook_sync::wire::SyncResponse;
use rusqlite::Transaction;
use uuid::Uuid;

use super::{Store, settings};
use crate::environment::Environment;
use crate::error::StoreError;

impl Store {
    /// Some of the text is committed before the transaction that marks it as pending.
    pub(crate) fn text_before_mark(&self, id: Uuid, body: &Body) -> Result<(), StoreError> {
        if !deliberate!(MarkPendingLater) {
            return Ok(());
        }
        let mut text: serde_json::Value = serde_json::from_str(&body.to_json()).unwrap_or_default();
        text["remarks"] = "half of what was typed".into();
        let marked = text.to_string();
        self.write(|transaction| {
            transaction.execute("UPDATE records SET body = ?2 WHERE id = ?1 AND pending_sync = 0", (id, marked))?;
            Ok(())
        })
    }

    /// Cursors are committed before the records they stand for.
    pub(super) fn cursors_before_rows(&self, answer: &SyncResponse) -> Result<(), StoreError> {
        if !deliberate!(CursorBeforeRows) {
            return Ok(());
        }
        self.write(|transaction| {
            for page in &answer.scopes {
                transaction.execute(
                    "INSERT OR REPLACE INTO cursors (scope, cursor) VALUES (?1, ?2)",
                    (page.scope.to_string(), page.cursor),
                )?;
            }
            Ok(())
        })
    }

    /// A revoked device forgets what is pending.
    pub(crate) fn forget_pending(&self) -> Result<(), StoreError> {
        if !deliberate!(ForgetWhenRevoked) {
            return Ok(());
        }
        self.write(|transaction| {
            transaction.execute("DELETE FROM records WHERE pending_sync = 1", [])?;
            Ok(())
        })
    }

    /// What is pending gets new write ids.
    pub(crate) fn rename_writes(&self, environment: &dyn Environment) -> Result<(), StoreError> {
        if !deliberate!(RenameWritesOnFailure) {
            return Ok(());
        }
        self.write(|transaction| {
            let mut pending = transaction.prepare("SELECT id FROM records WHERE pending_sync = 1 ORDER BY id")?;
            let ids: Vec<Uuid> = pending.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for id in ids {
                transaction.execute("UPDATE records SET write_id = ?2 WHERE id = ?1", (id, environment.new_id()))?;
            }
            Ok(())
        })
    }

    /// Whether a round is said to be under way.
    pub(crate) fn is_latched(&self) -> Result<bool, StoreError> {
        Ok(deliberate!(LatchSyncing) && self.setting(&settings::SYNCING)?.unwrap_or_default())
    }

    /// A round is under way, or no more.
    pub(crate) fn latch(&self, is_syncing: bool) -> Result<(), StoreError> {
        if deliberate!(LatchSyncing) { self.set(&settings::SYNCING, Some(&is_syncing)) } else { Ok(()) }
    }

    /// At a new epoch the device forgets the photos that were not confirmed.
    pub(super) fn forget_unconfirmed(transaction: &Transaction<'_>) -> Result<(), StoreError> {
        if deliberate!(ForgetUnconfirmed) {
            transaction.execute("UPDATE photos SET held = 0 WHERE confirmed_ms IS NULL", [])?;
        }
        Ok(())
    }
}
