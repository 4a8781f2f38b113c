import MartletWire
import MartletZeroMQ

/// What the hub tells the scheduler, and asks it.
extension TaskScheduler {
  /// An engine can take tasks.
  nonisolated func engineRegistered(_ uuid: String, id: Int, _ abilities: EngineAbilities) {
    engineReturned(uuid, id: id, abilities, tasks: nil)
  }

  /// An engine of an earlier controller is to come back.
  nonisolated func engineAwaited(_ uuid: String, id: Int) {
    execute { $0.state.engineAwaited(EngineIdentity(uuid), id: id) }
  }

  /// An engine can take tasks, and may have some of an earlier controller's.
  ///
  /// - Parameter tasks: those that it has or has answered, and which attempt at each; `nil` if it doesn't tell.
  nonisolated func engineReturned(_ uuid: String, id: Int, _ abilities: EngineAbilities, tasks: [String: Int]?) {
    execute {
      // Replies that it has sent again may be in the socket, and they count.
      $0.readEngines()
      $0.names.insert(uuid)
      $0.state.engineRegistered(EngineIdentity(uuid), id: id, abilities, tasks: tasks, now: .now)
      $0.act()
    }
  }

  /// An engine is about to leave and takes no more tasks.
  nonisolated func engineRetires(_ uuid: String) {
    execute {
      $0.readEngines()
      $0.state.engineRetires(EngineIdentity(uuid), now: .now)
      $0.act()
    }
  }

  /// An engine is gone.
  nonisolated func engineUnregistered(_ uuid: String, _ departure: EngineDeparture) {
    execute {
      // Replies the engine sent before it went may still be in the socket, and they count.
      $0.readEngines()
      $0.names.remove(uuid)
      let engine = EngineIdentity(uuid)
      $0.state.engineUnregistered(engine, departure, unsent: $0.takeUnsent(of: engine), now: .now)
      $0.act()
    }
  }

  /// Ends queued tasks as aborted.
  nonisolated func abort(_ ids: [String]) {
    execute {
      $0.state.abort(ids: ids)
      $0.act()
    }
  }

  /// Says where a task is and what it waits for; `nil` if it is unknown.
  nonisolated func explain(_ id: String, then answer: @escaping @Sendable (String?) -> Void) {
    execute {
      // The task may wait in the socket.
      $0.readClients()
      answer($0.state.explanation(of: id, now: .now))
    }
  }

  /// Counts the tasks that another engine could take, see ``TaskSchedulerState/backlog(for:time:now:)``.
  nonisolated func countBacklog(
    for offer: Resources, time: Duration?, then answer: @escaping @Sendable (TaskBacklog) -> Void
  ) {
    execute { answer($0.state.backlog(for: offer, time: time, now: .now)) }
  }

  /// Submits a task once more on behalf of the hub; no socket expects the reply.
  nonisolated func resubmit(header: [UInt8], content: Bytes, buffers: [Bytes]) {
    execute { scheduler in
      var message = Multipart()
      message.append(Bytes("hub"))
      scheduler.session.append(to: &message, header: header, content: content.array, buffers: buffers)
      do throws(WireError) {
        try scheduler.submit(&message)
      } catch {
        scheduler.clients.refuse(error)
      }
      scheduler.act()
    }
  }
}
