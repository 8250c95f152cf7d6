import Foundation
import UserNotifications

/// Rust's function (`src/ios.rs`).
@_silgen_name("gatebook_background_to_tell")
private func rustToTell(_ dataDir: UnsafePointer<CChar>, _ tell: @convention(c) (UnsafePointer<CChar>) -> Void)

/// A notification as Rust writes it.
private struct ToShow: Decodable {
  let id: Int
  let kind: String
  let title: String
  let body: String
}

/// What a round brought, told by the system: there is no app on the screen that would. Rust decides what, and tells each
/// thing once.
enum Notifications {
  /// Shows what there is to tell. Without the person's permission the system shows nothing, and nobody is asked here.
  static func show(_ dataDir: String) {
    dataDir.withCString { path in
      rustToTell(path) { json in
        Notifications.show(json: Data(String(cString: json).utf8))
      }
    }
  }

  private static func show(json: Data) {
    guard let told = try? JSONDecoder().decode([ToShow].self, from: json) else {
      NSLog("Gatebook: it could not be told what the round brought")
      return
    }
    for one in told {
      // The text names no unit or person; what a locked screen shows of it is the phone's own setting.
      let content = UNMutableNotificationContent()
      content.title = one.title
      content.body = one.body
      content.threadIdentifier = one.kind
      content.sound = .default
      // One of the same identifier takes the place of an earlier one, the app's own included.
      let request = UNNotificationRequest(identifier: String(one.id), content: content, trigger: nil)
      UNUserNotificationCenter.current().add(request)
    }
  }
}
