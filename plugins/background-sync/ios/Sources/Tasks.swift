import BackgroundTasks
import UIKit

/// What the system is asked to run while the app is not open.
enum Tasks {
  /// As in Info.plist; the system refuses any other.
  static let refresh = "app.gatebook.field.sync.refresh"
  static let processing = "app.gatebook.field.sync.processing"

  /// About 30 seconds are given to a refresh; some are left for ending well.
  private static let refreshSeconds = 25.0
  /// Minutes are given to processing, and taken back by the expiration handler.
  private static let processingSeconds = 5.0 * 60.0
  /// A hint to the system, which decides itself.
  private static let notBefore = 15.0 * 60.0

  /// Before the app has finished launching; the system raises an exception for anything later.
  static func register() {
    for (identifier, seconds) in [(refresh, refreshSeconds), (processing, processingSeconds)] {
      BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
        run(task, seconds: seconds)
      }
    }
  }

  /// Asks for the next tasks. A request takes the place of an earlier one of the same name.
  static func schedule(pending: Int) {
    let next = BGAppRefreshTaskRequest(identifier: refresh)
    next.earliestBeginDate = Date(timeIntervalSinceNow: notBefore)
    submit(next)
    guard pending > 0 else { return }
    let longer = BGProcessingTaskRequest(identifier: processing)
    longer.requiresNetworkConnectivity = true
    longer.requiresExternalPower = false
    submit(longer)
  }

  private static func submit(_ request: BGTaskRequest) {
    do {
      try BGTaskScheduler.shared.submit(request)
    } catch {
      // In the simulator, or switched off by the person: the other triggers do.
      NSLog("Gatebook: the system takes no background task %@: %@", request.identifier, "\(error)")
    }
  }

  private static func run(_ task: BGTask, seconds: Double) {
    // First, so that a round that is stopped has a successor.
    schedule(pending: 0)
    task.expirationHandler = { Rounds.stop() }
    Rounds.queue.async {
      let outcome = Rounds.run(seconds: seconds)
      if outcome == .retry { schedule(pending: 1) }
      task.setTaskCompleted(success: outcome != .retry)
    }
  }

  /// The app was left while something waits: the seconds that the system gives are used for a round at once.
  @MainActor
  static func runWhileLeaving() {
    let time = LeavingTime()
    time.begin()
    Rounds.queue.async {
      _ = Rounds.run(seconds: refreshSeconds)
      DispatchQueue.main.async { time.end() }
    }
  }
}

/// Time asked from the system when the app is left. It must be given back, or the app is killed.
@MainActor
private final class LeavingTime {
  private var identifier = UIBackgroundTaskIdentifier.invalid

  func begin() {
    identifier = UIApplication.shared.beginBackgroundTask(withName: "app.gatebook.field.sync.leaving") { [weak self] in
      Rounds.stop()
      self?.end()
    }
  }

  func end() {
    guard identifier != .invalid else { return }
    UIApplication.shared.endBackgroundTask(identifier)
    identifier = .invalid
  }
}

/// Called by the app's `main` before it starts Tauri.
@_cdecl("gatebook_background_register")
public func registerTasks() {
  Tasks.register()
}
