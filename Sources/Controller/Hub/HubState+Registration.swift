import DequeModule
import MartletWire
import MartletZeroMQ

/// Registration and removal of engines.
extension HubState {
  /// Handles an engine's request for registration: `{uuid, id?, returns_tasks?, resources?, time_left?, concurrent?,
  /// reregisters?, tasks?}`.
  mutating func register(_ asker: Asker, _ content: JSONValue, at now: Moment) throws(HubError) {
    guard let uuid = content["uuid"]?.stringValue, EngineTable.isUUID(uuid) else {
      throw .value("a registration_request needs a uuid of 1 to 255 bytes")
    }
    let reregisters = content["reregisters"]?.boolValue ?? false
    // It may have been asked to register again although it is known, or not have received the reply.
    let abilities = try abilities(of: content, at: now)
    let tasks = (content["tasks"]?.objectValue)?.compactMapValues(\.intValue)
    if reregisters, var known = engines.known(uuid) {
      engines.noteReregistration(of: known)
      if engines.noteReturn(of: known, abilities) {
        known.abilities = abilities
        act(.engineReturned(uuid: uuid, id: known.id, abilities, tasks: tasks))
        if retiring[uuid] != nil { act(.engineRetires(uuid: uuid)) }
        act(.saveEngines)
      }
      return accept(known, asker, tasks: tasks)
    }
    let deadline = now.instant + configuration.registrationTimeout
    let engine: EngineTable.Engine
    do {
      engine = try engines.accept(
        uuid: uuid, requestedID: content["id"]?.intValue, abilities: abilities, reregisters: reregisters,
        tasks: configuration.hasJournal ? tasks : nil, deadline: deadline)
    } catch {
      act(.log(.registrationRefused(uuid: uuid, reason: error.evalue)))
      reply(asker, MessageType.registrationReply, error.content)
      return
    }
    strayHearts.forget(uuid)
    stalls.append((deadline, uuid))
    act(.awaitHeart(uuid: uuid))
    accept(engine, asker, tasks: tasks)
  }

  private func abilities(of content: JSONValue, at now: Moment) throws(HubError) -> EngineAbilities {
    var abilities = EngineAbilities()
    abilities.returnsTasks = configuration.returnAfter != nil && content["returns_tasks"]?.boolValue ?? false
    abilities.isConcurrent = content["concurrent"]?.boolValue ?? false
    do throws(WireError) {
      if let left = content["time_left"], let time = try TaskTimeLimit.time(left, "time_left") {
        abilities.end = now.instant + time
      }
      if let offer = content["resources"], offer != .null {
        abilities.resources = try Resources(json: offer, "resources")
      }
    } catch {
      throw .value(error.reason)
    }
    return abilities
  }

  /// - Parameter tasks: those that the engine has or has answered.
  private mutating func accept(_ engine: EngineTable.Engine, _ asker: Asker, tasks: [String: Int]?) {
    var answer: [String: JSONValue] = [
      "status": "ok", "id": .int(engine.id), "hb_period": .int(configuration.heartbeatPeriod.milliseconds),
      "connection_info": configuration.engineInfo, "takes_back": true,
      "retires": true,
    ]
    if engine.abilities.returnsTasks, let returnAfter = configuration.returnAfter {
      answer["return_after"] = .int(returnAfter.milliseconds)
    }
    answer["client_connection_info"] = configuration.clientInfo
    if configuration.hasJournal { answer["journal"] = true }
    if let tasks, let missing = returns.missing(of: engine.uuid, among: tasks.keys) {
      answer["tasks"] = Self.list(missing)
    }
    reply(asker, MessageType.registrationReply, .object(answer))
  }

  /// Completes the registration of an engine whose heart has started to beat.
  mutating func heartStarted(_ uuid: String, at now: Moment) {
    guard let engine = engines.finish(uuid: uuid, now: now.instant) else { return strayHeartBeat(uuid, at: now) }
    announce(engine)
    if retiring[uuid] != nil { act(.engineRetires(uuid: uuid)) }
    act(.saveEngines)
  }

  /// Handles a beat of an engine that is not registered: it was given up, or beat for an earlier controller. Since it
  /// doesn't know, it has to be told.
  private mutating func strayHeartBeat(_ uuid: String, at now: Moment) {
    guard engines.engine(uuid) == nil, EngineTable.isUUID(uuid) else { return }
    act(.watchStrayHeart(uuid: uuid))
    guard let order = strayHearts.beat(of: uuid, at: now.instant) else { return }
    act(.order(order, uuid: uuid))
    act(.log(.strayHeart(uuid: uuid, order)))
  }

  /// Handles an engine's heart that stopped.
  mutating func heartStopped(_ uuid: String, at now: Moment) {
    guard let id = engines.id(of: uuid) else {
      act(.log(.lateHeart(uuid: uuid, isExpected: expectedStops.contains(uuid))))
      return
    }
    unregister(id, .silent, at: now)
  }

