import MartletWire
import Synchronization

/// What a call has to do with references: they must outlive it.
final class ReferenceUse: Sendable {
  typealias Submit = @Sendable (Client, ResultState, _ slot: Int) -> Void
  /// Where a task is sent.
  typealias Address = (target: RegisteredEngine, metadata: [UInt8])
  typealias Choose = @Sendable ([RemoteHolding]) throws -> Address

  private struct State: Sendable {
    /// Where the result is kept, until the reply says where that is.
    var kept: RemoteHolding?
    /// Let go when all tasks have succeeded; if one fails, they say why.
    var arguments: CallReferences
    var unfinished: Int
    /// Sends a task again, until all have ended; `nil` if nothing helps one that could not begin.
    var submit: Submit?
    /// The engines that were sent what they lacked, by task.
    var supplied: [Int: Set<String>] = [:]
    /// The engines to which the values are moved before that are kept somewhere. If it is empty, engines get them when they
    /// say that they lack them, as those that every engine should have.
    var targets: [RegisteredEngine]
    /// Chooses another engine for a single task when values were lost and computed again; `nil` if it has to be the first.
    var choose: Choose?
    /// What was chosen then.
    var address: Address?

    /// The values that engines get when they lack them.
    var suppliedValues: [any SuppliedValue] {
      arguments.broadcast + arguments.kept.filter { targets.isEmpty || $0.isRecomputable }
    }
  }

  /// What is let go when all tasks have succeeded. Not a tuple: a closure in one is wrapped into another.
  private struct Ended {
    var kept: RemoteHolding?
    var arguments = CallReferences()
    var submit: Submit?
    var choose: Choose?
  }

  /// The engine that has, or gets, the values of the arguments of a single task; `nil` if any engine will do.
  let target: RegisteredEngine?
  /// Whether a single task can only run on one engine.
  let isBound: Bool
  private let state: Mutex<State>
  private let isPlaced: Bool
  /// Whether a single task may go to another engine when values were lost.
  private let hasChoice: Bool
  /// Whether a task that could not begin may be helped.
  private let canRemedy: Bool

  /// - Parameters:
  ///   - isPlaced: whether the values are known to be on the target.
  ///   - tasks: how many tasks the call has.
  ///   - choose: chooses another engine for a single task when values were lost and computed again.
  init(
    keeping kept: RemoteHolding? = nil, arguments: CallReferences, targets: [RegisteredEngine] = [],
    isPlaced: Bool = false, tasks: Int = 1, choose: Choose? = nil
  ) {
    target = targets.first
    isBound = !targets.isEmpty && choose == nil
    self.isPlaced = isPlaced
    hasChoice = choose != nil
    canRemedy =
      choose != nil || !arguments.broadcast.isEmpty
      || arguments.kept.contains { targets.isEmpty || $0.isRecomputable }
    state = Mutex(State(kept: kept, arguments: arguments, unfinished: tasks, targets: targets, choose: choose))
  }

  /// The metadata that tells the scheduler where a single task goes; `nil` if that is still what it was at first.
  var metadata: [UInt8]? { hasChoice ? state.withLock { $0.address?.metadata } : nil }

  /// Whether values have to be moved or computed again before the tasks are sent.
  var isWaiting: Bool {
    if isPlaced { return false }
    let (targets, kept) = state.withLock { ($0.targets, $0.arguments.kept) }
    return kept.contains { value in targets.contains { !value.isOn($0) } } || isUnsettled
  }

  /// Whether a single task needs another engine, because values are lost or the engine is gone.
  private var isUnsettled: Bool {
    guard hasChoice else { return false }
    let (targets, kept) = state.withLock { ($0.targets, $0.arguments.kept) }
    guard let client = kept.first?.client else { return false }
    return targets.contains { !client.isRegistered($0) } || kept.contains { $0.isNowhere }
  }

  /// The values that are not where they are needed.
  private var missing: [(value: RemoteHolding, engine: RegisteredEngine)] {
    let (targets, kept) = state.withLock { ($0.targets, $0.arguments.kept) }
    return kept.flatMap { value in targets.filter { !value.isOn($0) }.map { (value, $0) } }
  }

