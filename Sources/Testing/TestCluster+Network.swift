import MartletClient
import MartletCluster
import MartletController

/// What the network between engines and controller does to messages. Results, heartbeats and output are messages, too.
extension TestCluster {
  /// From now on, whatever is sent to an engine or by it takes so much longer: a task waits for that time before it runs, and
  /// its result again. Order is kept.
  ///
  /// A long delay is a network that stalls: nothing arrives until the delay is set to zero, and then everything. The
  /// controller gives up an engine that it has not heard of for half a minute.
  ///
  /// ```swift
  /// await cluster.delay(client.engines[0], by: .milliseconds(200))
  /// ```
  /// - Parameters:
  ///   - engine: one of ``MartletClient/Client/engines``. Nothing happens if it isn't there any more.
  ///   - delay: the time; zero for none. It holds for messages that are on their way, too.
  public func delay(_ engine: RegisteredEngine, by delay: Duration) async {
    await network.delay(engine.uuid, by: delay)
  }

  /// Breaks the connections of an engine, which goes on with what it runs, but can't be reached until ``reconnect(_:)``. What
  /// was on its way is lost.
  ///
  /// The controller gives the engine up at once: the task that it runs is lost and fails with an `EngineError` or runs again
  /// elsewhere, as its view says, and those that wait there run elsewhere. Without the test it would take some seconds to notice.
  ///
  /// - Parameter engine: one of ``MartletClient/Client/engines``. Nothing happens if it isn't there any more.
  public func cutOff(_ engine: RegisteredEngine) async throws {
    guard await network.cutOff(engine.uuid) else { return }
    try await EngineObituary(uuids: [engine.uuid], reason: "was cut off by the test").send(
      to: controller.engineConnection)
  }

  /// Lets an engine that was cut off connect again. It registers with the id that it had, within a second or so: see
  /// ``MartletClient/Client/waitForEngines(_:timeout:)``.
  ///
  /// - Parameter engine: the engine as it was. Nothing happens if it isn't cut off. After a minute without connections it has
  ///   ended.
  public func reconnect(_ engine: RegisteredEngine) async throws { try await network.reconnect(engine.uuid) }

  /// The next task gets lost on its way to an engine: the next `apply` or code to be executed, or chunk of a map. The
  /// engine never runs it.
  ///
  /// As in a real cluster, the controller suspects that when the task has been unanswered for five seconds. It asks the engine,
  /// and then runs the task again, as its view says, or has it fail with a `RemoteError` named `TaskLost`.
  ///
  /// - Parameter engine: the engine that it is sent to; by default any.
  public func loseNextTask(to engine: RegisteredEngine? = nil) async { await network.lose(.task, engine: engine?.uuid) }

  /// The next result gets lost on its way back: the function has run, but nobody hears of it. What follows is the same as with
  /// ``loseNextTask(to:)``, so that a task that may be tried again runs twice.
  ///
  /// - Parameter engine: the engine that it comes from; by default any.
  public func loseNextResult(of engine: RegisteredEngine? = nil) async {
    await network.lose(.result, engine: engine?.uuid)
  }
}
