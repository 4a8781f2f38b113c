import MartletWire

extension ConnectionFile {
  /// Waits until the file is there. Files on shared folders give no notice, so it looks every 50 ms.
  ///
  /// - Parameters:
  ///   - timeout: for how long.
  ///   - unless: asked at every look; true ends the waiting.
  /// - Throws: `ConnectionError` when the file isn't there in time; `CancellationError`.
  public func appears(within timeout: Duration, unless isHopeless: @Sendable () async -> Bool = { false }) async throws
  {
    let deadline = ContinuousClock.now + timeout
    while !exists {
      guard ContinuousClock.now < deadline, await !isHopeless() else {
        throw ConnectionError("no connection file at \(path): is a controller running? (martlet start -n 4 starts one)")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }
}
