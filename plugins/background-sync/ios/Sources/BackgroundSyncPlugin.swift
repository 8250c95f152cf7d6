import Tauri
import UIKit
import WebKit

struct StartArgs: Decodable {
  let dataDir: String
  let onSystem: Channel
  let onScreen: Channel
}

struct PendingArgs: Decodable {
  let count: Int
}

struct RoundState: Encodable {
  let endedAt: Int64
  let outcome: String
}

struct SyncState: Encodable {
  let supported: Bool
  let restricted: Bool
  let lastRound: RoundState?
}

/// The plugin's part while the app is open; `src/mobile.rs` calls it.
class BackgroundSyncPlugin: Plugin {
  // All of these on the main queue only.
  private var pending = 0
  private var unmetered = false
  private var network: NetworkWatch?
  private var observed: [NSObjectProtocol] = []
  private var onSystem: Channel?
  private var onScreen: Channel?

  @objc public func start(_ invoke: Invoke) throws {
    let args = try invoke.parseArgs(StartArgs.self)
    DispatchQueue.main.async {
      self.onSystem = args.onSystem
      self.onScreen = args.onScreen
      self.network = NetworkWatch { unmetered in
        DispatchQueue.main.async {
          self.unmetered = unmetered
          self.tellSystem(isNewWay: true)
        }
      }
      self.observe()
      self.tellSystem(isNewWay: false)
      // The system starts the app for a task too, and then nobody sees it.
      self.tell(onScreen: UIApplication.shared.applicationState == .active)
      Tasks.schedule(pending: self.pending)
    }
    invoke.resolve()
  }

  @objc public func notePending(_ invoke: Invoke) throws {
    let count = try invoke.parseArgs(PendingArgs.self).count
    DispatchQueue.main.async {
      let isMore = count > self.pending
      self.pending = count
      // Saved in the moment of leaving: what was asked for then knew nothing of it.
      if isMore && UIApplication.shared.applicationState == .background { self.askForRounds() }
    }
    invoke.resolve()
  }

  @objc public func state(_ invoke: Invoke) {
    DispatchQueue.main.async {
      let last = LastRound.find().map { RoundState(endedAt: $0.endedAt, outcome: $0.outcome) }
      let restricted = UIApplication.shared.backgroundRefreshStatus != .available
      invoke.resolve(SyncState(supported: true, restricted: restricted, lastRound: last))
    }
  }

  private func observe() {
    guard observed.isEmpty else { return }
    on(UIApplication.didBecomeActiveNotification) { $0.tell(onScreen: true) }
    // From here on the process may be suspended or ended at any moment.
    on(UIApplication.didEnterBackgroundNotification) {
      $0.tell(onScreen: false)
      $0.askForRounds()
    }
    on(.NSProcessInfoPowerStateDidChange) { $0.tellSystem(isNewWay: false) }
  }

  private func on(_ name: Notification.Name, _ act: @escaping (BackgroundSyncPlugin) -> Void) {
    let observer = NotificationCenter.default.addObserver(forName: name, object: nil, queue: .main) { [weak self] _ in
      if let self = self { act(self) }
    }
    observed.append(observer)
  }

  private func tellSystem(isNewWay: Bool) {
    let savesBattery = ProcessInfo.processInfo.isLowPowerModeEnabled
    let now: JsonObject = ["unmetered": unmetered, "savesBattery": savesBattery, "isNewWay": isNewWay]
    onSystem?.send(now)
  }

  private func tell(onScreen isOnScreen: Bool) {
    let now: JsonObject = ["onScreen": isOnScreen]
    onScreen?.send(now)
  }

  private func askForRounds() {
    Tasks.schedule(pending: pending)
    if pending > 0 {
      MainActor.assumeIsolated { Tasks.runWhileLeaving() }
    }
  }
}

@_cdecl("init_plugin_background_sync")
func initPlugin() -> Plugin {
  return BackgroundSyncPlugin()
}
