//! A conflict in the words an operator reads: who changed, voided or closed what, what the server kept, and what has
//! become of it since.

use gatebook_domain::notice::{FieldDifference, Notice, NoticeSide, STATE, STATE_REASON, YARD};
use gatebook_domain::{RecordState, field_label, value_words};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{OFFICE, capitalised, when};
use crate::view::{DifferenceView, InboxItem, InboxWhat};

/// What the inbox shows of a notice beside what it says.
pub(crate) struct Shown<'a> {
    pub id: Uuid,
    /// The yard's time zone.
    pub zone: &'a str,
    /// When it was last news.
    pub at: Timestamp,
    pub unread: bool,
    /// What yards are called, as far as this device knows.
    pub yard: &'a dyn Fn(Uuid) -> Option<String>,
}

/// A notice as the inbox shows it.
pub(crate) fn conflict_item(notice: &Notice, shown: &Shown<'_>) -> InboxItem {
    let told = Told { notice, zone: shown.zone };
    let is_kept_theirs = notice.kept.operator_id == Some(notice.addressee_id);
    InboxItem {
        id: shown.id,
        what: match &notice.settled {
            Some(_) => InboxWhat::ConflictSettled,
            None if is_kept_theirs => InboxWhat::ConflictKept,
            None => InboxWhat::ConflictSetAside,
        },
        record_id: notice.record_id,
        record_kind: notice.record_kind,
        record_title: notice.record_title.clone(),
        at: notice.settled.as_ref().map_or(shown.at, |settled| filed_at(&settled.by)),
        unread: shown.unread && notice.settled.is_none(),
        headline: format!("{}: {}", told.headline(), notice.record_title),
        explanation: told.explanation(),
        changed_since: notice.in_force.is_some(),
        differences: differences(notice, shown),
        more_differences: notice.more_differences,
    }
}

/// A notice to be put into words.
struct Told<'a> {
    notice: &'a Notice,
    zone: &'a str,
}

impl Told<'_> {
    fn who(&self, side: &NoticeSide) -> String {
        match &side.office {
            Some(name) if name.is_empty() => OFFICE.to_owned(),
            Some(name) => format!("{OFFICE} ({name})"),
            None if side.operator_id == Some(self.notice.addressee_id) => "you".to_owned(),
            None if side.operator_name.is_empty() => "somebody else".to_owned(),
            None => side.operator_name.clone(),
        }
    }

    fn at(&self, side: &NoticeSide) -> String {
        when(filed_at(side), self.zone)
    }

    fn headline(&self) -> String {
        let Notice { kept, in_force, settled, .. } = self.notice;
        match (settled, in_force) {
            (Some(settled), _) => format!("Settled by {}", self.who(&settled.by)),
            (None, Some(now)) => capitalised(&format!("{} {} it since", self.who(now), verb(now))),
            (None, None) => capitalised(&format!("{} version was kept", possessive(&self.who(kept)))),
        }
    }

    fn explanation(&self) -> String {
        let Notice { settled, count, .. } = self.notice;
        let aside = possessive(&self.who(&self.notice.set_aside));
        let mut sentences = vec![self.what_met(), self.why_kept()];
        sentences.extend(self.what_followed());
        let is_back = settled.as_ref().is_some_and(|settled| settled.brings_back);
        match settled {
            Some(settled) => {
                let (who, at) = (self.who(&settled.by), self.at(&settled.by));
                let how = if is_back {
                    format!("{aside} version is in force again")
                } else if who == "you" {
                    "you have gone on with the record as it is now".to_owned()
                } else {
                    format!("{} version stays", possessive(&self.who(&self.notice.kept)))
                };
                sentences.push(format!("This was settled by {who} on {at}: {how}."));
            }
            None => sentences.push(format!(
                "Nothing is lost: {aside} version is in the audit table, and an admin can bring it back."
            )),
        }
        if *count > 1 {
            sentences.push(format!("This happened {count} times on this record."));
        }
        sentences.join(" ")
    }

    /// Who did what without knowing of the other.
    fn what_met(&self) -> String {
        let Notice { kept, set_aside, .. } = self.notice;
        let (first, second) = (capitalised(&self.who(kept)), self.who(set_aside));
        if verb(kept) == "changed" && verb(set_aside) == "changed" {
            return format!("{first} and {second} changed this record without seeing each other’s change.");
        }
        format!(
            "{first} {} this record{} and {second} {} it{}, without seeing each other’s change.",
            verb(kept),
            because(kept),
            verb(set_aside),
            because(set_aside)
        )
    }

    /// Why one side was kept. The later one is, but that a voided record stays voided.
    fn why_kept(&self) -> String {
        let Notice { kept, set_aside, .. } = self.notice;
        let is_by_void = kept.state == RecordState::Voided
            && set_aside.state != RecordState::Voided
            && kept.received_at < set_aside.received_at;
        let (who, other) = (self.who(kept), possessive(&self.who(set_aside)));
        let received = format!(
            "The server received {other} change on {} and {} change on {}",
            self.at(set_aside),
            possessive(&who),
            self.at(kept)
        );
        let whose = if who == "you" { "yours".to_owned() } else { possessive(&who) };
        let is = if self.notice.in_force.is_some() || self.notice.settled.is_some() {
            "was kept"
        } else {
            "is the one in force"
        };
        if is_by_void {
            format!("{received}. A record that is voided stays voided, so {whose} {is}.")
        } else {
            format!("{received}, so {whose} {is}.")
        }
    }

    /// What came after the side that was kept.
    fn what_followed(&self) -> Option<String> {
        let now = self.notice.in_force.as_ref()?;
        let (who, at) = (capitalised(&self.who(now)), self.at(now));
        let so =
            if self.notice.settled.is_some() { "that was in force then" } else { "that is what is in force since" };
        Some(format!("{who} {} it on {at}{}: {so}.", verb(now), because(now)))
    }
}

