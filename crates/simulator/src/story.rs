//! What happened, in words: the trace of a run. Records and writes go by short names.

use std::cell::RefCell;
use std::collections::BTreeMap;

use uuid::Uuid;

use crate::clock::{Instant, told};

/// The trace, if anybody wants it.
#[derive(Default)]
pub(crate) struct Story {
    lines: Option<RefCell<Vec<String>>>,
    names: RefCell<BTreeMap<Uuid, String>>,
}

impl Story {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self { lines: is_wanted.then(RefCell::default), names: RefCell::default() }
    }

    /// `line` is only made if somebody wants it.
    pub(crate) fn tell(&self, at: Instant, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let line = format!("{}  {}", told(at), line());
            lines.borrow_mut().push(line);
        }
    }

    pub(crate) fn record(&self, id: Uuid) -> String {
        self.name(id, "record ")
    }

    pub(crate) fn write(&self, id: Uuid) -> String {
        self.name(id, "write ")
    }

    fn name(&self, id: Uuid, sort: &str) -> String {
        let mut names = self.names.borrow_mut();
        let number = names.len() + 1;
        names.entry(id).or_insert_with(|| format!("{sort}{number}")).clone()
    }

    pub(crate) fn lines(self) -> Vec<String> {
        self.lines.map(RefCell::into_inner).unwrap_or_default()
    }
}
