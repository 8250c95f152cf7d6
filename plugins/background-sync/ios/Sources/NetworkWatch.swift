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
      let isUnmetered = !ways.isEmpty && !path.isExpensive && !path.isConstrained
      let isNew = ways != self.last || isUnmetered != self.wasUnmetered
      self.last = ways
      self.wasUnmetered = isUnmetered
      if isNew && !ways.isEmpty { changed(isUnmetered) }
    }
    monitor.start(queue: queue)
  }

  deinit {
    monitor.cancel()
  }
}
