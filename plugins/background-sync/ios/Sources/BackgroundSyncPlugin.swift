import Tauri
import UIKit
import WebKit

struct StartArgs: Decodable {
  let dataDir: String
  let onNetwork: Channel
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
  private var pending = 0
  private var network: NetworkWatch?
  private var leaving: NSObjectProtocol?

  @objc public func start(_ invoke: Invoke) throws {
    let args = try invoke.parseArgs(StartArgs.self)
    network = NetworkWatch { unmetered in
      let now: JsonObject = ["unmetered": unmetered]
      args.onNetwork.send(now)
    }
    if leaving == nil {
      leaving = NotificationCenter.default.addObserver(
        forName: UIApplication.didEnterBackgroundNotification, object: nil, queue: .main
      ) { [weak self] _ in
        self?.left()
      }
    }
    Tasks.schedule(pending: pending)
    invoke.resolve()
  }

  @objc public func notePending(_ invoke: Invoke) throws {
    pending = try invoke.parseArgs(PendingArgs.self).count
    invoke.resolve()
  }

  @objc public func state(_ invoke: Invoke) {
    DispatchQueue.main.async {
      let last = LastRound.find().map { RoundState(endedAt: $0.endedAt, outcome: $0.outcome) }
      let restricted = UIApplication.shared.backgroundRefreshStatus != .available
      invoke.resolve(SyncState(supported: true, restricted: restricted, lastRound: last))
    }
  }

  /// From here on the process may be suspended or ended at any moment.
  private func left() {
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
