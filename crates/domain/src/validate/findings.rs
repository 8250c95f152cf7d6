//! Collects problems, and knows how strict to be.

use crate::problem::{Problem, ProblemCode, Severity};
use crate::spelling::is_blank;

/// How strict to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completeness {
    /// Somebody is still at it.
    Draft,
    /// Handed in, or about to be.
    Complete,
}

/// The problems found so far.
pub(super) struct Findings {
    completeness: Completeness,
    problems: Vec<Problem>,
}

impl Findings {
    pub(super) const fn new(completeness: Completeness) -> Self {
        Self { completeness, problems: Vec::new() }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.completeness == Completeness::Complete
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// What can never be taken.
    pub(super) fn error(&mut self, path: impl Into<String>, code: ProblemCode, message: impl Into<String>) {
        self.add(path.into(), Severity::Error, code, message.into());
    }

    /// What the operator should look at again.
    pub(super) fn warning(&mut self, path: impl Into<String>, code: ProblemCode, message: impl Into<String>) {
        self.add(path.into(), Severity::Warning, code, message.into());
    }

    /// A slip of typing: it may stand in a draft.
    pub(super) fn slip(&mut self, path: impl Into<String>, code: ProblemCode, message: impl Into<String>) {
        let severity = if self.is_complete() { Severity::Error } else { Severity::Warning };
        self.add(path.into(), severity, code, message.into());
    }

    /// What a draft may lack without a word, and a complete body may not.
    pub(super) fn lacking(&mut self, path: impl Into<String>, code: ProblemCode, message: impl Into<String>) {
        if self.is_complete() {
            self.error(path, code, message);
        }
    }

    /// What only a complete body is warned of; in a draft it would be said too early.
    pub(super) fn hint(&mut self, path: impl Into<String>, code: ProblemCode, message: impl Into<String>) {
        if self.is_complete() {
            self.warning(path, code, message);
        }
    }

    /// A complete body has some text here.
    pub(super) fn require(&mut self, path: impl Into<String>, text: &str, message: &str) {
        if is_blank(text) {
            self.lacking(path, ProblemCode::Required, message);
        }
    }

    /// A list holds no more than it may.
    pub(super) fn at_most(&mut self, limit: usize, length: usize, path: &str, what: &str) {
        if length > limit {
            let message = format!("Remove some {what}: there are {length}, and at most {limit} can be kept.");
            self.error(path, ProblemCode::TooMany, message);
        }
    }

    fn add(&mut self, path: String, severity: Severity, code: ProblemCode, message: String) {
        self.problems.push(Problem { path, severity, code, message });
    }
}
