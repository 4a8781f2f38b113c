extension TaskSchedulerState {
  // MARK: Phases

  /// Starts the life of a task in a queue, as yet in none in particular.
  mutating func enterWaiting(_ task: Int32) {
    tasks[task].phase = .waiting
    waitingTotal += 1
    tasks.appendToClient(task, list: &clients[Int(tasks[task].client)].queued)
  }

  /// Takes a task out of the queue it is in.
  mutating func moveToWaiting(_ task: Int32) {
    switch tasks[task].phase {
    case .ready: tasks.unlink(task, from: &ready)
    case .excluded: unlinkExcluded(task)
    case .grouped: leaveGroup(task)
    case .free, .waiting, .pending, .succeeded, .failed: return
    }
    tasks[task].phase = .waiting
    waitingTotal += 1
  }

  mutating func leaveWaiting(_ task: Int32, for phase: TaskPhase) {
    waitingTotal -= 1
    sequence += 1
    tasks[task].sequence = sequence
    tasks[task].phase = phase
  }

  /// The engines that passed over the task last are the ones it excludes: they step back to the task before it.
  private mutating func unlinkExcluded(_ task: Int32) {
    let previous = tasks[task].links.previous
    for token in constraints[Int(tasks[task].constraints)].blacklist
    where engines[Int(token.slot)].lastSkipped == task {
      engines[Int(token.slot)].lastSkipped = previous
    }
    tasks.unlink(task, from: &excluded)
  }

  /// Removes a finished task from the history.
  mutating func forget(_ task: Int32) {
    tasks.unlink(task, from: &finished)
    tasks.remove(task)
    tasks[task].phase = .free
  }

  // MARK: Constraints

  mutating func newConstraints(for task: Int32) -> Int {
    let slot: Int32
    if let free = freeConstraints.popLast() {
      slot = free
    } else {
      slot = Int32(constraints.count)
      constraints.append(TaskConstraints())
    }
    tasks[task].constraints = slot
    return Int(slot)
  }

  mutating func releaseConstraints(of task: Int32) {
    let slot = tasks[task].constraints
    guard slot >= 0 else { return }
    unlinkDependencies(Int(slot))
    constraints[Int(slot)] = TaskConstraints()
    tasks[task].constraints = -1
    freeConstraints.append(slot)
  }

  // MARK: Clients

  /// The slot of a client; the latest is remembered, since submissions come in runs.
  mutating func internClient(_ session: String) -> Int32 {
    if latestClient >= 0, clients[Int(latestClient)].session == session {
      clients[Int(latestClient)].hasVanished = false
      return latestClient
    }
    let slot: Int32
    if let known = clientIndex[session] {
      slot = known
    } else {
      if let free = freeClients.popLast() {
        slot = free
        clients[Int(slot)] = ClientRecord(session: session)
      } else {
        slot = Int32(clients.count)
        clients.append(ClientRecord(session: session))
      }
      clientIndex[session] = slot
    }
    clients[Int(slot)].hasVanished = false
    releaseClientSlot(latestClient, unless: slot)
    latestClient = slot
    return slot
  }

  mutating func removeFromClientQueue(_ task: Int32) {
    tasks.unlinkFromClient(task, list: &clients[Int(tasks[task].client)].queued)
  }

  mutating func releaseClient(of task: Int32) {
    let client = tasks[task].client
    clients[Int(client)].inFlight -= 1
    if client != latestClient { releaseClientSlot(client, unless: -1) }
  }

  private mutating func releaseClientSlot(_ client: Int32, unless kept: Int32) {
    guard client >= 0, client != kept, clients[Int(client)].inFlight == 0 else { return }
    clientIndex[clients[Int(client)].session] = nil
    freeClients.append(client)
  }
}
