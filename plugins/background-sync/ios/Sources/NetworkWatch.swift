import Foundation
import Network

/// Tells when a way to the network comes, is replaced by another, or begins or ceases to cost; and whether its bytes are free.
final class NetworkWatch {
  private let monitor = NWPathMonitor()
  private let queue = DispatchQueue(label: "app.gatebook.field.network")
  private var last: [String] = []
  private var wasUnmetered = false

  init(changed: @escaping (Bool) -> Void) {
    monitor.pathUpdateHandler = { [weak self] path in
      guard let self = self else { return }
      let ways = path.status == .satisfied ? path.availableInterfaces.map { $0.name } : []
      let isUnmetered = isFree(path)
      let isNew = ways != self.last || isUnmetered != self.wasUnmetered
      self.last = ways
      self.wasUnmetered = isUnmetered
      if isNew && !ways.isEmpty { changed(isUnmetered) }
    }
    monitor.start(queue: queue)
  }

  /// Whether the bytes of the network as it is now are free, for a process that was told nothing. Blocks for a moment.
  static func isUnmetered() -> Bool {
    let monitor = NWPathMonitor()
    let told = DispatchSemaphore(value: 0)
    var isUnmetered = false
    monitor.pathUpdateHandler = { path in
      isUnmetered = isFree(path)
      told.signal()
    }
    monitor.start(queue: DispatchQueue(label: "app.gatebook.field.network.once"))
    defer { monitor.cancel() }
    guard told.wait(timeout: .now() + 1) == .success else { return false }
    return isUnmetered
  }

  deinit {
    monitor.cancel()
  }
}

private func isFree(_ path: NWPath) -> Bool {
  return path.status == .satisfied && !path.isExpensive && !path.isConstrained
}
