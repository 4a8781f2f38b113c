import MartletWire
import MartletZeroMQ

@testable import MartletController

/// The driver of the hub.
extension SimulatedController {
  /// Reports to the hub, which reads a little later, or before it answers a request.
  func report(_ event: HubEvent) {
    backlog.append(event)
    if !lookAlarm.isSet { lookAlarm.set(at: now + .milliseconds(2), on: self) { self.readReports() } }
  }

  private func readReports() {
    lookAlarm.set(at: nil, on: self) {}
    hub.journalCoverage = journal?.coverage
    let events = backlog
    backlog = []
    for event in events {
      hub.monitor(event, at: moment)
      actHub()
    }
  }

  func request(_ type: String, id: String, _ content: JSONValue, from name: String) {
    readReports()
    do {
      hub.request(try world.records.request(type, id: id, content, from: name), at: moment)
    } catch {
      world.fail("a request to the hub can't be read: \(error)")
    }
    actHub()
  }

  func actHub() {
    for write in hub.writes {
      do {
        try store.perform(write)
      } catch {
        if error.code != .notFound { world.fail("the store fails: \(error)") }
      }
    }
    hub.writes = []
    while let action = hub.nextAction() { perform(action) }
    hubAlarm.set(at: hub.nextDeadline.map { ContinuousClock.Instant($0) }, on: self) {
      self.hub.advance(to: self.moment)
      self.actHub()
    }
  }

  private func answered(_ question: Int, _ answer: Result<TaskStoreAnswer, TaskStoreError>) {
    hub.storeAnswered(question, answer, at: moment) { "" }
    actHub()
  }

  private func perform(_ action: HubAction) {
    switch action {
    case .reply(let identities, let type, let parent, let content, _):
      let id = parent?.withSpan { try? MessageHeader(scanning: $0).messageID }
      guard let name = identities.first?.string, let id else { return world.fail("the hub answers nobody") }
      let isForEngine = [MessageType.registrationReply, MessageType.retirementReply].contains(type)
      _ = world.peer(name)?.link(isForEngine ? .registration : .query)
        .sendDown(.answer(to: id, type: type, content: content))
    case .notify: for client in world.clients { _ = client.link(.notification).sendDown(.notification) }
    case .engineRegistered(let uuid, let id, let abilities):
      world.ledger.registered(uuid, id: id)
      engineRegistered(uuid, id: id, abilities)
    case .engineReturned(let uuid, let id, let abilities, let tasks):
      engineRegistered(uuid, id: id, abilities, tasks: tasks)
    case .engineRestored(let uuid, let id):
      world.ledger.registered(uuid, id: id)
      after(Self.hop) { self.scheduler.engineAwaited(EngineIdentity(uuid), id: id) }
    case .engineRetires(let uuid): engineRetires(uuid)
    case .engineUnregistered(let uuid, let departure):
      world.ledger.unregistered(uuid, departure)
      engineUnregistered(uuid, departure)
      after(Self.hop) { self.hearts.estrange(EngineIdentity(uuid)) }
    case .awaitHeart(let uuid): after(Self.hop) { self.hearts.forget(EngineIdentity(uuid)) }
    case .watchHeart(let uuid): after(Self.hop) { self.hearts.watch(EngineIdentity(uuid)) }
    case .watchStrayHeart(let uuid): after(Self.hop) { self.hearts.estrange(EngineIdentity(uuid)) }
    case .order(let order, let uuid): _ = world.engine(uuid)?.link(.control).sendDown(.order(order))
    case .saveEngines: world.savedEngines = hub.engines.json
    case .ask(let query, let id):
      let found = Result { () throws(TaskStoreError) in try store.answer(query) }
      after(Self.hop) {
        guard case .results(let ids, _) = query, let journal = self.journal else { return self.answered(id, found) }
        let missing = JournaledTaskStore.missing(ids, in: found)
        journal.results(of: missing) { self.answered(id, JournaledTaskStore.adding($0, to: found)) }
      }
    case .log: break
    default: world.fail("the hub's driver does not know \(action)")
    }
  }
}
