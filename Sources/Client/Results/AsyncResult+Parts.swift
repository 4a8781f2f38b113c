import Distributed
import MartletWire
import Synchronization

/// The tasks' parts of the value, and the value that they make up.
extension AsyncResult {
  func assemble() throws -> Value {
    guard let join = shape.join else { return try part(0) }
    var parts: [Value] = []
    var failures: [CompositeError.Failure] = []
    parts.reserveCapacity(state.total)
    for slot in 0..<state.total {
      do {
        parts.append(try reportedPart(slot))
      } catch let error as ClientError where error.code == .alreadyRead {
        throw error
      } catch {
        let context = error as? RemoteError ?? (error as? AttemptsFailed)?.context
        let error = (error as? RemoteError)?.original ?? error
        if state.total == 1 { throw error }
        failures.append(
          CompositeError.Failure(
            index: slot, engineID: metadata(of: slot).engineID ?? context?.engineID, error: error, context: context))
      }
    }
    guard failures.isEmpty else {
      throw CompositeError(method: state.method, total: state.total, failures: failures)
    }
    return try join(parts)
  }

  /// A task's part of the value.
  ///
  /// - Throws: the error of the function if this program has its type.
  func part(_ slot: Int) throws -> Value {
    do {
      return try reportedPart(slot)
    } catch let error as RemoteError {
      throw error.original ?? error
    }
  }

  /// A task's part of the value.
  ///
  /// - Throws: what the engine has reported.
  private func reportedPart(_ slot: Int) throws -> Value {
    try state.isStreamed ? streamedPart(slot) : read(slot)
  }

  /// Not inlined, because the types in it are looked up at run time, which most calls needn't pay for.
  @inline(never)
  private func streamedPart(_ slot: Int) throws -> Value {
    if let part = collected?[slot] { return try part.get() }
    if let outcome = elsewhere?(slot), let nothing = try outcome.get() as? Value { return nothing }
    return try read(slot)
  }

  /// A task's part of the value for somebody who needs it once.
  func takePart(_ slot: Int) throws -> Value {
    defer { state.didRead(slot) }
    return try part(slot)
  }

  func read(_ slot: Int) throws -> Value {
    let (outcome, output) = state.storage.withLock { state in
      (state.tasks.read(slot) { $0.outcome }, shape.addOutput == nil ? nil : state.outputs[slot])
    }
    guard let outcome else { throw ClientError(.timeout, "task \(slot) of \(state.method) has not finished") }
    let reply: TaskReply
    switch outcome {
    case .success(let success): reply = success
    case .failure(let error): throw explain(error, slot)
    }
    if reply.status != "ok" {
      let id = state.storage.withLock { $0.tasks.read(slot) { $0.id } }
      if let failure = reply.failure(id: id, method: state.method, engineID: client.engineID) {
        throw explain(
          failure, slot, reply.earlierAttempts(id: id, method: state.method, engineID: client.engineID), at: reply.date)
      }
    }
    var part = try decode(reply, slot)
    if let output { shape.addOutput?(&part, output) }
    return part
  }

  /// A task's part of the value. Handles of actors are rare, so that their system is only given to those who have missed it.
  private func decode(_ reply: TaskReply, _ slot: Int) throws -> Value {
    do {
      return try shape.part(reply, slot)
    } catch let error as ClientError where error.underlying is DistributedActorCodingError {
      guard let actors = client as? any ActorDecoding else { throw error }
      return try PickleDecoder.$userInfo.withValue(actors.actorDecodingInfo) { try shape.part(reply, slot) }
    }
  }

  /// What a task's error means to the caller, who may have used references and has had it tried several times.
  ///
  /// - Parameters:
  ///   - attempts: those of the scheduler before the one that has failed with this error.
  ///   - date: when that was.
  private func explain(
    _ error: any Error, _ slot: Int, _ attempts: [FailedAttempt] = [], at date: Timestamp? = nil
  ) -> any Error {
    let earlier = state.storage.withLock { $0.tasks.read(slot) { $0.earlierAttempts } }
    return (state.references?.explain(error) ?? error).after(earlier.flatMap(\.all) + attempts, at: date)
  }
}
