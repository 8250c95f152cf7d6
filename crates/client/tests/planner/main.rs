//! The planner through days of virtual time, with apps that are killed whenever it suits the system: what waits always
//! goes when it can, and what that costs is bounded. `cargo xtask planner` prints the figures.

mod day;
mod figures;
mod jobs;
mod life;

use day::{Device, HOUR, MINUTE, Return, SECOND};

/// The regular job's pace, the longest backoff, and some seconds for rounds that are under way.
const QUARTER: i64 = 15 * MINUTE + 30 * SECOND;

#[test]
fn an_idle_kiosk_asks_for_news_every_half_to_full_minute() {
    for day in figures::of("idle day, kiosk", Device::Kiosk, 24, day::idle_kiosk) {
        assert!(day.wake_ups() <= 24 * 60 * 2, "{day:?}");
        assert!(day.requests >= 24 * 60 * 9 / 10 && day.requests <= 24 * 60 * 2, "{day:?}");
    }
}

#[test]
fn an_idle_kiosk_without_a_link_tries_some_five_times_an_hour() {
    for day in figures::of("idle day, kiosk, no network", Device::Kiosk, 24, day::idle_kiosk_without_link) {
        // Ten short waits, then 7.5 to 15 minutes each.
        assert!(day.wake_ups() <= 10 + 24 * 8 && day.tries_in_vain <= 11 + 24 * 8, "{day:?}");
        assert_eq!(day.requests, 0);
    }
}

#[test]
fn an_idle_phone_is_woken_by_little_more_than_the_regular_job() {
    for day in figures::of("idle day, phone in a pocket", Device::Phone, 24, day::idle_phone) {
        assert!(day.jobs <= 24 * 4, "{day:?}");
        // At most 24 times up to 15 minutes before the system kills it, at two wake-ups a minute.
        assert!(day.wake_ups() <= 24 * 4 + 24 * 30 && day.requests <= 24 * 4 + 24 * 31, "{day:?}");
    }
}

#[test]
fn on_a_busy_shift_what_is_saved_goes_within_a_quarter_of_an_hour_whatever_the_system_kills() {
    let shifts = figures::of("busy shift, phone", Device::Phone, 9, day::busy_shift);
    assert!(shifts.iter().all(|day| day.kills > 5 && day.saves > 100), "days that test something");
    for day in shifts {
        assert_eq!(day.left_waiting, 0, "{day:?}");
        assert!(day.longest_wait <= QUARTER, "{day:?}");
        // A round for each save at most, the idle pace beside it, and each opening and each change of network.
        assert!(day.requests <= day.saves + 9 * 120 + 8 * 40, "{day:?}");
    }
}

#[test]
fn a_server_that_was_down_over_night_finds_a_phone_that_nobody_opened_still_asking_each_quarter_of_an_hour() {
    for day in figures::of("server down over night, phone", Device::Phone, 14, day::server_down_over_night) {
        assert_eq!(day.left_waiting, 0, "{day:?}");
        assert!(day.first_tries.len() == 1 && day.first_tries[0] <= QUARTER, "{day:?}");
        assert!(day.longest_wait <= QUARTER, "{day:?}");
        // Four an hour, and what the urgent job tries at first.
        assert!(day.jobs <= 14 * 4 + 5, "{day:?}");
    }
}

#[test]
fn after_a_dead_zone_the_first_try_is_immediate_where_the_system_tells_and_within_a_quarter_of_an_hour_elsewhere() {
    for (name, device, way, longest) in [
        ("dead zone of eight hours, kiosk", Device::Kiosk, Return::Told, 0),
        ("dead zone of eight hours, phone, app killed in it", Device::Phone, Return::Killed, 0),
        ("link deaf for eight hours, kiosk, nobody tells", Device::Kiosk, Return::Untold, QUARTER),
    ] {
        for day in figures::of(name, device, 11, |seed| day::dead_zone(seed, way)) {
            assert_eq!(day.left_waiting, 0, "{name}: {day:?}");
            assert!(day.first_tries.len() == 1 && day.first_tries[0] <= longest, "{name}: {day:?}");
            assert!(day.longest_wait <= longest + 3 * SECOND, "{name}: {day:?}");
            // Every save may bring the next try nearer, to half a minute after the last.
            assert!(i64::from(day.tries_in_vain) <= 8 * HOUR / (30 * SECOND), "{name}: {day:?}");
        }
    }
}
