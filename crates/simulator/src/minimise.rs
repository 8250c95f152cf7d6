//! Makes a failing script small: steps are left out as long as the same invariant still breaks.

use crate::script::{Script, Step};

/// The smallest script found of which `fails` still holds. Each part is tried without once a size; parts are halved
/// until they are single steps.
pub(crate) fn minimise(script: &Script, mut fails: impl FnMut(&Script) -> bool) -> Script {
    let mut smallest = script.clone();
    let mut part = smallest.steps.len().div_ceil(2);
    while part > 0 {
        let (mut from, mut has_shrunk) = (0, false);
        while from < smallest.steps.len() {
            let to = (from + part).min(smallest.steps.len());
            let kept: Vec<Step> = [&smallest.steps[..from], &smallest.steps[to..]].concat();
            let candidate = Script { steps: kept, ..smallest.clone() };
            if fails(&candidate) {
                smallest = candidate;
                has_shrunk = true;
            } else {
                from = to;
            }
        }
        if !has_shrunk || part > 1 {
            part /= 2;
        }
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    #[test]
    fn only_what_is_needed_stays() {
        let script = Script::of(5);
        let (first, last) = (script.steps[3].salt, script.steps[script.steps.len() - 2].salt);
        let has = |script: &Script, salt| script.steps.iter().any(|step| step.salt == salt);
        let small = minimise(&script, |script| has(script, first) && has(script, last));
        assert_eq!(small.steps.iter().map(|step| step.salt).collect::<Vec<_>>(), [first, last]);
        assert!(small.calm_at > SECOND);
    }
}
