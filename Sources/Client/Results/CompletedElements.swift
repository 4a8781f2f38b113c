import Synchronization

/// The elements of a result with their positions, in the order in which their tasks finish.
public struct CompletedElements<Value: ResultList & Sendable>: AsyncSequence, Sendable {
  let result: AsyncResult<Value>

  /// An element and its position in the whole list.
  public typealias Element = (index: Int, element: Value.Element)

  /// Hands out the elements as their tasks finish.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let result: AsyncResult<Value>
    private let reading: Reading?
    private var taken = 0
    private var ready: ArraySlice<Value.Element> = []
    private var position = 0

    init(_ result: AsyncResult<Value>) {
      self.result = result
      reading = result.reading
    }

    /// The next element; waits for a task to finish.
    ///
    /// - Throws: the error that made a task fail, after which the iteration can go on; `CancellationError`.
    public mutating func next() async throws -> Element? {
      while true {
        if let element = ready.popFirst() {
          defer { position += 1 }
          return (position, element)
        }
        guard taken < result.state.total else { return nil }
        ready = try result.takePart(try await nextSlot()).resultElements[...]
      }
    }

    /// Waits for the next task to finish and moves to the position of its first element.
    private mutating func nextSlot() async throws -> Int {
      switch result.shape.offset {
      case .fixed(let start):
        try await wait(for: .completions(taken + 1))
        let slot = result.state.storage.withLock { [taken] in $0.completed[taken] }
        taken += 1
        position = start(slot)
        return slot
      case .afterEarlierParts:
        try await wait(for: .task(taken))
        // A task that failed has no elements, so the next part continues at the same position.
        defer { taken += 1 }
        return taken
      }
    }

    private func wait(for condition: ResultState.Condition) async throws {
      try await result.abortingOnCancel { [result] in try await result.state.wait(for: condition) }
    }
  }

  /// An iterator over the elements.
  public func makeAsyncIterator() -> AsyncIterator {
    result.readers?.begin()
    return AsyncIterator(result)
  }
}
