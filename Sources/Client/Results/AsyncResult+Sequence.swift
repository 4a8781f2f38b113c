import Synchronization

/// A value that is a list, whose elements are available before all of them are known. Only `Array` conforms.
public protocol ResultList {
  /// The type of the elements.
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

  /// Hands out the elements in order, each as soon as its task has finished.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let result: AsyncResult<Value>
    let reading: Reading?
    var slot = 0
    var ready: ArraySlice<Value.Element> = []

    /// The next element; waits for its task.
    ///
    /// - Throws: the error that made the task fail, after which the iteration can go on; `CancellationError`.
    public mutating func next() async throws -> Value.Element? {
      while true {
        if let element = ready.popFirst() { return element }
        guard slot < result.state.total else { return nil }
        let current = slot
        try await result.abortingOnCancel { [result] in try await result.state.wait(for: .task(current)) }
        slot += 1
        ready = try result.takePart(current).resultElements[...]
      }
    }
  }

  /// An iterator over the elements in order.
  public func makeAsyncIterator() -> AsyncIterator {
    readers?.begin()
    return AsyncIterator(result: self, reading: reading)
  }

  /// Sets the pace of a call whose replies are let go once they are read.
  var reading: Reading? { state.isStreamed ? Reading(state) : nil }

  /// The elements with their positions in ``value``, in the order in which their tasks finish.
  ///
  /// The position of a gathered element depends on how many elements the engines before it hold, so the elements of
  /// ``DirectView/gather(_:of:)`` come in the order of the engines.
  public var asCompleted: CompletedElements<Value> { CompletedElements(result: self) }
}
