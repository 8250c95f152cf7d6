//! The server's decision, row by row of the contract's table.

mod common;

use common::{EARLIER, EPOCH, LATER, NEWER_EPOCH, content, receipt, submitted, voided};
use gatebook_domain::RecordState;
use gatebook_sync::{
    Content, Decision, Epoch, Existing, Incoming, Kept, Offer, Receipt, Rejection, RejectionCode, Sequence, Verdict,
    VersionId, decide,
};

/// What the server holds, never given back.
fn standing<'a>(receipt: &'a Receipt, content: &'a Content) -> Existing<'a> {
    Existing { receipt, content, put_back_from: None, filed_at: receipt.filed_at() }
}

/// A write of `content` on `base`.
fn write<'a>(content: &'a Content, base: Option<&'a Receipt>) -> Incoming<'a> {
    in_sequence(Sequence::Alone, content, base)
}

/// The same, by a device that names its unanswered writes.
fn in_sequence<'a>(sequence: Sequence, content: &'a Content, base: Option<&'a Receipt>) -> Incoming<'a> {
    Incoming { offer: Offer::Write { base, sequence, withdraws: false }, content, may_reopen: false, refusal: None }
}

fn reoffer<'a>(content: &'a Content, receipt: &'a Receipt) -> Incoming<'a> {
    Incoming { offer: Offer::Reoffer { receipt, overtaken: false }, content, may_reopen: false, refusal: None }
}

fn version(decision: &Decision) -> Option<u64> {
    match decision {
        Decision::Take { version: VersionId { version, .. }, .. } => Some(*version),
        _ => None,
    }
}

const ACCEPTED: Verdict = Verdict::Accepted;
const INCOMING_WINS: Verdict = Verdict::Conflict { kept: Kept::Incoming };
const EXISTING_STAYS: Verdict = Verdict::Conflict { kept: Kept::Existing };

#[test]
fn a_record_the_server_never_had_is_accepted_as_version_1() {
    let offered = content("first");
    let decision = decide(EPOCH, None, write(&offered, None));
    assert_eq!((decision.verdict(), version(&decision)), (ACCEPTED, Some(1)));
}

#[test]
fn a_write_on_the_current_version_is_accepted_as_the_next() {
    let (held, offered) = (content("old"), content("new"));
    let current = receipt(EPOCH, 4, EARLIER);
    let existing = standing(&current, &held);
    let decision = decide(EPOCH, Some(existing), write(&offered, Some(&current)));
    assert_eq!((decision.verdict(), version(&decision)), (ACCEPTED, Some(5)));
}

#[test]
fn a_write_on_an_older_version_that_says_the_same_needs_no_new_version() {
    let held = content("same");
    let (base, current) = (receipt(EPOCH, 3, EARLIER), receipt(EPOCH, 4, LATER));
    let existing = standing(&current, &held);
    for base in [Some(&base), None] {
        let decision = decide(EPOCH, Some(existing), write(&held, base));
        assert_eq!(decision, Decision::Unchanged);
        assert_eq!(decision.verdict(), ACCEPTED);
    }
}

#[test]
fn a_write_on_an_older_version_wins_because_it_was_received_last_and_displaces_the_other() {
    let (held, offered) = (content("theirs"), content("mine"));
    let (base, current) = (receipt(EPOCH, 3, EARLIER), receipt(EPOCH, 4, LATER));
    let existing = standing(&current, &held);
    for base in [Some(&base), None] {
        let decision = decide(EPOCH, Some(existing), write(&offered, base));
        assert_eq!((decision.verdict(), version(&decision)), (INCOMING_WINS, Some(5)));
    }
}

