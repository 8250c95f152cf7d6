//! The report.

use std::fmt;
use std::time::Duration;

/// One flow of one peer.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) who: String,
    pub(super) flow: String,
    pub(super) saved_per_s: Option<f64>,
    pub(super) push_ms: Option<f64>,
    pub(super) pull_ms: Option<f64>,
    /// There and back; all that is known of those that do not tell when the server has everything.
    pub(super) both_ms: Option<f64>,
    pub(super) note: String,
}

/// Every figure, and every reason why there is none.
#[derive(Default)]
pub(super) struct Table {
    ours: Vec<Measured>,
    peers: Vec<Measured>,
    failed: Vec<String>,
}

/// How many records, over what.
pub(super) fn flow(records: u32, round_trip: Option<Duration>) -> String {
    flow_of(f64::from(records), round_trip.map(|time| time.as_secs_f64() * 1e3))
}

pub(super) fn flow_of(records: f64, round_trip_ms: Option<f64>) -> String {
    let way = round_trip_ms.map_or_else(|| "loopback".to_owned(), |time| format!("{time:.0} ms"));
    format!("{records:.0}, {way}")
}

impl Table {
    /// Gatebook's own figures: those called by its name are what the others are compared with.
    pub(super) fn ours(&mut self, figures: Vec<Measured>) {
        self.ours = figures;
    }

    pub(super) fn add(&mut self, figures: Measured) {
        self.peers.push(figures);
    }

    pub(super) fn failed(&mut self, who: &str, why: &anyhow::Error) {
        self.failed.push(format!("{who}: {why:#}"));
    }

    /// Ours of the same flow.
    fn beside(&self, flow: &str) -> Option<&Measured> {
        self.ours.iter().find(|ours| ours.who == "Gatebook" && ours.flow == flow)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut flows: Vec<&str> = Vec::new();
        for figures in self.ours.iter().chain(&self.peers) {
            if !flows.contains(&figures.flow.as_str()) {
                flows.push(&figures.flow);
            }
        }
        writeln!(
            f,
            "Times in milliseconds; in brackets how many times ours. One run: a glance, not a figure to keep."
        )?;
        for flow in flows {
            writeln!(f, "\n{flow:<34} {:>9} {:>15} {:>15} {:>15}", "saves/s", "push", "pull", "both")?;
            for it in self.ours.iter().chain(&self.peers).filter(|it| it.flow == flow) {
                let ours = self.beside(flow);
                let time = |value: Option<f64>, ours: Option<f64>| match (value, ours) {
                    (None, _) => "–".to_owned(),
                    (Some(value), Some(ours)) => format!("{value:.0} ({:.1}x)", value / ours),
                    (Some(value), None) => format!("{value:.0}"),
                };
                let saves = it.saved_per_s.map_or_else(|| "–".to_owned(), |saves| format!("{saves:.0}"));
                let push = time(it.push_ms, ours.and_then(|ours| ours.push_ms));
                let pull = time(it.pull_ms, ours.and_then(|ours| ours.pull_ms));
                let both = time(it.both_ms, ours.and_then(|ours| ours.both_ms));
                writeln!(f, "{:<34} {saves:>9} {push:>15} {pull:>15} {both:>15}  {}", it.who, it.note)?;
            }
        }
        if !self.failed.is_empty() {
            writeln!(f, "\nWithout figures:")?;
        }
        self.failed.iter().try_for_each(|failed| writeln!(f, "- {failed}"))
    }
}
