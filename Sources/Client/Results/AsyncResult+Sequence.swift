import Synchronization

/// Values that are lists, whose elements can be had before all are known. Only `Array` is one.
public protocol ResultList {
  /// What it is a list of.
  associatedtype Element
  /// The elements in order.
  var resultElements: [Element] { get }
}

extension Array: ResultList {
  /// The array itself.
  public var resultElements: [Element] { self }
}

extension AsyncResult: AsyncSequence where Value: ResultList {
  /// An element of the list.
  public typealias Element = Value.Element

  /// Hands out the elements in order, each as soon as its task is done.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let result: AsyncResult<Value>
    var slot = 0
    var ready: ArraySlice<Value.Element> = []

    /// The next element; waits for its task.
    ///
    /// - Throws: why that task failed; `CancellationError`.
    public mutating func next() async throws -> Value.Element? {
      while true {
        if let element = ready.popFirst() { return element }
        guard slot < result.state.total else { return nil }
        let current = slot
        try await result.abortingOnCancel { [result] in try await result.state.wait(for: .task(current)) }
        slot += 1
        ready = try result.part(current).resultElements[...]
      }
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(result: self) }

  /// The elements with their positions, in the order their tasks are done.
  public var asCompleted: CompletedElements<Value> { CompletedElements(result: self) }
}

/// The elements of a result in the order they became known.
public struct CompletedElements<Value: ResultList & Sendable>: AsyncSequence, Sendable {
  let result: AsyncResult<Value>

  /// An element and its position in the whole list.
  public typealias Element = (index: Int, element: Value.Element)

  /// Hands out the elements as their tasks are done.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let result: AsyncResult<Value>
    var taken = 0
    var ready: ArraySlice<Value.Element> = []
    var position = 0

    /// The next element; waits for any task.
    ///
    /// - Throws: why that task failed (the iteration can go on after it); `CancellationError`.
    public mutating func next() async throws -> Element? {
      while true {
        if let element = ready.popFirst() {
          defer { position += 1 }
          return (position, element)
        }
        guard taken < result.state.total else { return nil }
        let count = taken + 1
        try await result.abortingOnCancel { [result] in try await result.state.wait(for: .completions(count)) }
        let slot = result.state.storage.withLock { [taken] in $0.completed[taken] }
        taken = count
        position = result.shape.start(slot)
        ready = try result.part(slot).resultElements[...]
      }
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(result: result) }
}