/// What a side did to the record.
const fn verb(side: &NoticeSide) -> &'static str {
    match side.state {
        RecordState::Live => "changed",
        RecordState::Closed => "closed",
        RecordState::Voided => "voided",
    }
}

fn because(side: &NoticeSide) -> String {
    match side.state {
        RecordState::Live => String::new(),
        _ if side.state_reason.is_empty() => String::new(),
        _ => format!(" ({})", side.state_reason),
    }
}

fn possessive(who: &str) -> String {
    if who == "you" { "your".to_owned() } else { format!("{who}’s") }
}

/// The differences in the form's words: state and reason as one, and without what stands beside it in words.
fn differences(notice: &Notice, shown: &Shown<'_>) -> Vec<DifferenceView> {
    let (kept, set_aside) = (notice.now_in_force(), &notice.set_aside);
    let has_changes = notice.more_differences > 0 || notice.differences.iter().any(|it| !is_beside(it));
    let (kept_state, aside_state) = (state(kept, has_changes), state(set_aside, has_changes));
    let state = (kept_state != aside_state).then(|| DifferenceView {
        label: field_label(notice.record_kind, STATE, None),
        kept: kept_state,
        set_aside: aside_state,
    });
    let is_shown = |it: &&FieldDifference| match it.path.as_str() {
        STATE | STATE_REASON => false,
        YARD => true,
        // What an id stands for differs beside it, in words.
        path => !path.ends_with("_id"),
    };
    let listed = notice.differences.iter().filter(is_shown).map(|difference| DifferenceView {
        label: field_label(notice.record_kind, &difference.path, None),
        kept: value(difference, difference.kept.as_deref(), shown),
        set_aside: value(difference, difference.set_aside.as_deref(), shown),
    });
    state.into_iter().chain(listed).collect()
}

/// Whether it lies beside what the record's form says.
fn is_beside(difference: &FieldDifference) -> bool {
    [STATE, STATE_REASON, YARD].contains(&difference.path.as_str())
}

/// How a side left the record.
fn state(side: &NoticeSide, has_changes: bool) -> String {
    let state = match side.state {
        RecordState::Live if has_changes && side.state_reason.is_empty() => "Changed",
        RecordState::Live => "Open",
        RecordState::Closed => "Closed",
        RecordState::Voided => "Voided",
    };
    if side.state_reason.is_empty() { state.to_owned() } else { format!("{state} ({})", side.state_reason) }
}

fn value(difference: &FieldDifference, json: Option<&str>, shown: &Shown<'_>) -> String {
    let value = json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null);
    let text = value.as_str().unwrap_or_default();
    if difference.path == YARD {
        return text.parse().ok().and_then(shown.yard).unwrap_or_else(|| "another yard".to_owned());
    }
    match text.parse() {
        Ok(time) => when(time, shown.zone),
        Err(_) => value_words(&value),
    }
}

/// When a side was filed, for people to read.
fn filed_at(side: &NoticeSide) -> Timestamp {
    side.filed_at.unwrap_or(side.received_at)
}

#[cfg(test)]
mod tests {
    use gatebook_domain::Kind;

    use super::*;

    const MARIA: Uuid = Uuid::from_u128(1);
    const HECTOR: Uuid = Uuid::from_u128(2);
    const ROY: Uuid = Uuid::from_u128(3);
    const LAREDO: Uuid = Uuid::from_u128(7);

