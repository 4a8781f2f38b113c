import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite struct ApplyRunnerTests {
  private let runner: ApplyRunner

  init() throws {
    let functions: [any RemoteCallable] = [
      RemoteFunction("add") { (a: Int, b: Int) in a + b },
      RemoteFunction("unmet") { () throws -> Int in throw UnmetDependency() },
    ]
    runner = ApplyRunner(functions: try FunctionRegistry(functions), namespace: Namespace())
  }

  private func call(
    _ function: String, _ args: PickleValue..., kwargs: [(String, PickleValue)] = []
  ) async throws -> PickleValue {
    let buffers = ApplyCall.pack(function: function, args: args, kwargs: kwargs)
    let frames = try #require(try await runner.run(CallHead(buffers)))
    return try ResultBuffers.deserialize(frames).value
  }

  private func failure(_ function: String, _ args: PickleValue...) async -> RaisedError? {
    await failure(function, all: args)
  }

  private func failure(_ function: String, all args: [PickleValue]) async -> RaisedError? {
    do {
      _ = try await runner.run(CallHead(ApplyCall.pack(function: function, args: args)))
      return nil
    } catch {
      return error
    }
  }

  @Test func callsAFunctionByName() async throws {
    #expect(try await call("add", 2, 3) == .int(5))
  }

  @Test func pushAndPull() async throws {
    #expect(try await call(BuiltinFunction.push.rawValue, kwargs: [("a", 5), ("b", "x")]) == .none)
    #expect(try await call(BuiltinFunction.pull.rawValue, "a") == .int(5))
    #expect(try await call(BuiltinFunction.pull.rawValue, ["b", "a"]) == ["x", 5])
    #expect(try await call("add", .reference("a"), 1) == .int(6))
    #expect(await failure(BuiltinFunction.pull.rawValue, "c") == RaisedError("NameError", "name 'c' is not defined"))
    #expect(await failure(BuiltinFunction.pull.rawValue, "a.b")?.name == "SyntaxError")
    #expect(await failure("a")?.name == "TypeError")
  }

  @Test func referencesInContainersAreReplaced() async throws {
    _ = try await call(BuiltinFunction.push.rawValue, kwargs: [("a", 5)])
    _ = try await call(BuiltinFunction.push.rawValue, kwargs: [("b", [.reference("a"), 1])])
    #expect(try await call(BuiltinFunction.pull.rawValue, "b") == [5, 1])
  }

  @Test func mapsANamedFunction() async throws {
    let range = PickleValue.record(PickleRecord(module: "builtins", name: "range", args: [0, 6, 2]))
    #expect(try await call(BuiltinFunction.map.rawValue, .reference("add"), [10, 20, 30, 40], range) == [10, 22, 34])
    let array = PickleValue.array(try NDArray([1, 2, 3]))
    #expect(try await call(BuiltinFunction.map.rawValue, .reference("add"), array, array) == [2, 4, 6])
    #expect(await failure(BuiltinFunction.map.rawValue, .reference("add"), 5)?.name == "TypeError")
    #expect(await failure(BuiltinFunction.map.rawValue, "add", [1])?.name == "TypeError")
  }

  @Test func mapsWithArgumentsThatStayTheSame() async throws {
    let map = BuiltinFunction.mapWith.rawValue
    _ = try await call(BuiltinFunction.push.rawValue, kwargs: [("a", 5)])
    #expect(try await call(map, .reference("add"), 1, .reference("a"), [1, 2]) == [6, 7])
    #expect(try await call(map, .reference("add"), 0, [1, 2], [3, 4]) == [4, 6])
    for rest: [PickleValue] in [[], [1], [-1, [1], [2]], ["x", [1]], [.int(.max), [1]], [1, 5], [2, [1], [2]]] {
      #expect(await failure(map, all: [.reference("add")] + rest)?.name == "TypeError")
    }
    #expect(await failure(map, .reference("add"), 1, .reference("b"), [1])?.name == "NameError")
  }

  @Test func aRangeMayEndAtTheLimitsOfAnInteger() async throws {
    for (start, stop, step, expected) in [
      (Int.max - 1, Int.max, 5, [Int.max]), (.max - 3, .max, 2, [.max - 2, .max]), (.min + 1, .min, -5, [.min + 2]),
    ] {
      let range = PickleValue.record(
        PickleRecord(module: "builtins", name: "range", args: [.int(start), .int(stop), .int(step)]))
      let ones = PickleValue.list(expected.map { _ in .int(1) })
      #expect(
        try await call(BuiltinFunction.map.rawValue, .reference("add"), range, ones)
          == .list(expected.map { .int($0) }))
    }
  }

  @Test func aHostileRangeIsRefused() async {
    for (start, stop, step) in [(0, Int.max, 1), (Int.min, Int.max, 1), (0, 1, 0), (Int.max, Int.min, Int.min)] {
      let range = PickleValue.record(
        PickleRecord(module: "builtins", name: "range", args: [.int(start), .int(stop), .int(step)]))
      #expect(await failure(BuiltinFunction.map.rawValue, .reference("add"), range) != nil)
    }
  }

  @Test func failuresHavePythonNames() async throws {
    let unknown = await failure("nope")
    #expect(unknown?.name == "NameError")
    #expect(unknown?.value.contains("add(Int, Int) -> Int") == true)
    #expect(await failure("add", "x", 1)?.name == "TypeError")
    #expect(await failure("unmet")?.name == "UnmetDependency")
    let python = PickleValue.global(module: "os", name: "getcwd")
    do {
      _ = try await runner.run(CallHead(ApplyCall.pack(functionFrames: ResultBuffers.serialize(python))))
      Issue.record("a Python function was called")
    } catch {
      #expect(error.name == "TypeError")
      #expect(error.value.contains("os.getcwd"))
    }
  }

  @Test func malformedBuffersAreAnError() async {
    for buffers in [[], [Bytes("x")], [Bytes(), Bytes()]] {
      do {
        _ = try await runner.run(CallHead(buffers))
        Issue.record("malformed buffers were accepted")
      } catch {
        #expect(error.name == "PickleError")
      }
    }
  }

  @Test func functionNamesAreUnique() {
    let function = RemoteFunction("f") { 1 }
    #expect(throws: EngineRunError.self) { try FunctionRegistry([function, function]) }
  }
}

