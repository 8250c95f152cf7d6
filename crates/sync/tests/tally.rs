//! The consistency hash: order does not matter, every difference does.

mod common;

use common::{EARLIER, EPOCH, LATER, NEWER_EPOCH, receipt};
use gatebook_sync::{Fingerprint, Tally};
use proptest::prelude::*;
use uuid::Uuid;

#[test]
fn two_states_that_differ_in_anything_have_other_fingerprints() {
    let one = Uuid::from_u128(1);
    let states = [
        (one, receipt(EPOCH, 1, EARLIER)),
        (Uuid::from_u128(2), receipt(EPOCH, 1, EARLIER)),
        (Uuid::from_u128(1 << 64), receipt(EPOCH, 1, EARLIER)),
        (one, receipt(NEWER_EPOCH, 1, EARLIER)),
        (one, receipt(EPOCH, 2, EARLIER)),
        (one, receipt(EPOCH, 1, LATER)),
    ];
    let mut prints: Vec<u64> = states.iter().map(|(id, receipt)| Fingerprint::of(*id, receipt).0).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), states.len());
}

#[test]
fn a_fingerprint_is_the_same_on_every_machine_and_in_every_version() {
    let fingerprint = Fingerprint::of(Uuid::from_u128(7), &receipt(EPOCH, 3, EARLIER));
    assert_eq!(serde_json::to_string(&fingerprint).unwrap(), "\"5942964bdb2f375e\"");
}

proptest! {
    #[test]
    fn a_tally_does_not_depend_on_the_order_nor_on_how_it_is_cut(prints in prop::collection::vec(any::<u64>(), 0..50), at in 0..50_usize) {
        let all: Tally = prints.iter().copied().map(Fingerprint).collect();
        let backwards: Tally = prints.iter().rev().copied().map(Fingerprint).collect();
        let (a, b) = prints.split_at(at.min(prints.len()));
        let parts = [a, b].map(|part| part.iter().copied().map(Fingerprint).collect::<Tally>());
        prop_assert_eq!(all, backwards);
        prop_assert_eq!(all, parts[0].plus(parts[1]));
    }

    #[test]
    fn sums_of_halves_as_a_database_keeps_them_make_the_same(prints in prop::collection::vec(any::<u64>(), 0..50)) {
        let lower = prints.iter().map(|print| print & 0xffff_ffff).sum();
        let upper = prints.iter().map(|print| print >> 32).sum();
        let all: Tally = prints.iter().copied().map(Fingerprint).collect();
        prop_assert_eq!(Tally::from_halves(prints.len() as u64, lower, upper), all);
    }

    #[test]
    fn it_is_written_and_read_back_as_it_is(print in any::<u64>(), records in any::<u64>()) {
        let tally = Tally { records, sum: Fingerprint(print) };
        prop_assert_eq!(serde_json::from_str::<Tally>(&serde_json::to_string(&tally).unwrap()).unwrap(), tally);
        prop_assert_eq!(Fingerprint::from_sql(Fingerprint(print).to_sql()), Fingerprint(print));
    }
}