#[test]
fn device_clocks_decide_nothing() {
    let (held, mut offered) = (content("theirs"), content("mine"));
    let current = receipt(EPOCH, 2, LATER);
    let existing = standing(&current, &held);
    let by_any_clock: Vec<_> = ["1996-01-01T00:00:00Z", "2026-06-01T12:00:00Z", "2046-01-01T00:00:00Z"]
        .into_iter()
        .map(|clock| {
            offered.captured_at = clock.parse().unwrap();
            decide(EPOCH, Some(existing), write(&offered, None))
        })
        .collect();
    assert!(by_any_clock.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn after_a_restore_a_write_on_what_was_lost_is_accepted_above_both() {
    // Restored to version 4; the device had already been given version 7 before.
    let (held, offered) = (content("from the backup"), content("edited on version 7"));
    let (base, restored) = (receipt(EPOCH, 7, LATER), receipt(EPOCH, 4, EARLIER));
    let existing = standing(&restored, &held);
    let decision = decide(NEWER_EPOCH, Some(existing), write(&offered, Some(&base)));
    assert_eq!(decision.verdict(), ACCEPTED);
    assert_eq!(
        decision,
        Decision::Take { version: VersionId { epoch: NEWER_EPOCH, version: 8 }, displaces: false, received_at: None }
    );
}

#[test]
fn after_a_restore_a_record_that_is_gone_altogether_is_accepted_above_its_base() {
    let offered = content("edited on version 7");
    let base = receipt(EPOCH, 7, EARLIER);
    let decision = decide(NEWER_EPOCH, None, write(&offered, Some(&base)));
    assert_eq!((decision.verdict(), version(&decision)), (ACCEPTED, Some(8)));
}

#[test]
fn after_a_restore_a_write_that_never_saw_what_the_server_has_since_taken_is_a_conflict() {
    let (held, offered) = (content("taken since"), content("edited on version 7"));
    let (base, since) = (receipt(EPOCH, 7, EARLIER), receipt(NEWER_EPOCH, 5, LATER));
    let existing = standing(&since, &held);
    let decision = decide(NEWER_EPOCH, Some(existing), write(&offered, Some(&base)));
    assert_eq!((decision.verdict(), version(&decision)), (INCOMING_WINS, Some(8)));
}

#[test]
fn a_restore_nobody_announced_does_not_take_an_equal_number_for_an_equal_state() {
    // Both are version 5 of the same epoch, but not the same state.
    let (held, offered) = (content("5, after the restore"), content("edited on the lost 5"));
    let (lost, held_receipt) = (receipt(EPOCH, 5, EARLIER), receipt(EPOCH, 5, LATER));
    let existing = standing(&held_receipt, &held);
    let decision = decide(EPOCH, Some(existing), write(&offered, Some(&lost)));
    assert_eq!((decision.verdict(), version(&decision)), (INCOMING_WINS, Some(6)));
}

#[test]
fn two_states_of_one_number_and_one_time_are_told_apart_by_their_digests() {
    // The clock was behind both times, so the same number and the same time were counted out twice.
    let (held, offered) = (content("5, after the restore"), content("edited on the lost 5"));
    let mut lost = receipt(EPOCH, 5, EARLIER);
    let held_receipt = Receipt { mac: "after".to_owned(), ..lost.clone() };
    lost.mac = "before.tag".to_owned();
    let existing = standing(&held_receipt, &held);
    let edited = decide(EPOCH, Some(existing), write(&offered, Some(&lost)));
    assert_eq!((edited.verdict(), version(&edited)), (INCOMING_WINS, Some(6)));
    assert_eq!(decide(NEWER_EPOCH, Some(existing), reoffer(&offered, &lost)), Decision::SetAside);
}

#[test]
fn what_was_reopened_before_a_restore_is_not_closed_again_to_who_had_seen_it() {
    let edited = content("edited on the reopened 6");
    let (reopened, from_backup) = (receipt(EPOCH, 6, LATER), receipt(EPOCH, 5, EARLIER));
    for state in [RecordState::Voided, RecordState::Closed] {
        let held = Content { state, ..content("5") };
        let existing = standing(&from_backup, &held);
        let decision = decide(NEWER_EPOCH, Some(existing), write(&edited, Some(&reopened)));
        assert_eq!((decision.verdict(), version(&decision)), (Verdict::Accepted, Some(7)));
    }
}

#[test]
fn a_later_epoch_received_it_later_whatever_its_clock_said() {
    // The clock was set back between the restore and the next write.
    let (held, offered) = (content("taken since"), content("edited on the lost 5"));
    let (lost, since) = (receipt(EPOCH, 5, LATER), receipt(NEWER_EPOCH, 4, EARLIER));
    // Unless it was only given back since: then it is of the epoch that had taken it.
    let from = |epoch| Some(VersionId { epoch: Epoch(epoch), version: 4 });
    for (put_back_from, said) in
        [(None, INCOMING_WINS), (from(EPOCH.0), Verdict::Accepted), (from(EPOCH.0 - 1), INCOMING_WINS)]
    {
        let existing = Existing { put_back_from, ..standing(&since, &held) };
        assert_eq!(decide(NEWER_EPOCH, Some(existing), write(&offered, Some(&lost))).verdict(), said);
    }
    let existing = standing(&since, &held);
    assert_eq!(decide(NEWER_EPOCH, Some(existing), reoffer(&offered, &lost)), Decision::SetAside);
}

#[test]
fn a_reoffer_newer_than_what_the_server_holds_is_put_back_with_its_own_time() {
    let (held, offered) = (content("from the backup"), content("lost"));
    let (lost, restored) = (receipt(EPOCH, 7, LATER), receipt(EPOCH, 4, EARLIER));
    for (existing, becomes) in [(None, 8), (Some(standing(&restored, &held)), 8)] {
        let decision = decide(NEWER_EPOCH, existing, reoffer(&offered, &lost));
        assert_eq!(
            decision,
            Decision::Take {
                version: VersionId { epoch: NEWER_EPOCH, version: becomes },
                displaces: false,
                received_at: Some(lost.received_at)
            }
        );
    }
}

#[test]
fn a_reoffer_that_takes_the_place_of_what_nobody_who_made_it_can_have_seen_is_a_conflict() {
    let (held, offered) = (content("of another life of the server"), content("received after it"));
    let lost = receipt(EPOCH, 7, LATER);
    let current = receipt(NEWER_EPOCH, 9, EARLIER);
    let taken = |epoch, version| Some(VersionId { epoch, version });
    for (put_back_from, verdict) in [
        (taken(EPOCH, 6), Verdict::Accepted),
        // Two lives of which nobody said that there was a restore between them gave one number to two states.
        (taken(EPOCH, 7), INCOMING_WINS),
        (taken(Epoch(EPOCH.0 - 1), 6), INCOMING_WINS),
    ] {
        let existing = Existing { put_back_from, ..standing(&current, &held) };
        let decision = decide(NEWER_EPOCH, Some(existing), reoffer(&offered, &lost));
        assert_eq!((decision.verdict(), version(&decision)), (verdict, Some(10)), "{put_back_from:?}");
    }
}

#[test]
fn where_the_clock_stood_still_an_equal_number_tells_that_a_restore_came_between() {
    let (held, offered) = (content("taken since a restore nobody knows of"), content("edited on what was lost"));
    let (lost, since) = (receipt(EPOCH, 5, LATER), receipt(EPOCH, 5, EARLIER));
    let existing = standing(&since, &held);
    assert_eq!(decide(EPOCH, Some(existing), write(&offered, Some(&lost))).verdict(), INCOMING_WINS);
}

#[test]
fn who_wrote_in_another_life_of_the_server_has_not_seen_what_has_the_same_number_in_this_one() {
    // Both lives began from one backup, and the clock was set back in between, so that neither the order of the epochs nor
    // that of the times tells anything.
    let (held, lost_content) = (content("made of 1 in this life"), content("made of 1 in the other"));
    let (lost, current) = (receipt(NEWER_EPOCH, 2, LATER), receipt(EPOCH, 2, EARLIER));
    let existing = standing(&current, &held);
    let given_back = decide(EPOCH, Some(existing), reoffer(&lost_content, &lost));
    assert_eq!((given_back.verdict(), version(&given_back)), (INCOMING_WINS, Some(3)));
    let edited = content("edited on the other");
    let written = decide(EPOCH, Some(existing), write(&edited, Some(&lost)));
    assert_eq!((written.verdict(), version(&written)), (INCOMING_WINS, Some(3)));
}

#[test]
fn a_void_that_was_given_back_does_not_stand_against_who_had_opened_the_record_again_before_it_was_lost() {
    let (held, opened) = (voided("struck out"), content("opened again"));
    let (back, reopening) = (receipt(NEWER_EPOCH, 4, LATER), receipt(EPOCH, 3, EARLIER + 10));
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    let given_back = |version, filed_at| Existing {
        put_back_from: Some(VersionId { epoch: EPOCH, version }),
        filed_at: at(filed_at),
        ..standing(&back, &held)
    };
    let edited = content("edited on what was opened again");
    let since_seen = given_back(2, EARLIER);
    let put_back = decide(NEWER_EPOCH, Some(since_seen), reoffer(&opened, &reopening));
    assert_eq!((put_back.verdict(), version(&put_back)), (ACCEPTED, Some(5)));
    let written = decide(NEWER_EPOCH, Some(since_seen), write(&edited, Some(&reopening)));
    assert_eq!((written.verdict(), version(&written)), (ACCEPTED, Some(5)));
    // Filed after that, in a life of the same epoch of which nobody said that it had begun: a void that nobody has seen.
    for unseen in [given_back(2, EARLIER + 20), given_back(3, EARLIER)] {
        assert_eq!(decide(NEWER_EPOCH, Some(unseen), write(&edited, Some(&reopening))), Decision::SetAside);
        assert_eq!(decide(NEWER_EPOCH, Some(unseen), reoffer(&opened, &reopening)), Decision::SetAside);
    }
}

#[test]
fn a_reoffer_of_what_the_server_holds_changes_nothing() {
    let held = content("same");
    let current = receipt(EPOCH, 4, EARLIER);
    let existing = standing(&current, &held);
    assert_eq!(decide(NEWER_EPOCH, Some(existing), reoffer(&held, &current)), Decision::Unchanged);
}

#[test]
fn a_reoffer_older_than_what_the_server_has_since_taken_is_filed_and_the_servers_stays() {
    let (held, offered) = (content("taken since"), content("lost"));
    let (lost, since) = (receipt(EPOCH, 7, EARLIER), receipt(NEWER_EPOCH, 5, LATER));
    let existing = standing(&since, &held);
    let decision = decide(NEWER_EPOCH, Some(existing), reoffer(&offered, &lost));
    assert_eq!((decision.verdict(), decision), (EXISTING_STAYS, Decision::SetAside));
}

#[test]
fn a_reoffer_that_was_overtaken_in_the_normal_course_is_filed_without_a_conflict() {
    let (held, offered) = (content("made of it"), content("lost"));
    let (lost, since) = (receipt(EPOCH, 4, EARLIER), receipt(NEWER_EPOCH, 6, LATER));
    let existing = standing(&since, &held);
    let offer = Offer::Reoffer { receipt: &lost, overtaken: true };
    let decision = decide(NEWER_EPOCH, Some(existing), Incoming { offer, ..reoffer(&offered, &lost) });
    assert_eq!((decision.verdict(), decision), (ACCEPTED, Decision::Overtaken));
}

#[test]
fn whatever_the_checks_refuse_changes_nothing_and_says_why() {
    let offered = content("bad");
    for code in [
        RejectionCode::Invalid,
        RejectionCode::UnknownKind,
        RejectionCode::UnknownScope,
        RejectionCode::NotPermitted,
        RejectionCode::TooLarge,
        RejectionCode::ForgedReceipt,
    ] {
        let rejection = Rejection::new(code, "why").at("/field");
        let incoming = Incoming { refusal: Some(&rejection), ..write(&offered, None) };
        assert_eq!(decide(EPOCH, None, incoming), Decision::Reject(rejection.clone()));
    }
}

#[test]
fn a_closed_record_is_final_for_the_field_and_not_for_a_supervisor() {
    let (mut held, offered) = (content("closed"), content("late change"));
    held.state = RecordState::Closed;
    let current = receipt(EPOCH, 4, EARLIER);
    let existing = standing(&current, &held);
    let by_field = write(&offered, Some(&current));
    match decide(EPOCH, Some(existing), by_field) {
        Decision::Reject(rejection) => assert_eq!(rejection.code, RejectionCode::Final),
        other => panic!("{other:?}"),
    }
    let by_supervisor = Incoming { may_reopen: true, ..by_field };
    assert_eq!(version(&decide(EPOCH, Some(existing), by_supervisor)), Some(5));
}

#[test]
fn a_voided_record_never_comes_back_by_accident() {
    let (held, offered) = (voided("struck out"), content("edited without knowing"));
    let (base, current) = (receipt(EPOCH, 3, EARLIER), receipt(EPOCH, 4, LATER));
    let existing = standing(&current, &held);
    assert_eq!(decide(EPOCH, Some(existing), write(&offered, Some(&base))), Decision::SetAside);
    let knowing = write(&offered, Some(&current));
    assert!(matches!(decide(EPOCH, Some(existing), knowing), Decision::Reject(_)));
    let by_supervisor = Incoming { may_reopen: true, ..knowing };
    assert_eq!(version(&decide(EPOCH, Some(existing), by_supervisor)), Some(5));
}

#[test]
fn two_who_void_one_record_for_different_reasons_are_a_conflict_and_the_later_reason_is_kept() {
    let reason = |why: &str| Content { state_reason: why.to_owned(), ..voided("struck out") };
    let (held, offered) = (reason("entered twice"), reason("wrong truck"));
    let (base, current) = (receipt(EPOCH, 1, EARLIER), receipt(EPOCH, 2, LATER));
    let existing = standing(&current, &held);
    let decision = decide(EPOCH, Some(existing), write(&offered, Some(&base)));
    assert_eq!((decision.verdict(), version(&decision)), (INCOMING_WINS, Some(3)));
    // Whoever had seen it needs a supervisor to change it.
    let decision = decide(EPOCH, Some(existing), write(&offered, Some(&current)));
    assert!(matches!(decision, Decision::Reject(rejection) if rejection.code == RejectionCode::Final));
}

#[test]
fn a_void_that_a_restored_server_lost_still_stands_against_whoever_wrote_without_having_seen_it() {
    let (held, void) = (content("edited on version 1, after the restore"), voided("before the restore"));
    let (lost, since) = (receipt(EPOCH, 2, EARLIER), receipt(NEWER_EPOCH, 2, LATER));
    let existing = standing(&since, &held);
    let decision = decide(NEWER_EPOCH, Some(existing), reoffer(&void, &lost));
    assert_eq!((decision.verdict(), version(&decision)), (INCOMING_WINS, Some(3)));
    // It is received anew, so that times of receipt keep their order.
    assert!(matches!(decision, Decision::Take { displaces: true, received_at: None, .. }));
    // What somebody brought back who had seen the void stays.
    let seen = Incoming { offer: Offer::Reoffer { receipt: &lost, overtaken: true }, ..reoffer(&void, &lost) };
    assert_eq!(decide(NEWER_EPOCH, Some(existing), seen), Decision::Overtaken);
}

#[test]
fn who_types_on_after_a_lost_answer_is_not_in_conflict_with_themselves() {
    let (held, offered) = (content("mine, taken, its answer lost"), content("mine, typed on"));
    let (base, current) = (receipt(EPOCH, 3, EARLIER), receipt(EPOCH, 4, LATER));
    let existing = standing(&current, &held);
    for base in [Some(&base), None] {
        let decision = decide(EPOCH, Some(existing), in_sequence(Sequence::AfterHeld, &offered, base));
        assert_eq!((decision.verdict(), version(&decision)), (ACCEPTED, Some(5)));
    }
}

#[test]
fn of_a_devices_own_writes_one_that_arrives_after_a_later_one_changes_nothing() {
    let (held, offered) = (content("mine, typed on"), content("mine, long on its way"));
    let (base, current) = (receipt(EPOCH, 3, EARLIER), receipt(EPOCH, 4, LATER));
    let existing = standing(&current, &held);
    let decision = decide(EPOCH, Some(existing), in_sequence(Sequence::BeforeJudged, &offered, Some(&base)));
    assert_eq!((decision.clone(), decision.verdict()), (Decision::Overtaken, ACCEPTED));
}

#[test]
fn what_only_takes_back_changes_nothing_where_there_is_nothing_to_take_back() {
    let (held, offered) = (content("somebody else's, since"), content("as it was before"));
    let (base, current) = (receipt(EPOCH, 3, EARLIER), receipt(EPOCH, 4, LATER));
    let existing = standing(&current, &held);
    let taking_back = |sequence| Incoming {
        offer: Offer::Write { base: Some(&base), sequence, withdraws: true },
        content: &offered,
        may_reopen: false,
        refusal: None,
    };
    assert_eq!(decide(EPOCH, Some(existing), taking_back(Sequence::Alone)), Decision::Unchanged);
    let decision = decide(EPOCH, Some(existing), taking_back(Sequence::AfterHeld));
    assert_eq!((decision.verdict(), version(&decision)), (ACCEPTED, Some(5)));
}

#[test]
fn what_nobody_has_submitted_never_displaces_a_report_that_its_writer_had_not_seen() {
    let (report, draft) = (submitted("signed"), content("opened without a signal"));
    let (base, current) = (receipt(EPOCH, 3, EARLIER), receipt(EPOCH, 4, LATER));
    let existing = standing(&current, &report);
    for base in [Some(&base), None] {
        let decision = decide(EPOCH, Some(existing), write(&draft, base));
        assert_eq!((decision.clone(), decision.verdict()), (Decision::SetAside, EXISTING_STAYS));
        // A second report is a report.
        let second = submitted("signed as well");
        let decision = decide(EPOCH, Some(existing), write(&second, base));
        assert_eq!((decision.verdict(), version(&decision)), (INCOMING_WINS, Some(5)));
    }
    // Whoever has seen it may take it back: an older app does so when a report is corrected.
    let decision = decide(EPOCH, Some(existing), write(&draft, Some(&current)));
    assert_eq!((decision.verdict(), version(&decision)), (ACCEPTED, Some(5)));
}

#[test]
fn a_report_that_a_restored_server_lost_stands_against_a_draft_made_without_having_seen_it() {
    let (draft, report) = (content("begun after the restore"), submitted("before the restore"));
    let (lost, since) = (receipt(EPOCH, 2, EARLIER), receipt(NEWER_EPOCH, 2, LATER));
    let existing = standing(&since, &draft);
    let decision = decide(NEWER_EPOCH, Some(existing), reoffer(&report, &lost));
    assert!(matches!(decision, Decision::Take { displaces: true, received_at: None, .. }), "{decision:?}");
    // The other way round nothing is displaced.
    let existing = standing(&since, &report);
    assert_eq!(decide(NEWER_EPOCH, Some(existing), reoffer(&draft, &lost)), Decision::SetAside);
}
