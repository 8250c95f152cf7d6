import Network

/// Tells when a way to the network comes or is replaced by another.
final class NetworkWatch {
  private let monitor = NWPathMonitor()
  private let queue = DispatchQueue(label: "app.gatebook.field.network")
  private var last: [String]?

  init(changed: @escaping () -> Void) {
    monitor.pathUpdateHandler = { [weak self] path in
      guard let self = self else { return }
      let ways = path.status == .satisfied ? path.availableInterfaces.map { $0.name } : []
      let isFirst = self.last == nil
      let isNew = ways != self.last
      self.last = ways
      if isNew && !isFirst && !ways.isEmpty { changed() }
    }
    monitor.start(queue: queue)
  }

  deinit {
    monitor.cancel()
  }
}
