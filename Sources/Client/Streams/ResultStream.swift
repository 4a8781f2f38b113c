/// The results of a function called with each element of a sequence, which may be endless, at the pace of the reader.
///
/// ```swift
/// for try await record in client.loadBalanced().stream(parse, over: lines, window: 64) { … }
/// ```
/// The tasks begin at once. Elements are taken from the source while fewer than the window are under way or have not been
/// read, so memory doesn't grow with their number. Each result is handed out once, to whoever asks first.
///
/// When the last copy of a stream and of its iterators is gone, or ``cancel()`` is called, no more elements are taken and
/// the tasks that have not started are aborted.
public struct ResultStream<Output: Sendable>: AsyncSequence, Sendable {
  let feed: StreamFeed<Output>
  private let lifetime: StreamLifetime

  init(_ feed: StreamFeed<Output>, feeder: Task<Void, Never>) {
    self.feed = feed
    lifetime = StreamLifetime(feeder)
  }

  /// Hands out the results.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let stream: ResultStream

    /// The next result; `nil` after the last one.
    ///
    /// - Throws: what made the task of the next element fail, after which the iteration can go on, see
    ///   ``AsyncResult/value``; the source's error; `CancellationError`.
    public mutating func next() async throws -> Output? { try await stream.feed.next()?.outcome.get() }
  }

  /// An iterator over the results.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }

  /// The results and errors with the positions of their elements in the source, so that one failure doesn't end a loop.
  public var outcomes: StreamOutcomes<Output> { StreamOutcomes(stream: self) }

  /// Takes no more elements and aborts the tasks that have not started. Those under way end with `CancellationError` or
  /// ``TaskAborted``.
  public func cancel() { lifetime.feeder.cancel() }
}

/// The outcomes of a ``ResultStream`` with the positions of their elements.
public struct StreamOutcomes<Output: Sendable>: AsyncSequence, Sendable {
  let stream: ResultStream<Output>

  /// The position of an element in the source, counted from 0, and its result or what made its task fail.
  public typealias Element = (index: Int, outcome: Result<Output, any Error>)

  /// Hands out the outcomes.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let stream: ResultStream<Output>

    /// The next outcome; `nil` after the last one.
    ///
    /// - Throws: the source's error; `CancellationError`.
    public mutating func next() async throws -> Element? { try await stream.feed.next() }
  }

  /// An iterator over the outcomes.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: stream) }
}

/// Ends the feeding of a stream that nobody can read any more.
private final class StreamLifetime: Sendable {
  let feeder: Task<Void, Never>

  init(_ feeder: Task<Void, Never>) { self.feeder = feeder }

  deinit { feeder.cancel() }
}