/// Which calls an engine with Python leaves to it.
@Suite struct ApplyRoutingTests {
  private let namespace = Namespace()
  private let lambda = PickleValue.record(
    PickleRecord(
      module: PickleRecord.canningModule, name: "CannedFunction", construction: .new,
      state: ["module": "__main__", "__name__": "<lambda>", "buffers": []]))

  private func isForPython(_ function: PickleValue, _ args: PickleValue..., kwargs: [(String, PickleValue)] = [])
    async throws -> Bool
  {
    let runner = ApplyRunner(
      functions: try FunctionRegistry([RemoteFunction("add") { (a: Int, b: Int) in a + b }]), namespace: namespace,
      hasPython: true)
    let frames = ApplyCall.pack(functionFrames: ResultBuffers.serialize(function), args: args, kwargs: kwargs)
    return try await runner.run(CallHead(frames)) == nil
  }

  private func helper(_ module: String, _ name: String) -> PickleValue {
    .record(
      PickleRecord(
        module: PickleRecord.canningModule, name: "CannedFunction", construction: .new,
        state: ["module": .string(module), "__name__": .string(name), "buffers": []]))
  }

  @Test func functionsOfSwiftAreSwifts() async throws {
    #expect(try await isForPython(.reference("add"), 1, 2) == false)
    for function in [.reference("other"), .reference("math.sqrt"), lambda, .global(module: "os", name: "getpid")] {
      #expect(try await isForPython(function) == true)
    }
  }

  @Test func plainValuesStayInSwiftUntilPythonStarts() async throws {
    let push = helper("ipyparallel.util", "_push")
    let pull = helper("ipyparallel.util", "_pull")
    #expect(try await isForPython(push, kwargs: [("a", [1, "x"])]) == false)
    #expect(try await isForPython(push, kwargs: [("f", lambda)]) == true)
    #expect(try await isForPython(push, kwargs: [("l", [lambda])]) == true)
    #expect(try await isForPython(push, kwargs: [("b", .reference("a"))]) == false)
    #expect(try await isForPython(push, kwargs: [("b", .reference("unknown"))]) == true)
    #expect(try await isForPython(pull, "a") == false)
    #expect(try await isForPython(pull, ["a", "b"]) == false)
    #expect(try await isForPython(pull, "a[0]") == true)
    await #expect(throws: RaisedError("NameError", "name 'unknown' is not defined")) {
      try await isForPython(pull, "unknown")
    }
    namespace.withState { $0.pythonStarts() }
    #expect(try await isForPython(push, kwargs: [("a", 1)]) == true)
    #expect(try await isForPython(pull, "a") == true)
    #expect(try await isForPython(.reference("add"), 1, 2) == false)
  }

  @Test func mapsGoWhereTheFunctionIs() async throws {
    let map = helper("ipyparallel.client.remotefunction", "_map")
    #expect(try await isForPython(map, .reference("add"), [1], [2]) == false)
    #expect(try await isForPython(map, .reference("other"), [1]) == true)
    #expect(try await isForPython(map, lambda, [1]) == true)
    #expect(try await isForPython(map) == true)
  }

  @Test func whatSwiftCannotReadPythonMay() async throws {
    let runner = ApplyRunner(functions: try FunctionRegistry([]), namespace: namespace, hasPython: true)
    #expect(try await runner.run(CallHead([Bytes("no pickle")])) == nil)
  }
}
