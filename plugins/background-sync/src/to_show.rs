//! A notification on its way to Kotlin or Swift.

use gatebook_client::{Notification, NotificationKind};
use serde::Serialize;

/// A notification as Kotlin (`Notifications.kt`) and Swift (`Notifications.swift`) read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ToShow {
    /// Its place on the screen, where a newer one of the kind stands instead.
    pub id: i32,
    /// Which sort.
    pub kind: NotificationKind,
    /// One line.
    pub title: String,
    /// What to do.
    pub body: String,
}

impl From<Notification> for ToShow {
    fn from(told: Notification) -> Self {
        Self { id: told.kind.id(), kind: told.kind, title: told.title, body: told.body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kotlin_and_swift_read_a_notification_by_the_names_it_is_written_with() {
        let shown = ToShow::from(Notification {
            kind: NotificationKind::PhotosWaiting,
            title: "A title".to_owned(),
            body: "A body".to_owned(),
        });
        let json = serde_json::to_value(&shown).unwrap();
        let expected = r#"{"id":3,"kind":"photos_waiting","title":"A title","body":"A body"}"#;
        assert_eq!(json, serde_json::from_str::<serde_json::Value>(expected).unwrap());
        let kotlin = include_str!("../android/src/main/java/Notifications.kt");
        let swift = include_str!("../ios/Sources/Notifications.swift");
        for name in json.as_object().unwrap().keys() {
            assert!(kotlin.contains(&format!("(\"{name}\")")), "Kotlin: {name}");
            assert!(swift.contains(&format!("let {name}: ")), "Swift: {name}");
        }
        assert!(kotlin.contains("== \"photos_waiting\""));
    }
}
