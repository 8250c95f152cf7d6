import Foundation

/// Rust's functions (`src/ios.rs`). They need no webview.
@_silgen_name("gatebook_background_round")
private func rustRound(
  _ dataDir: UnsafePointer<CChar>, _ seconds: Double, _ unmetered: Int32, _ savesBattery: Int32
) -> Int32

@_silgen_name("gatebook_background_stop")
private func rustStop()

/// How a round ended, by the numbers that Rust gives them.
enum Outcome: Int32 {
  case nothingToDo = 0
  case success = 1
  case retry = 2

  var name: String {
    switch self {
    case .nothingToDo: return "nothing_to_do"
    case .success: return "success"
    case .retry: return "retry"
    }
  }
}

/// The way into Rust, usable in a process in which the app was started for a task only.
enum Rounds {
  /// Apart from the system's queues, since a round blocks while it waits for the server.
  static let queue = DispatchQueue(label: "app.gatebook.field.sync", qos: .utility, attributes: .concurrent)

  /// Where Tauri keeps the app's data. Asked for each time: an update of the app may move the container.
  static func dataDir() -> String? {
    guard
      let support = FileManager.default.urls(for: .applicationSupportDirectory, in: .userDomainMask).first,
      let app = Bundle.main.bundleIdentifier
    else { return nil }
    return support.appendingPathComponent(app).path
  }

  /// Runs one round for at most `seconds`. Blocks, so never on the main thread.
  static func run(seconds: Double) -> Outcome {
    guard let dataDir = dataDir() else { return .nothingToDo }
    let unmetered: Int32 = NetworkWatch.isUnmetered() ? 1 : 0
    let savesBattery: Int32 = ProcessInfo.processInfo.isLowPowerModeEnabled ? 1 : 0
    let code = dataDir.withCString { rustRound($0, seconds, unmetered, savesBattery) }
    let outcome = Outcome(rawValue: code) ?? .retry
    LastRound.keep(outcome)
    Notifications.show(dataDir)
    return outcome
  }

  /// The rounds under way end as soon as they can, with nothing half done.
  static func stop() {
    rustStop()
  }
}

/// How the last round that the system began ended, for the support page.
enum LastRound {
  private static let outcomeKey = "background_sync.last_outcome"
  private static let endedAtKey = "background_sync.last_ended_at"

  static func keep(_ outcome: Outcome) {
    UserDefaults.standard.set(outcome.name, forKey: outcomeKey)
    UserDefaults.standard.set(Int64(Date().timeIntervalSince1970 * 1000), forKey: endedAtKey)
  }

  static func find() -> (endedAt: Int64, outcome: String)? {
    guard
      let outcome = UserDefaults.standard.string(forKey: outcomeKey),
      let endedAt = UserDefaults.standard.object(forKey: endedAtKey) as? NSNumber
    else { return nil }
    return (endedAt.int64Value, outcome)
  }
}
