extension ConnectionFile {
  /// Reads the file, waiting for it to appear.
  ///
  /// It looks again after pauses that grow from 1 ms to 50 ms: folders that other machines share give no notice of new
  /// files. A file that is there but can't be used may be half written, so it gets a second to become whole.
  ///
  /// - Parameter timeout: how long to wait.
  /// - Throws: ``ConnectionError`` when the file isn't there in time or is unusable; `CancellationError`.
  public func read(within timeout: Duration) async throws -> ConnectionInfo {
    let start = ContinuousClock.now
    var deadline = start + timeout
    var hasAppeared = false
    var pause = Duration.milliseconds(1)
    while true {
      do {
        return try read()
      } catch {
        let now = ContinuousClock.now
        if !hasAppeared, exists {
          hasAppeared = true
          deadline = min(deadline, now + .seconds(1))
        }
        guard now < deadline else {
          guard exists || timeout <= .zero else { throw ConnectionError("\(error) (waited \(timeout) for it)") }
          throw error
        }
        try await Task.sleep(until: min(now + pause, deadline))
        pause = min(pause * 2, .milliseconds(50))
      }
    }
  }
}
