//! Step 6: each verdict with the canonical state as it is now, as short as can be, and nothing that the device may not
//! see.

use std::collections::{HashMap, HashSet};

use gatebook_sync::wire::{CanonicalState, Judged};
use gatebook_sync::{Canonical, Content, Receipt, Said, WallTime};
use rayon::prelude::*;
use uuid::Uuid;

use super::MANY;

use super::judge::{Book, Standing, Word};

/// A canonical state, by reference.
struct State<'a> {
    write_id: Uuid,
    device_id: Option<Uuid>,
    filed: Option<WallTime>,
    receipt: Receipt,
    content: &'a Content,
}

impl Book<'_> {
    pub(super) fn answer(&self, words: &[Word]) -> Vec<Judged> {
        let signed = self.all_signed(words);
        words
            .iter()
            .map(|&Word { id, write_id, ref verdict, as_sent }| {
                let state = self.state(id).filter(|state| self.device.sees(state.content.yard_id));
                let canonical = state.map(|state| {
                    let receipt = signed[&id].clone();
                    if as_sent && state.write_id == write_id {
                        CanonicalState::AsSent(receipt)
                    } else {
                        let State { write_id, device_id, content, .. } = state;
                        let content = content.clone();
                        CanonicalState::Record(Box::new(Canonical { id, receipt, write_id, device_id, content }))
                    }
                });
                Judged { id, write_id, verdict: verdict.clone(), canonical }
            })
            .collect()
    }

    /// The receipts to be given, by record: a page may name one several times. Signing costs more than all else here, so
    /// a large page is signed on all cores.
    fn all_signed(&self, words: &[Word]) -> HashMap<Uuid, Receipt> {
        let ids: HashSet<Uuid> = words.iter().map(|word| word.id).collect();
        let sign = |id: Uuid| Some((id, self.signed(id, &self.state(id)?)));
        if ids.len() < MANY {
            ids.into_iter().filter_map(sign).collect()
        } else {
            ids.into_par_iter().filter_map(sign).collect()
        }
    }

    fn state(&self, id: Uuid) -> Option<State<'_>> {
        Some(match self.standing.get(&id)? {
            Standing::Stored(held) => State {
                write_id: held.write_id,
                device_id: held.device_id,
                filed: held.filed,
                receipt: held.receipt(),
                content: &held.content,
            },
            Standing::Filed(at) => {
                let filing = &self.filings[*at];
                State {
                    write_id: filing.write_id,
                    device_id: filing.device_id,
                    filed: filing.filed,
                    receipt: filing.receipt()?,
                    content: &filing.content,
                }
            }
        })
    }

    fn signed(&self, id: Uuid, state: &State<'_>) -> Receipt {
        let mut receipt = state.receipt.clone();
        let said = Said { device_id: state.device_id, filed: state.filed };
        self.key.sign(self.device.tenant.id, id, state.write_id, said, &mut receipt, state.content);
        receipt
    }
}