    fn side_of(operator: Option<Uuid>, name: &str, received_at: &str) -> NoticeSide {
        NoticeSide {
            write_id: Uuid::nil(),
            operator_id: operator,
            operator_name: name.to_owned(),
            device_name: "kiosk".to_owned(),
            received_at: received_at.parse().unwrap(),
            filed_at: None,
            captured_at: received_at.parse().unwrap(),
            office: None,
            state: RecordState::Live,
            state_reason: String::new(),
        }
    }

    fn office(received_at: &str, state: RecordState, reason: &str) -> NoticeSide {
        let side = side_of(None, "The office", received_at);
        NoticeSide { office: Some(String::new()), state, state_reason: reason.to_owned(), ..side }
    }

    fn voided(side: NoticeSide, reason: &str) -> NoticeSide {
        NoticeSide { state: RecordState::Voided, state_reason: reason.to_owned(), ..side }
    }

    fn difference(path: &str, kept: Option<&str>, set_aside: Option<&str>) -> FieldDifference {
        FieldDifference {
            path: path.to_owned(),
            kept: kept.map(str::to_owned),
            set_aside: set_aside.map(str::to_owned),
        }
    }

    /// Héctor's version was kept, María's set aside.
    fn notice(addressee_id: Uuid) -> Notice {
        Notice {
            addressee_id,
            record_id: Uuid::from_u128(9),
            record_kind: Kind::GateEvent,
            record_title: "Gate in · T-9".to_owned(),
            kept: side_of(Some(HECTOR), "Héctor Salinas", "2026-03-04T15:05:00Z"),
            set_aside: side_of(Some(MARIA), "María Torres", "2026-03-04T15:00:00Z"),
            in_force: None,
            settled: None,
            told_at: None,
            differences: vec![
                difference("/remarks", Some("\"dented\""), None),
                difference("/carrier/carrier_id", Some("\"0195f2a0-0000-7000-8000-000000000001\""), None),
            ],
            more_differences: 0,
            count: 1,
        }
    }

    fn item(notice: &Notice) -> InboxItem {
        let yard = |id| (id == LAREDO).then(|| "Laredo".to_owned());
        let (id, zone) = (Uuid::nil(), "America/Chicago");
        conflict_item(notice, &Shown { id, zone, at: Timestamp::UNIX_EPOCH, unread: true, yard: &yard })
    }

    fn item_for(addressee: Uuid) -> InboxItem {
        item(&notice(addressee))
    }

    fn told(item: &InboxItem) -> Vec<(&str, &str, &str)> {
        item.differences.iter().map(|it| (it.label.as_str(), it.kept.as_str(), it.set_aside.as_str())).collect()
    }

    #[test]
    fn each_reads_the_conflict_from_their_own_side() {
        let (hers, his) = (item_for(MARIA), item_for(HECTOR));
        assert_eq!(hers.headline, "Héctor Salinas’s version was kept: Gate in · T-9");
        assert!(hers.explanation.starts_with("Héctor Salinas and you changed this record"), "{}", hers.explanation);
        assert_eq!(his.headline, "Your version was kept: Gate in · T-9");
        assert!(his.explanation.starts_with("You and María Torres changed this record"), "{}", his.explanation);
        assert!(his.explanation.contains("so yours is the one in force"), "{}", his.explanation);
    }

    #[test]
    fn times_are_those_of_the_yard() {
        let told = item_for(MARIA).explanation;
        assert!(told.contains("your change on Mar 4 at 09:00:00"), "{told}");
        assert!(told.contains("Héctor Salinas’s change on Mar 4 at 09:05:00"), "{told}");
    }

    #[test]
    fn differences_are_told_by_the_forms_names_and_without_ids() {
        assert_eq!(told(&item_for(MARIA)), [("Remarks", "dented", "nothing")]);
    }

    #[test]
    fn a_conflict_that_comes_again_says_how_often() {
        let twice = Notice { count: 2, ..notice(MARIA) };
        let told = item(&twice).explanation;
        assert!(told.ends_with("This happened 2 times on this record."), "{told}");
    }

    #[test]
    fn somebody_without_a_name_is_somebody_else() {
        let unknown = Notice { kept: side_of(None, "", "2026-03-04T15:05:00Z"), ..notice(MARIA) };
        assert!(item(&unknown).headline.starts_with("Somebody else’s version"));
    }

