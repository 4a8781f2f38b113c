import MartletZeroMQ

/// A Swift function that clients call by name and engines run.
///
/// ```swift
/// let wordCount = RemoteFunction("wordCount") { (path: String) throws -> [String: Int] in … }
/// ```
/// Arguments and result travel as pickles and may be of any `Codable` type. Python clients can call the function as
/// `ipp.Reference("wordCount")`.
public struct RemoteFunction<each Argument: Codable & Sendable, Output: Codable & Sendable>: RemoteCallable {
  public let name: String
  public let concurrency: Int
  /// The frames that name the function in a call.
  package let reference: [Bytes]
  private let body: @Sendable (repeat each Argument) async throws -> Output

  /// Gives a function a name.
  ///
  /// - Parameters:
  ///   - name: unique among the functions of an engine. Should be a Python identifier, so that Python can refer to it.
  ///   - concurrency: how many calls may run at once on an engine, for functions that mostly wait, for a network for example.
  ///     Calls then take turns on the engine's thread at each `await`, and nothing else runs beside them. Default: 1, as for
  ///     functions that compute or that block.
  ///   - body: the function, which may be async and may throw.
  public init<Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body: @escaping @Sendable (repeat each Argument) async throws(Failure) -> Output
  ) {
    self.name = name
    self.concurrency = min(max(concurrency, 1), ConcurrencyLimit.value)
    // The compiler (6.3) can't convert a function with a pack of parameters and a typed error to one with any error.
    self.body = { (arguments: repeat each Argument) async throws -> Output in try await body(repeat each arguments) }
    reference = ResultBuffers.serialize(.reference(name))
  }

  public var signature: String {
    var types: [String] = []
    for type in repeat (each Argument).self { types.append("\(type)") }
    return "(\(types.joined(separator: ", "))) -> \(Output.self)"
  }

  nonisolated(nonsending) public func call(_ arguments: CallArguments) async throws -> PickleValue {
    var expected = 0
    for _ in repeat (each Argument).self { expected += 1 }
    guard arguments.keywords.isEmpty, arguments.positional.count == expected else {
      let keywords = arguments.keywords.map(\.0).joined(separator: ", ")
      let extra = keywords.isEmpty ? "" : " and the keywords \(keywords), which Swift functions don't take"
      throw ArgumentError(
        "\(name)\(signature) takes \(expected) arguments, got \(arguments.positional.count)\(extra)")
    }
    var reader = ArgumentReader(arguments: arguments, function: self.name) { signature }
    let output = try await body(repeat try reader.next((each Argument).self))
    return try PickleValue(encoding: output)
  }
}

/// Reads arguments one after the other; its error says which one does not fit.
private struct ArgumentReader {
  let arguments: CallArguments
  let function: String
  /// A closure, because the text is needed only for errors.
  let signature: () -> String
  var index = 0

  mutating func next<Value: Decodable & Sendable>(_ type: Value.Type) throws -> Value {
    defer { index += 1 }
    let value = arguments.positional[index]
    do {
      if let kept = arguments.kept[index], let value = try kept.decoded(as: type) { return value }
      return try value.decode(type)
    } catch {
      throw ArgumentError(
        "\(function)\(signature()): argument \(index + 1) should be \(type), got \(value.typeName) (\(error))")
    }
  }
}
