//! The device's decision, row by row.

use gatebook_sync::{
    Change, Epoch, Kept, LocalHead, Rejection, RejectionCode, Verdict, VersionId, apply_canonical, apply_departure,
    apply_verdict,
};
use uuid::Uuid;

const JUDGED: Uuid = Uuid::from_u128(1);
const EDITED_SINCE: Uuid = Uuid::from_u128(2);

const fn v(version: u64) -> VersionId {
    VersionId { epoch: Epoch(1), version }
}

/// Pending `write_id` on version 3.
const fn pending(write_id: Uuid) -> LocalHead {
    LocalHead { base: Some(v(3)), pending: Some(write_id), shadow: Some(v(3)) }
}

const SYNCED: LocalHead = LocalHead { base: Some(v(3)), pending: None, shadow: None };

fn rejected() -> Verdict {
    Verdict::Rejected(Rejection::new(RejectionCode::Invalid, "why"))
}

fn taken() -> [Verdict; 3] {
    [Verdict::Accepted, Verdict::Conflict { kept: Kept::Incoming }, Verdict::Conflict { kept: Kept::Existing }]
}

#[test]
fn the_verdict_on_the_write_that_is_pending_settles_it() {
    for verdict in taken() {
        assert_eq!(apply_verdict(pending(JUDGED), JUDGED, &verdict, Some(v(4)), true), Change::Match);
    }
}

#[test]
fn an_edit_made_while_its_push_was_in_flight_stays_pending_on_the_new_base() {
    for verdict in taken() {
        assert_eq!(apply_verdict(pending(EDITED_SINCE), JUDGED, &verdict, Some(v(4)), true), Change::Rebase);
    }
}

#[test]
fn an_edit_made_meanwhile_does_not_pass_for_an_answer_to_what_somebody_else_wrote() {
    for verdict in taken() {
        assert_eq!(apply_verdict(pending(EDITED_SINCE), JUDGED, &verdict, Some(v(4)), false), Change::Shadow);
    }
}

#[test]
fn a_taken_write_whose_record_is_out_of_sight_is_settled_and_an_edit_since_is_not() {
    for verdict in taken() {
        assert_eq!(apply_verdict(pending(JUDGED), JUDGED, &verdict, None, true), Change::Leave);
        assert_eq!(apply_verdict(pending(EDITED_SINCE), JUDGED, &verdict, None, true), Change::Keep);
    }
}

#[test]
fn a_late_verdict_on_an_old_write_does_not_move_a_newer_edits_base_back() {
    let local = LocalHead { base: Some(v(5)), ..pending(EDITED_SINCE) };
    assert_eq!(apply_verdict(local, JUDGED, &Verdict::Accepted, Some(v(4)), true), Change::Keep);
}

#[test]
fn a_verdict_older_than_what_was_pulled_since_settles_on_the_newer_state() {
    let local = LocalHead { shadow: Some(v(6)), ..pending(JUDGED) };
    assert_eq!(apply_verdict(local, JUDGED, &Verdict::Accepted, Some(v(4)), true), Change::MatchShadow);
}

#[test]
fn a_rejected_write_keeps_the_operators_text() {
    assert_eq!(apply_verdict(pending(JUDGED), JUDGED, &rejected(), Some(v(3)), false), Change::MarkRejected);
    assert_eq!(apply_verdict(pending(JUDGED), JUDGED, &rejected(), None, true), Change::MarkRejected);
}

#[test]
fn a_rejection_of_what_has_been_edited_since_does_not_touch_the_edit() {
    assert_eq!(apply_verdict(pending(EDITED_SINCE), JUDGED, &rejected(), None, true), Change::Keep);
    assert_eq!(apply_verdict(pending(EDITED_SINCE), JUDGED, &rejected(), Some(v(4)), false), Change::Shadow);
}

#[test]
fn an_answer_that_comes_twice_changes_nothing_the_second_time() {
    let settled = LocalHead { base: Some(v(4)), pending: None, shadow: None };
    assert_eq!(apply_verdict(settled, JUDGED, &Verdict::Accepted, Some(v(4)), true), Change::Keep);
    assert_eq!(apply_canonical(Some(settled), v(4)), Change::Keep);
}

#[test]
fn what_others_wrote_is_taken_over_unless_something_is_pending() {
    assert_eq!(apply_canonical(None, v(1)), Change::Match);
    assert_eq!(apply_canonical(Some(SYNCED), v(4)), Change::Match);
    assert_eq!(apply_canonical(Some(pending(JUDGED)), v(4)), Change::Shadow);
}

#[test]
fn an_older_state_never_replaces_a_newer_one() {
    assert_eq!(apply_canonical(Some(SYNCED), v(2)), Change::Keep);
    assert_eq!(apply_canonical(Some(pending(JUDGED)), v(2)), Change::Keep);
}

#[test]
fn a_later_epoch_is_newer_whatever_its_version() {
    let restored = VersionId { epoch: Epoch(2), version: 1 };
    assert_eq!(apply_canonical(Some(SYNCED), restored), Change::Match);
}

#[test]
fn a_record_that_left_goes_unless_it_is_already_what_it_became_or_something_is_pending() {
    assert_eq!(apply_departure(SYNCED, v(4)), Change::Leave);
    assert_eq!(apply_departure(SYNCED, v(3)), Change::Keep);
    assert_eq!(apply_departure(pending(JUDGED), v(4)), Change::Forget);
    let never_synced = LocalHead { base: None, pending: Some(JUDGED), shadow: None };
    assert_eq!(apply_departure(never_synced, v(4)), Change::Keep);
}

#[test]
fn a_record_that_comes_back_gives_a_pending_change_its_shadow_again() {
    let forgotten = LocalHead { shadow: None, ..pending(JUDGED) };
    assert_eq!(apply_canonical(Some(forgotten), v(3)), Change::Shadow);
    assert_eq!(apply_canonical(Some(forgotten), v(4)), Change::Shadow);
}

#[test]
fn a_record_that_comes_back_older_than_what_was_changed_is_shown_and_so_is_what_follows() {
    let forgotten = LocalHead { shadow: None, ..pending(JUDGED) };
    assert_eq!(apply_canonical(Some(forgotten), v(1)), Change::Shadow);
    let older = LocalHead { shadow: Some(v(1)), ..pending(JUDGED) };
    assert_eq!(apply_canonical(Some(older), v(1)), Change::Keep);
    assert_eq!(apply_canonical(Some(older), v(2)), Change::Shadow);
    assert_eq!(apply_departure(older, v(2)), Change::Forget, "it leaves as what it was here");
    assert_eq!(apply_departure(older, v(1)), Change::Keep);
}