    #[test]
    fn a_void_against_an_edit_is_told_as_what_each_did_and_why_it_stands() {
        let void = voided(side_of(Some(HECTOR), "Héctor Salinas", "2026-03-04T14:55:00Z"), "entered twice");
        let differences = vec![
            difference("state", Some("\"voided\""), Some("\"live\"")),
            difference("state_reason", Some("\"entered twice\""), None),
            difference("/lane", Some("\"4\""), Some("\"5\"")),
        ];
        let item = item(&Notice { kept: void, differences, ..notice(MARIA) });
        assert_eq!(
            told(&item),
            [("State of the record", "Voided (entered twice)", "Changed"), ("Lane or lot", "4", "5")]
        );
        let said = item.explanation;
        let first =
            "Héctor Salinas voided this record (entered twice) and you changed it, without seeing each other’s change.";
        assert!(said.starts_with(first), "{said}");
        assert!(
            said.contains("A record that is voided stays voided, so Héctor Salinas’s is the one in force."),
            "{said}"
        );
    }

    #[test]
    fn two_voids_are_told_with_both_reasons() {
        let base = notice(MARIA);
        let (kept, set_aside) =
            (voided(base.kept.clone(), "wrong trailer"), voided(base.set_aside.clone(), "entered twice"));
        let differences = vec![difference("state_reason", Some("\"wrong trailer\""), Some("\"entered twice\""))];
        let item = item(&Notice { kept, set_aside, differences, ..base });
        assert_eq!(told(&item), [("State of the record", "Voided (wrong trailer)", "Voided (entered twice)")]);
        assert!(item.explanation.contains("so Héctor Salinas’s is the one in force"), "{}", item.explanation);
    }

    #[test]
    fn two_yards_are_told_by_their_names() {
        let elsewhere = format!("\"{}\"", Uuid::from_u128(8));
        let laredo = format!("\"{LAREDO}\"");
        let moved =
            Notice { differences: vec![difference("yard_id", Some(&laredo), Some(&elsewhere))], ..notice(MARIA) };
        assert_eq!(told(&item(&moved)), [("Yard", "Laredo", "another yard")]);
    }

    #[test]
    fn the_office_is_named_and_what_it_did_since_is_what_is_in_force() {
        let closed = office("2026-03-04T16:00:00Z", RecordState::Closed, "billed");
        let item = item(&Notice { in_force: Some(closed), ..notice(MARIA) });
        assert_eq!(item.headline, "The office closed it since: Gate in · T-9");
        assert!(item.changed_since && item.unread);
        let said = &item.explanation;
        assert!(said.contains("so Héctor Salinas’s was kept. The office closed it on Mar 4 at 10:00:00 (billed): that is what is in force since."), "{said}");
        assert_eq!(told(&item)[0], ("State of the record", "Closed (billed)", "Changed"));
    }

    #[test]
    fn somebody_of_the_office_is_named_where_it_is_known() {
        let by_roy = NoticeSide {
            office: Some("Roy Castillo".to_owned()),
            ..office("2026-03-04T15:05:00Z", RecordState::Live, "")
        };
        let item = item(&Notice { kept: by_roy, ..notice(MARIA) });
        assert_eq!(item.headline, "The office (Roy Castillo)’s version was kept: Gate in · T-9");
    }

    #[test]
    fn what_is_settled_says_by_whom_and_is_neither_unread_nor_said_to_be_in_force() {
        let by = office("2026-03-04T16:00:00Z", RecordState::Live, "");
        let settled = |by, brings_back| Notice {
            settled: Some(gatebook_domain::notice::Settlement { by, brings_back }),
            ..notice(MARIA)
        };
        let back = item(&settled(by.clone(), true));
        assert_eq!((back.what, back.unread), (InboxWhat::ConflictSettled, false));
        assert_eq!(back.headline, "Settled by the office: Gate in · T-9");
        assert!(!back.explanation.contains("is the one in force"), "{}", back.explanation);
        let end = "This was settled by the office on Mar 4 at 10:00:00: your version is in force again.";
        assert!(back.explanation.ends_with(end), "{}", back.explanation);
        let stays = item(&settled(by, false)).explanation;
        assert!(stays.ends_with("Héctor Salinas’s version stays."), "{stays}");
        let roy = item(&settled(side_of(Some(ROY), "Roy Castillo", "2026-03-04T16:00:00Z"), true)).headline;
        assert_eq!(roy, "Settled by Roy Castillo: Gate in · T-9");
        let herself = item(&settled(side_of(Some(MARIA), "María Torres", "2026-03-04T16:00:00Z"), false));
        assert_eq!(herself.headline, "Settled by you: Gate in · T-9");
        assert!(herself.explanation.ends_with("you have gone on with the record as it is now."));
    }
}
