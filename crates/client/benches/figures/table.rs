//! The report.

use std::fmt;

/// One figure over several runs.
struct Line {
    what: String,
    unit: &'static str,
    runs: Vec<f64>,
    aim: Option<f64>,
}

/// Every figure.
#[derive(Default)]
pub(crate) struct Table {
    lines: Vec<Line>,
}

impl Table {
    /// Adds a figure. The aim is for the median, and is met by what is not above it.
    pub(crate) fn add(&mut self, what: impl Into<String>, unit: &'static str, runs: Vec<f64>, aim: Option<f64>) {
        self.lines.push(Line { what: what.into(), unit, runs, aim });
    }
}

/// The middle one; of an even number the upper of the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<52} {:>9} {:>9} {:>9}  {:>9}", "", "median", "min", "max", "aim")?;
        for Line { what, unit, runs, aim } in &self.lines {
            let number = |value: f64| format!("{value:.*} {unit}", if *unit == "x" { 2 } else { 0 });
            let median = median(runs);
            let min = runs.iter().copied().fold(f64::INFINITY, f64::min);
            let max = runs.iter().copied().fold(0.0, f64::max);
            let (aim, met) = match aim {
                None => (String::new(), ""),
                Some(aim) => (number(*aim), if median <= *aim { "met" } else { "missed" }),
            };
            let [median, min, max] = [median, min, max].map(number);
            writeln!(f, "{what:<52} {median:>9} {min:>9} {max:>9}  {aim:>9}  {met}")?;
        }
        Ok(())
    }
}
