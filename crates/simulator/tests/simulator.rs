//! The simulator itself: it repeats to the letter, holds on right code, and finds what is wrong.

use gatebook_simulator::{Bench, Bug, Invariant};

#[test]
fn the_same_seed_gives_the_same_trace_twice() {
    let (mut one, mut other) = (Bench::new(None).unwrap(), Bench::new(None).unwrap());
    for seed in 1..=12 {
        let (first, second) = (one.run(seed, true).unwrap(), other.run(seed, true).unwrap());
        assert_eq!(first.story, second.story, "seed {seed}");
        assert_eq!(first.tally, second.tally, "seed {seed}");
    }
    assert_ne!(one.run(1, true).unwrap().story, one.run(2, true).unwrap().story);
}

#[test]
fn telling_the_story_changes_nothing() {
    let mut bench = Bench::new(None).unwrap();
    for seed in 1..=5 {
        assert_eq!(bench.run(seed, true).unwrap().tally, bench.run(seed, false).unwrap().tally);
    }
}

#[test]
fn every_invariant_is_checked_and_holds() {
    let mut bench = Bench::new(None).unwrap();
    let mut checks = std::collections::BTreeMap::new();
    for seed in 1..=40 {
        let outcome = bench.run(seed, false).unwrap();
        assert_eq!(outcome.violation, None, "seed {seed}");
        for (invariant, count) in outcome.tally.checks {
            *checks.entry(invariant).or_insert(0) += count;
        }
    }
    for invariant in Invariant::ALL {
        assert!(checks.get(&invariant).is_some_and(|count| *count > 0), "{invariant:?} was never checked");
    }
}

#[test]
fn a_deliberate_bug_is_found_and_its_story_is_short() {
    let mut bench = Bench::new(Some(Bug::ClearWithoutComparing)).unwrap();
    let seed = (1..100).find(|seed| bench.run(*seed, false).unwrap().violation.is_some()).expect("it is found");
    let (steps, of, outcome) = bench.minimised(seed).unwrap();
    assert_eq!(outcome.violation.map(|violation| violation.invariant), Some(Invariant::NothingLost));
    assert!(4 * steps <= of, "{steps} of {of} steps are left");
    assert!(outcome.story.last().is_some_and(|line| line.contains("VIOLATED")));
}
