import Logging
import MartletWire
import MartletZeroMQ

/// Performing the actions of the state.
extension Hub {
  func perform(_ action: HubAction) {
    switch action {
    case .reply(let identities, let type, let parent, let content, let buffers):
      for identity in identities { outgoing.append(identity) }
      session.append(to: &outgoing, type: type, parent: parent, content: content.bytes.array, buffers: buffers)
      sendOutgoing(query: true)
    case .notify(let type, let parent, let content):
      session.append(to: &outgoing, type: type, parent: parent, content: content.bytes.array)
      sendOutgoing(query: false)
    case .engineRegistered(let uuid, let id, let abilities):
      for scheduler in schedulers { scheduler.engineRegistered(uuid, id: id, abilities) }
    case .engineRestored(let uuid, let id):
      taskScheduler?.engineAwaited(uuid, id: id)
      for scheduler in schedulers where !(scheduler is TaskScheduler) {
        scheduler.engineRegistered(uuid, id: id, EngineAbilities())
      }
    case .engineReturned(let uuid, let id, let abilities, let tasks):
      taskScheduler?.engineReturned(uuid, id: id, abilities, tasks: tasks)
    case .engineRetires(let uuid): taskScheduler?.engineRetires(uuid)
    case .engineUnregistered(let uuid, let departure):
      for scheduler in schedulers { scheduler.engineUnregistered(uuid, departure) }
      // It may beat on.
      hearts?.estrange(uuid)
    case .awaitHeart(let uuid): hearts?.forget(uuid)
    case .watchHeart(let uuid): hearts?.watch(uuid)
    case .watchStrayHeart(let uuid): hearts?.estrange(uuid)
    case .order(let order, let uuid): control?.send(order.messageType, order.content, toEngine: uuid)
    case .saveEngines: saveEngines()
    case .ask(let query, let id): store.ask(query) { answer in self.execute { $0.storeAnswered(id, answer) } }
    case .explain(let id, let asker):
      taskScheduler?.explain(id) { text in
        self.execute {
          $0.state.explained(id, text, to: asker)
          $0.act()
        }
      }
    case .countBacklog(let offer, let time, let asker):
      taskScheduler?.countBacklog(for: offer, time: time) { backlog in
        self.execute {
          $0.state.counted(backlog, to: asker)
          $0.act()
        }
      }
    case .resubmit(let header, let content, let buffers):
      taskScheduler?.resubmit(header: header, content: content, buffers: buffers)
    case .startDask(let arguments, let number):
      dask.start(arguments) { event in self.execute { $0.daskChanged(number, event) } }
    case .stopDask: dask.stop()
    case .shutDown: shutDown()
    case .log(let line): write(line)
    }
  }

  /// The task scheduler has no tasks any more on an engine that is about to leave.
  nonisolated func engineRetired(_ uuid: String) {
    execute {
      $0.state.engineRetired(uuid)
      $0.act()
    }
  }

  private func daskChanged(_ number: Int, _ event: DaskEvent) {
    state.daskChanged(number, event)
    act()
  }

  private func storeAnswered(_ id: Int, _ answer: Result<TaskStoreAnswer, TaskStoreError>) {
    state.storeAnswered(id, answer, at: .now) { "\(Session.randomID())_0" }
    act()
  }

  private func sendOutgoing(query toQuery: Bool) {
    do {
      let result = if toQuery { try query.send(&outgoing) } else { try notifier.send(&outgoing) }
      if result == .wouldBlock {
        sendFailures.log(.warning, "a peer does not read the hub's answers, one is dropped", to: logger)
      }
    } catch {
      sendFailures.log(.error, "the hub can't send", to: logger, metadata: [LogKey.reason: "\(error)"])
    }
    outgoing.removeAll()
  }
}