  /// Handles an engine that is about to leave and takes no more tasks: `{uuid}`. It is answered when the task scheduler has
  /// nothing of it any more; one that is not registered at once, and one that is about to be, or is to come back after a
  /// restart, when it is: it has not told yet which tasks it has.
  mutating func retire(_ asker: Asker, _ content: JSONValue) throws(HubError) {
    guard let uuid = content["uuid"]?.stringValue else { throw .value("a retirement_request needs the engine's uuid") }
    let engine = engines.engine(uuid)
    let isExpected = engines.isAccepted(uuid) || engine?.isAwaited ?? returns.mayHaveTasks(uuid)
    guard engine != nil || isExpected else {
      return reply(asker, MessageType.retirementReply, ["status": "ok"])
    }
    retiring[uuid] = asker
    if !isExpected { act(.engineRetires(uuid: uuid)) }
  }

  /// The task scheduler has no tasks any more on an engine that is about to leave, or the engine will not be registered.
  mutating func engineRetired(_ uuid: String) {
    guard let asker = retiring.removeValue(forKey: uuid) else { return }
    reply(asker, MessageType.retirementReply, ["status": "ok"])
  }

  /// Handles the departure of an engine, announced by itself or by the process that started it and has seen its end:
  /// `{id or uuid, reason?}`. An engine that is unknown or has left before is not an error.
  mutating func unregister(_ content: JSONValue, at now: Moment) throws(HubError) {
    let reason = content["reason"]?.stringValue.map { String($0.prefix(Self.reasonLimit)) }
    let departure = reason.map { EngineDeparture.ended($0) } ?? .left
    if let uuid = content["uuid"]?.stringValue {
      guard let id = engines.id(of: uuid) else {
        _ = engines.cancel(uuid: uuid)
        engineRetired(uuid)
        return
      }
      unregister(id, departure, at: now)
    } else if let id = content["id"]?.intValue {
      unregister(id, departure, at: now)
    } else {
      throw .value("an unregistration_request needs the engine's id")
    }
  }

  /// The most characters of a reason that are passed on.
  private static let reasonLimit = 500

  /// Removes an engine: at its own request, because its heart stopped, because it was shut down, or because its process
  /// has ended.
  mutating func unregister(_ id: Int, _ departure: EngineDeparture, at now: Moment) {
    guard let (engine, work) = engines.remove(id) else {
      if let engine = engines.cancel(id: id) { engineRetired(engine.uuid) }
      return
    }
    expectedStops.insert(engine.uuid)
    retiring[engine.uuid] = nil
    strayHearts.left(engine.uuid, reregisters: engine.reregisters, at: now.instant)
    strandings.append(
      Stranding(
        left: now.instant, deadline: now.instant + configuration.registrationTimeout, engine: engine,
        departure: departure, queue: requests.release(work)))
    act(.log(.engineUnregistered(id: id, uuid: engine.uuid, departure)))
    act(.engineUnregistered(uuid: engine.uuid, departure))
    act(.saveEngines)
    notify(MessageType.unregistrationNotification, of: engine, departure)
  }

  /// Restores the engines of an earlier controller.
  mutating func restore(_ table: JSONValue, at now: Moment) {
    let deadline = now.instant + configuration.registrationTimeout
    for engine in engines.restore(table, awaitsReturn: configuration.hasJournal) {
      announce(engine)
      if engine.isAwaited { returns.add(engine.uuid, until: deadline) }
    }
  }

  /// Publishes recent notifications again because a client has subscribed. It missed the ones for engines that joined
  /// or left since the reply to its connection_request. Clients that have already seen them ignore the duplicates.
  mutating func subscribed(at now: Moment) {
    let isRecent = { (time: Instant) in now.instant - time < Self.subscriptionDelay }
    for stranding in strandings where isRecent(stranding.left) && engines.engines[stranding.engine.id] == nil {
      notify(MessageType.unregistrationNotification, of: stranding.engine, stranding.departure)
    }
    let newcomers = engines.engines.values.filter { $0.registered.map(isRecent) ?? false }
    for engine in newcomers.sorted(by: { $0.id < $1.id }) { notify(MessageType.registrationNotification, of: engine) }
  }

  /// The longest time from the reply to a connection_request to the subscription.
  private static let subscriptionDelay = Duration.seconds(10)

  private mutating func notify(
    _ type: String, of engine: EngineTable.Engine, _ departure: EngineDeparture? = nil
  ) {
    var content: [String: JSONValue] = ["id": .int(engine.id), "uuid": .string(engine.uuid)]
    if let departure { content["reason"] = .string(departure.text) }
    act(.notify(type: type, parent: nil, content: .object(content)))
  }

  private mutating func announce(_ engine: EngineTable.Engine) {
    act(.watchHeart(uuid: engine.uuid))
    if engine.isAwaited || engine.tasks != nil {
      act(.engineRestored(uuid: engine.uuid, id: engine.id))
    } else {
      act(.engineRegistered(uuid: engine.uuid, id: engine.id, engine.abilities))
    }
    if let tasks = engine.tasks {
      act(.engineReturned(uuid: engine.uuid, id: engine.id, engine.abilities, tasks: tasks))
    }
    act(.log(.engineRegistered(id: engine.id, uuid: engine.uuid)))
    notify(MessageType.registrationNotification, of: engine)
  }

  /// Fails the requests that a dead engine never answered.
  mutating func endStranded(_ stranding: Stranding, at now: Moment) {
    let engine = stranding.engine
    for id in stranding.queue where requests.giveUp(id, of: engine.uuid, &engines) == true {
      let error = HubError(
        ename: "EngineError",
        evalue: "Engine \(engine.id) died while running task '\(id)': \(stranding.departure.text)")
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