  /// Has values computed again that are lost, and moved to where they are needed.
  ///
  /// - Throws: ``ReferenceLost``; what keeps a value from being computed or moved.
  func settle() async throws {
    if isUnsettled {
      let (kept, choose) = state.withLock { ($0.arguments.kept, $0.choose) }
      for value in kept { try await value.place() }
      if let address = try choose?(kept) { state.withLock { ($0.targets, $0.address) = ([address.target], address) } }
    }
    for (value, engine) in missing { try await value.move(to: engine) }
  }

  /// The call's tasks are going to be sent.
  func begin(_ submit: @escaping Submit) {
    if canRemedy { state.withLock { $0.submit = submit } }
  }

  /// A task's reply has come, or it has failed.
  func finished(_ reply: TaskReply?) {
    let hasSucceeded = reply?.status == "ok"
    // What is let go may be the last of its kind, and end outside the lock.
    let ended = state.withLock { state in
      if hasSucceeded { state.unfinished -= 1 }
      var ended = Ended(kept: state.kept.take())
      guard state.unfinished == 0 else { return ended }
      swap(&ended.arguments, &state.arguments)
      swap(&ended.submit, &state.submit)
      swap(&ended.choose, &state.choose)
      return ended
    }
    withExtendedLifetime(ended) {
      if let reply, hasSucceeded { ended.kept?.isKept(reply) }
    }
  }

  /// What helps a task that could not begin, because its engine lacks a value or is gone with one that can be computed again;
  /// `nil` if nothing does. An engine that lacks what it was sent for this task has no further chance.
  ///
  /// A task whose engine is gone ends when this client knows that, even if nothing helps: what its references say then is true.
  ///
  /// - Parameter submitted: when the task was sent.
  func remedy(_ reply: TaskReply, _ slot: Int, submitted: Timestamp) -> Remedy? {
    let former = state.withLock { $0 }
    guard !former.arguments.isEmpty, let failure = reply.failure(id: "", method: "", engineID: { _ in nil })
    else { return nil }
    let submit = former.submit
    let couldNotBegin = (failure as? RemoteError)?.ename == "ImpossibleDependency"
    if couldNotBegin || failure is EngineError, !former.targets.isEmpty,
      let client = former.arguments.kept.first?.client
    {
      return Remedy(client: client, submit: submit) {
        guard (try? await client.learnDepartures(of: former.targets)) != nil, couldNotBegin, self.isUnsettled
        else { return false }
        try await self.settle()
        return true
      }
    }
    guard let error = failure as? RemoteError else { return nil }
    guard let engine = error.engineUUID, let value = former.suppliedValues.first(where: { error.lacks($0.name) }),
      state.withLock({ $0.supplied[slot, default: []].insert("\(engine) \(value.name)").inserted })
    else { return nil }
    return Remedy(client: value.client, submit: submit) {
      try await value.supply(engine, lacking: submitted)
      return true
    }
  }

  /// What an error says about the arguments.
  func explain(_ error: any Error) -> any Error {
    let state = state.withLock { $0 }
    for value in state.suppliedValues {
      guard let error = error as? RemoteError, error.lacks(value.name) else { continue }
      return ReferenceLost.nameGone(
        value.name, RegisteredEngine(id: error.engineID ?? -1, uuid: error.engineUUID ?? ""))
    }
    for value in state.arguments.kept {
      for target in state.targets {
        let explained = value.explain(error, on: target)
        if explained is ReferenceLost { return explained }
      }
    }
    return error
  }
}

/// What is done before a task is sent again that could not begin.
struct Remedy: Sendable {
  let client: Client
  /// `nil` if it can't help.
  let submit: ReferenceUse.Submit?
  /// Gives false if it doesn't help.
  let prepare: @Sendable () async throws -> Bool
}

extension RemoteError {
  /// Whether an engine says that it doesn't have a name.
  func lacks(_ name: String) -> Bool { ename == "NameError" && evalue.contains("'\(name)'") }
}
