//! The search for the one record because of which a page is refused whole: by halves, so that it takes as few refused
//! pages as can be.

/// Where the culprit may be, among the records next in line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Search {
    /// It is one of that many.
    among: Option<u32>,
}

impl Search {
    /// How many records the next page may hold, as far as the search goes.
    pub(super) fn at_most(self) -> Option<u32> {
        self.among.map(|among| (among / 2).max(1))
    }

    /// A page of that many was refused. `true`: it is this one record, and it is passed over.
    pub(super) fn refused(&mut self, records: u32) -> bool {
        self.among = (records > 1).then_some(records);
        self.among.is_none()
    }

    /// A page of that many got through, so it is one of those behind them.
    pub(super) fn got_through(&mut self, records: u32) {
        self.among = self.among.map(|among| among.saturating_sub(records)).filter(|among| *among > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds the culprit among records that go by pages of at most `page`; returns how many pages were refused.
    fn search(records: u32, culprit: u32, page: u32) -> u32 {
        let (mut search, mut at, mut refused, mut passed_over) = (Search::default(), 0, 0, Vec::new());
        while at < records {
            let sent = search.at_most().unwrap_or(u32::MAX).min(page).min(records - at);
            if !passed_over.contains(&culprit) && (at..at + sent).contains(&culprit) {
                refused += 1;
                if search.refused(sent) {
                    passed_over.push(at);
                    at += 1;
                }
            } else {
                search.got_through(sent);
                at += sent;
            }
        }
        assert_eq!(passed_over, [culprit], "just the culprit is passed over");
        refused
    }

    #[test]
    fn it_is_found_with_one_refused_page_for_each_halving_wherever_it_is() {
        for culprit in 0..100 {
            let refused = search(100, culprit, 64);
            assert!(refused <= 7, "{refused} refused pages for record {culprit}");
        }
    }

    #[test]
    fn a_page_that_turns_out_smaller_than_asked_for_does_not_lead_it_astray() {
        for culprit in 0..100 {
            search(100, culprit, 5);
        }
    }

    #[test]
    fn without_a_refusal_it_limits_nothing() {
        assert_eq!(Search::default().at_most(), None);
    }
}
