//! What a run did, counted.

use std::collections::BTreeMap;
use std::fmt;

/// The invariants, by what they promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Every write an operator saw saved is canonical, in the audit table, or still on its device.
    NothingLost,
    /// Each write takes effect exactly once.
    ExactlyOnce,
    /// Devices equal the server in their scopes, and the server's feed holds what its records say.
    Equal,
    /// Once the faults stop, everything gets through, and nobody presses anything.
    Liveness,
    /// No device asks again and again without anything new.
    Patience,
    /// Whoever is received last wins; the loser is in the audit table and both operators have a notice.
    LosersTold,
    /// What the office closed or voided only the office opens again, whoever a device names.
    OfficeDecides,
    /// Capture is never blocked or delayed by sync.
    CaptureFree,
    /// Nothing of another tenant or yard is ever on a device.
    Apart,
    /// A restored version reaches everyone.
    RestoresArrive,
    /// Neither client nor server ever fails by itself.
    NoFailure,
    /// A photo stays on its device for 24 hours of really elapsed time after it was confirmed, unless space runs short.
    PhotosStay,
    /// Every photo that was taken is on its device or at the server, with the right bytes.
    PhotosSafe,
    /// The server holds the same bytes of an organisation once.
    PhotosOnce,
    /// The time that people read of a write is the server's clock's of when it was filed, and where that cannot be right
    /// they are told.
    TimesTold,
    /// Bytes sent are at most the bytes needed, and one chunk for each cut.
    BytesSpared,
    /// Only the office signs a device out, and whom it has signed out stays out, whatever becomes of the server.
    SignedOut,
}

impl Invariant {
    /// Every one.
    pub const ALL: [Self; 17] = [
        Self::NothingLost,
        Self::ExactlyOnce,
        Self::Equal,
        Self::Liveness,
        Self::Patience,
        Self::LosersTold,
        Self::OfficeDecides,
        Self::CaptureFree,
        Self::Apart,
        Self::RestoresArrive,
        Self::NoFailure,
        Self::PhotosStay,
        Self::PhotosSafe,
        Self::PhotosOnce,
        Self::TimesTold,
        Self::BytesSpared,
        Self::SignedOut,
    ];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NothingLost => "nothing saved is lost",
            Self::ExactlyOnce => "exactly once in effect",
            Self::Equal => "devices equal the server",
            Self::Liveness => "everything gets through by itself",
            Self::Patience => "no device keeps asking in haste",
            Self::LosersTold => "losers are kept and told",
            Self::OfficeDecides => "only the office closes and opens again",
            Self::CaptureFree => "capture is never blocked",
            Self::Apart => "tenants and yards stay apart",
            Self::RestoresArrive => "a restored version reaches everyone",
            Self::NoFailure => "nothing fails by itself",
            Self::PhotosStay => "photos stay their 24 hours",
            Self::PhotosSafe => "no photo is lost",
            Self::PhotosOnce => "no photo is stored twice",
            Self::TimesTold => "people read when it was filed",
            Self::BytesSpared => "no byte is sent in vain",
            Self::SignedOut => "only the office signs a device out, for good",
        }
    }
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What was found.
    pub told: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({}): {}", self.invariant, self.invariant.words(), self.told)
    }
}

/// Counts of one run, or of many together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Faults injected, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What operators and the office did, by kind.
    pub acts: BTreeMap<&'static str, u64>,
    /// What the server said of writes, by verdict.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// How often each invariant was checked.
    pub checks: BTreeMap<Invariant, u64>,
    /// Rounds begun.
    pub rounds: u64,
    /// Requests the server handled.
    pub requests: u64,
    /// The most rounds a device needed to send everything, once the faults had stopped.
    pub most_rounds_to_drain: u64,
    /// The longest any device took for it, in seconds of virtual time.
    pub longest_to_drain: u64,
}

impl Tally {
    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        let sum = |into: &mut BTreeMap<&'static str, u64>, from: &BTreeMap<&'static str, u64>| {
            for (kind, count) in from {
                *into.entry(kind).or_default() += count;
            }
        };
        sum(&mut self.faults, &other.faults);
        sum(&mut self.acts, &other.acts);
        sum(&mut self.verdicts, &other.verdicts);
        for (invariant, count) in &other.checks {
            *self.checks.entry(*invariant).or_default() += count;
        }
        self.rounds += other.rounds;
        self.requests += other.requests;
        self.most_rounds_to_drain = self.most_rounds_to_drain.max(other.most_rounds_to_drain);
        self.longest_to_drain = self.longest_to_drain.max(other.longest_to_drain);
    }

    pub(crate) fn fault(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }

    pub(crate) fn act(&mut self, kind: &'static str) {
        *self.acts.entry(kind).or_default() += 1;
    }

    pub(crate) fn check(&mut self, invariant: Invariant) {
        *self.checks.entry(invariant).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &BTreeMap<&'static str, u64>| {
            counts.iter().map(|(kind, count)| format!("    {kind:<42} {count:>12}")).collect::<Vec<_>>().join("\n")
        };
        writeln!(f, "  rounds {}, requests handled {}", self.rounds, self.requests)?;
        writeln!(
            f,
            "  after the faults stopped: at most {} rounds and {} s of virtual time until nothing was pending",
            self.most_rounds_to_drain, self.longest_to_drain
        )?;
        writeln!(f, "  faults injected: {}\n{}", self.faults.values().sum::<u64>(), list(&self.faults))?;
        writeln!(f, "  what people did: {}\n{}", self.acts.values().sum::<u64>(), list(&self.acts))?;
        writeln!(f, "  verdicts: {}\n{}", self.verdicts.values().sum::<u64>(), list(&self.verdicts))?;
        writeln!(f, "  invariants checked: {}", self.checks.values().sum::<u64>())?;
        for invariant in Invariant::ALL {
            let count = self.checks.get(&invariant).copied().unwrap_or_default();
            writeln!(f, "    {:<42} {count:>12}", invariant.words())?;
        }
        Ok(())
    }
}
