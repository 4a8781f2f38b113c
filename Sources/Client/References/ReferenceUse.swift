import MartletWire
import Synchronization

/// What a call has to do with references: they must outlive it.
final class ReferenceUse: Sendable {
  typealias Submit = @Sendable (Client, ResultState, _ slot: Int) -> Void

  private struct State: Sendable {
    /// Where the result is kept, until the reply says where that is.
    var kept: RemoteHolding?
    /// Let go when all tasks have succeeded; if one fails, they say why.
    var arguments: CallReferences
    var unfinished: Int
    /// Sends a task again, until all have ended.
    var submit: Submit?
    /// The engines that were sent what they lacked, by task.
    var supplied: [Int: Set<String>] = [:]
  }

  private let state: Mutex<State>
  /// The engines to which the values are moved before that are kept somewhere. If it is empty, engines get them when they say
  /// that they lack them, as those that every engine should have.
  let targets: [RegisteredEngine]

  /// - Parameter tasks: how many tasks the call has.
  init(
    keeping kept: RemoteHolding? = nil, arguments: CallReferences, targets: [RegisteredEngine] = [], tasks: Int = 1
  ) {
    state = Mutex(State(kept: kept, arguments: arguments, unfinished: tasks))
    self.targets = targets
  }

  /// The engine that has, or gets, the values of the arguments of a single task; `nil` if any engine will do.
  var target: RegisteredEngine? { targets.first }

  /// The values that are not where they are needed.
  var missing: [(value: RemoteHolding, engine: RegisteredEngine)] {
    if targets.isEmpty { return [] }
    let kept = state.withLock { $0.arguments.kept }
    return kept.flatMap { value in targets.filter { !value.isOn($0) }.map { (value, $0) } }
  }

  /// The call's tasks are going to be sent.
  func begin(_ submit: @escaping Submit) {
    state.withLock { if !supplied($0.arguments).isEmpty { $0.submit = submit } }
  }

  /// The values that engines get when they lack them.
  private func supplied(_ arguments: CallReferences) -> [any SuppliedValue] {
    targets.isEmpty ? arguments.broadcast + arguments.kept : arguments.broadcast
  }

  /// A task's reply has come, or it has failed.
  func finished(_ reply: TaskReply?) {
    let hasSucceeded = reply?.status == "ok"
    let former = state.withLock { state in
      let former = state
      state.kept = nil
      if hasSucceeded { state.unfinished -= 1 }
      if state.unfinished == 0 { (state.arguments, state.submit) = (CallReferences(), nil) }
      return former
    }
    if let reply, hasSucceeded { former.kept?.isKept(reply) }
  }

  /// The value without which an engine could not begin with a task, and how to send the task again. An engine that lacks what
  /// it was sent for this task has no further chance.
  func lacking(_ reply: TaskReply, _ slot: Int) -> (value: any SuppliedValue, engine: String, submit: Submit)? {
    guard reply.status == "error" else { return nil }
    return state.withLock { state in
      guard let submit = state.submit else { return nil }
      guard let error = reply.failure(id: "", method: "", engineID: { _ in nil }) as? RemoteError,
        let engine = error.engineUUID, let value = supplied(state.arguments).first(where: { error.lacks($0.name) }),
        state.supplied[slot, default: []].insert("\(engine) \(value.name)").inserted
      else { return nil }
      return (value, engine, submit)
    }
  }

  /// What an error says about the arguments.
  func explain(_ error: any Error) -> any Error {
    let arguments = state.withLock { $0.arguments }
    for value in supplied(arguments) {
      guard let error = error as? RemoteError, error.lacks(value.name) else { continue }
      return ReferenceLost.nameGone(
        value.name, RegisteredEngine(id: error.engineID ?? -1, uuid: error.engineUUID ?? ""))
    }
    for value in arguments.kept {
      for target in targets {
        let explained = value.explain(error, on: target)
        if explained is ReferenceLost { return explained }
      }
    }
    return error
  }
}

extension RemoteError {
  /// Whether an engine says that it doesn't have a name.
  func lacks(_ name: String) -> Bool { ename == "NameError" && evalue.contains("'\(name)'") }
}
