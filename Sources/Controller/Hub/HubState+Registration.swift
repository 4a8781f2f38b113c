import DequeModule
import MartletWire
import MartletZeroMQ

/// Registration and removal of engines.
extension HubState {
  /// Handles an engine's request for registration: `{uuid, id?, returns_tasks?}`.
  mutating func register(_ asker: Asker, _ content: JSONValue, at now: Moment) throws(HubError) {
    guard let uuid = content["uuid"]?.stringValue, EngineTable.isUUID(uuid) else {
      throw .value("a registration_request needs a uuid of 1 to 255 bytes")
    }
    let deadline = now.instant + configuration.registrationTimeout
    let returnAfter = content["returns_tasks"]?.boolValue ?? false ? configuration.returnAfter : nil
    let engine: EngineTable.Engine
    do {
      engine = try engines.accept(
        uuid: uuid, requestedID: content["id"]?.intValue, returnsTasks: returnAfter != nil, deadline: deadline)
    } catch {
      act(.log(.registrationRefused(uuid: uuid, reason: error.evalue)))
      reply(asker, MessageType.registrationReply, error.content)
      return
    }
    stalls.append((deadline, uuid))
    act(.awaitHeart(uuid: uuid))
    var answer: [String: JSONValue] = [
      "status": "ok", "id": .int(engine.id), "hb_period": .int(configuration.heartbeatPeriod.milliseconds),
      "connection_info": configuration.engineInfo,
    ]
    if let returnAfter { answer["return_after"] = .int(returnAfter.milliseconds) }
    reply(asker, MessageType.registrationReply, .object(answer))
  }

  /// Completes the registration of an engine whose heart has started to beat.
  mutating func heartStarted(_ uuid: String, at now: Moment) {
    guard let engine = engines.finish(uuid: uuid, now: now.instant) else { return }
    announce(engine)
    act(.saveEngines)
  }

  /// Handles an engine's heart that stopped.
  mutating func heartStopped(_ uuid: String, at now: Moment) {
    guard let id = engines.idsByUUID[uuid] else {
      act(.log(.lateHeart(uuid: uuid, isExpected: expectedStops.contains(uuid))))
      return
    }
    unregister(id, .silent, at: now)
  }

  /// Removes an engine: at its own request, because its heart stopped, or because it was shut down.
  mutating func unregister(_ id: Int, _ departure: EngineDeparture, at now: Moment) {
    guard let (engine, work) = engines.remove(id) else {
      if let waiting = engines.incoming.values.first(where: { $0.id == id }) { _ = engines.cancel(uuid: waiting.uuid) }
      return
    }
    expectedStops.insert(engine.uuid)
    strandings.append(
      Stranding(
        left: now.instant, deadline: now.instant + configuration.registrationTimeout, engine: engine,
        queue: requests.release(work)))
    act(.log(.engineUnregistered(id: id, uuid: engine.uuid)))
    act(.engineUnregistered(uuid: engine.uuid, departure))
    act(.saveEngines)
    notify(MessageType.unregistrationNotification, of: engine)
  }

  /// Restores the engines of an earlier controller.
  mutating func restore(_ table: JSONValue) {
    for engine in engines.restore(table) { announce(engine) }
  }

  /// Publishes recent notifications again because a client has subscribed. It missed the ones for engines that joined
  /// or left since the reply to its connection_request. Clients that have already seen them ignore the duplicates.
  mutating func subscribed(at now: Moment) {
    let isRecent = { (time: ContinuousClock.Instant) in now.instant - time < Self.subscriptionDelay }
    for stranding in strandings where isRecent(stranding.left) && engines.engines[stranding.engine.id] == nil {
      notify(MessageType.unregistrationNotification, of: stranding.engine)
    }
    let newcomers = engines.engines.values.filter { $0.registered.map(isRecent) ?? false }
    for engine in newcomers.sorted(by: { $0.id < $1.id }) { notify(MessageType.registrationNotification, of: engine) }
  }

  /// The longest time from the reply to a connection_request to the subscription.
  private static let subscriptionDelay = Duration.seconds(10)

  private mutating func notify(_ type: String, of engine: EngineTable.Engine) {
    act(.notify(type: type, parent: nil, content: ["id": .int(engine.id), "uuid": .string(engine.uuid)]))
  }

  private mutating func announce(_ engine: EngineTable.Engine) {
    act(.watchHeart(uuid: engine.uuid))
    act(.engineRegistered(uuid: engine.uuid, id: engine.id, returnsTasks: engine.returnsTasks))
    act(.log(.engineRegistered(id: engine.id, uuid: engine.uuid)))
    notify(MessageType.registrationNotification, of: engine)
  }

  /// Fails the requests that a dead engine never answered.
  mutating func endStranded(_ stranding: Stranding, at now: Moment) {
    let engine = stranding.engine
    for id in stranding.queue where requests.giveUp(id, of: engine.uuid, &engines) == true {
      let error = HubError(ename: "EngineError", evalue: "Engine \(engine.id) died while running task '\(id)'")
      write(.update(.failure(error, engine: engine.uuid, at: now.date), of: id))
    }
  }
}

extension Duration {
  /// The duration in whole milliseconds.
  fileprivate var milliseconds: Int { Int(self / .milliseconds(1)) }
}

extension TaskRecordUpdate {
  /// An update that completes a task with an error from the hub.
  static func failure(_ error: HubError, engine: String?, at date: Timestamp) -> TaskRecordUpdate {
    var header: [String: JSONValue] = ["date": .string(date.text)]
    if let engine { header["engine"] = .string(engine) }
    var update = TaskRecordUpdate()
    update.resultContent = error.content.bytes
    update.resultHeader = JSONValue.object(header).bytes
    update.resultBuffers = []
    update.completed = date
    update.engineUUID = engine
    return update
  }
}
