import CMartletZeroMQ
import Synchronization

/// A pipe that this process reads itself. What was written to it is kept should the process crash, when it gets no chance to
/// read it: it goes where it would have gone without the pipe.
package struct CrashOutput: Sendable {
  /// Which places are used; `nil` before the first.
  private static let places = Mutex<[Bool]?>(nil)

  private let place: Int32

  /// Forwards what is in a pipe if this process crashes. What handlers of crashes write after that, for example Swift's
  /// backtraces, is forwarded, too.
  ///
  /// Fails when there are too many: there is room for standard output and error of a few engines.
  ///
  /// - Parameters:
  ///   - pipe: the end that is read, which doesn't block.
  ///   - descriptor: what the other end has replaced.
  ///   - original: a duplicate of what was replaced.
  package init?(_ pipe: Int32, replacing descriptor: Int32, original: Int32) {
    let place = Self.places.withLock { places -> Int? in
      if places == nil { catch_crashes() }
      var used = places ?? Array(repeating: false, count: crash_output_limit)
      defer { places = used }
      guard let place = used.firstIndex(of: false) else { return nil }
      used[place] = true
      return place
    }
    guard let place else { return nil }
    self.place = Int32(place)
    use_crash_output(self.place, pipe, descriptor, original)
  }

  /// Keeps the end of what was read and has gone nowhere where it would survive.
  package func keep(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { keep_crash_output(place, $0.baseAddress, $0.count) }
  }

  /// Forgets what was kept.
  package func forget() { forget_crash_output(place) }

  /// The pipe is going to be closed.
  package func end() {
    end_crash_output(place)
    Self.places.withLock { $0?[Int(place)] = false }
  }
}
