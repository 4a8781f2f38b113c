import Synchronization

/// What a call has to do with references: they must outlive it.
final class ReferenceUse: Sendable {
  private struct State: Sendable {
    /// Where the result is kept, until the reply says where that is.
    var kept: RemoteHolding?
    /// Let go when the call has succeeded; if it fails, they say why.
    var arguments: [RemoteHolding]
  }

  private let state: Mutex<State>
  /// The engine that has, or gets, the values of the arguments; `nil` if there are none.
  let target: RegisteredEngine?

  init(keeping kept: RemoteHolding?, arguments: [RemoteHolding] = [], target: RegisteredEngine? = nil) {
    state = Mutex(State(kept: kept, arguments: arguments))
    self.target = target
  }

  /// The values that are not where they are needed.
  var missing: [RemoteHolding] {
    guard let target else { return [] }
    return state.withLock { $0.arguments }.filter { !$0.isOn(target) }
  }

  /// The call's reply has come, or it has failed.
  func finished(_ reply: TaskReply?) {
    let hasSucceeded = reply?.status == "ok"
    let former = state.withLock { state in
      defer {
        state.kept = nil
        if hasSucceeded { state.arguments = [] }
      }
      return state
    }
    if let reply, hasSucceeded { former.kept?.isKept(reply) }
  }

  /// What an error says about the arguments.
  func explain(_ error: any Error) -> any Error {
    guard let target else { return error }
    for argument in state.withLock({ $0.arguments }) {
      let explained = argument.explain(error, on: target)
      if explained is ReferenceLost { return explained }
    }
    return error
  }
}
