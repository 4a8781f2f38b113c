import Testing

@testable import MartletController

/// The shape of the broadcast tree, and each event of a broadcast.
@Suite struct BroadcastTests {
  let now = Instant.now

  private func target(_ id: Int) -> BroadcastTarget { .init(engine: .init("u\(id)"), id: id) }

  private func state(_ engines: [Int], depth: Int = 1) -> BroadcastState<String> {
    var state = BroadcastState<String>(tree: .init(depth: depth))
    for engine in engines { state.engineRegistered(.init("u\(engine)")) }
    return state
  }

  private func drain(_ state: inout BroadcastState<String>) -> [BroadcastAction<String>] {
    var actions: [BroadcastAction<String>] = []
    while let action = state.nextAction() { actions.append(action) }
    return actions
  }

  @Test(arguments: [(0, [0, 1, 2, 3, 4, 5]), (1, [0, 2, 4, 1, 3, 5]), (2, [0, 4, 1, 5, 2, 3])])
  func leavesAreMergedInOrder(_ depth: Int, _ order: [Int]) {
    let tree = BroadcastTree(depth: depth)
    #expect(tree.ordered((0..<6).map(target) + [target(0)]).map(\.id) == order)
  }

  @Test func pathsAreBitsAfterTheRoots() {
    #expect(BroadcastTree(depth: 3).path(ofLeaf: 5) == "0101")
    #expect(BroadcastTree(depth: 0).path(ofLeaf: 0) == "0")
    #expect(BroadcastTree(depth: 2).leaf(ofEngineID: 7) == 3)
  }

  @Test func repliesPassOneByOne() {
    var state = state([0, 1])
    state.submitted(id: "m", payload: "p", targets: [target(1), target(0)], isCoalescing: false)
    #expect(
      drain(&state) == [
        .dispatch("p", originalID: "m", messageID: "m_u0", target: target(0)),
        .dispatch("p", originalID: "m", messageID: "m_u1", target: target(1)),
      ])
    state.replyArrived(from: .init("u1"), originalID: "m", reply: "r", isError: false)
    #expect(drain(&state) == [.deliver("r", messageID: "m_u1", engine: .init("u1"))])
    state.replyArrived(from: .init("u1"), originalID: "m", reply: "r", isError: false)
    #expect(drain(&state) == [.unknownReply(messageID: "m_u1", engine: .init("u1"))])
    state.engineUnregistered(.init("u0"), now: now)
    state.advance(to: now + .seconds(5))
    #expect(
      drain(&state) == [
        .fail(
          "p", messageID: "m_u0",
          .engineLost(EngineLoss(engine: .init("u0"), id: 0, reason: EngineDeparture.left.text)), targets: [],
          isCoalescing: false)
      ])
    #expect(state.pendingCount == 0 && state.nextDeadline == nil)
  }

  @Test(arguments: 0...3)
  func everyDepthReachesAndMergesAll(_ depth: Int) {
    var state = state(Array(0..<9), depth: depth)
    let ordered = state.tree.ordered((0..<9).map(target))
    state.submitted(id: "m", payload: "p", targets: (0..<9).map(target), isCoalescing: true)
    #expect(
      drain(&state)
        == ordered.map {
          .dispatch("p", originalID: "m", messageID: "m_\($0.engine)", target: $0)
        })
    for id in 0..<9 {
      state.replyArrived(from: .init("u\(id)"), originalID: "m", reply: "r\(id)", isError: false)
    }
    #expect(
      drain(&state) == [
        .coalesce(
          base: "r\(ordered[8].id)", replies: ordered.map { "r\($0.id)" }, originalID: "m", targets: ordered)
      ])
    #expect(state.pendingCount == 0)
    #expect(Set(ordered.map { state.tree.leaf(ofEngineID: $0.id) }).count == min(1 << depth, 9))
  }

  @Test func repliesAreCoalescedInTargetOrder() {
    var state = state([0, 1, 2])
    state.submitted(id: "m", payload: "p", targets: (0...2).map(target), isCoalescing: true)
    _ = drain(&state)
    for id in [2, 1, 0] {
      #expect(drain(&state) == [])
      state.replyArrived(from: .init("u\(id)"), originalID: "m", reply: "r\(id)", isError: id == 2)
    }
    #expect(
      drain(&state) == [
        .coalesce(
          base: "r2", replies: ["r0", "r2", "r1"], originalID: "m", targets: [target(0), target(2), target(1)])
      ])
  }

  @Test func aDeathEndsACoalescedBroadcast() {
    var state = state([0])
    state.submitted(id: "m", payload: "p", targets: [target(0), target(1)], isCoalescing: true)
    #expect(
      drain(&state).last
        == .fail(
          "p", messageID: "m",
          .engineLost(EngineLoss(engine: .init("u1"), id: 1, reason: "it is not registered")),
          targets: [target(0), target(1)], isCoalescing: true))
    state.replyArrived(from: .init("u0"), originalID: "m", reply: "r", isError: false)
    #expect(drain(&state) == [.unknownReply(messageID: "m_u0", engine: .init("u0"))])
    #expect(state.pendingCount == 0)
  }

  @Test(arguments: [false, true])
  func aCopyThatIsLostIsAnsweredOnce(isCoalescing: Bool) {
    var state = state([0, 1])
    let targets = [target(0), target(1)]
    state.submitted(id: "m", payload: "p", targets: targets, isCoalescing: isCoalescing)
    _ = drain(&state)
    state.replyLost(from: .init("u0"), originalID: "m")
    state.replyLost(from: .init("u0"), originalID: "m")
    state.replyLost(from: .init("u0"), originalID: "other")
    #expect(
      drain(&state) == [
        .fail(
          "p", messageID: isCoalescing ? "m" : "m_u0", .unanswered(.init("u0"), id: 0),
          targets: isCoalescing ? targets : [], isCoalescing: isCoalescing)
      ])
    state.replyArrived(from: .init("u1"), originalID: "m", reply: "r", isError: false)
    #expect(
      drain(&state)
        == [
          isCoalescing
            ? .unknownReply(messageID: "m_u1", engine: .init("u1"))
            : .deliver("r", messageID: "m_u1", engine: .init("u1"))
        ])
    #expect(state.pendingCount == 0)
  }

  @Test func emptyAndRepeatedBroadcastsAreRefused() {
    var state = state([0])
    state.submitted(id: "m", payload: "p", targets: [], isCoalescing: true)
    #expect(drain(&state) == [.refuseEmpty("p", originalID: "m")])
    state.submitted(id: "m", payload: "p", targets: [target(0)], isCoalescing: true)
    state.submitted(id: "m", payload: "q", targets: [target(0)], isCoalescing: true)
    #expect(drain(&state).last == .duplicate("q", originalID: "m"))
  }

  @Test func broadcastsBeyondTheLimitAreRefused() {
    var state = BroadcastState<String>(tree: BroadcastTree(depth: 1), limit: QueueLimit(tasks: 8, bytes: 100))
    for id in 0...2 { state.engineRegistered(target(id).engine) }
    func submit(_ id: String, size: Int, targets: Int, isCoalescing: Bool, client: String = "c") -> Int {
      state.submitted(
        id: id, payload: id, size: size, client: client, targets: (0..<targets).map(target), isCoalescing: isCoalescing)
      return drain(&state).count
    }
    #expect(submit("m", size: 20, targets: 3, isCoalescing: true) == 3)
    // Three targets have to fit as well as one, and half of what is left has to stay free for others.
    state.submitted(id: "n", payload: "n", client: "c", targets: [target(1), target(0)], isCoalescing: false)
    #expect(
      drain(&state) == [
        .refuse("n", originalID: "n", targets: [target(0), target(1)], isCoalescing: false, .tasks)
      ])
    #expect(submit("o", size: 1, targets: 1, isCoalescing: false) == 1)
    state.submitted(id: "p", payload: "p", size: 41, client: "d", targets: [target(0)], isCoalescing: true)
    #expect(drain(&state) == [.refuse("p", originalID: "p", targets: [target(0)], isCoalescing: true, .bytes)])
    #expect(state.usage == .init(tasks: 4, bytes: 21))

    // The replies that wait to be merged count.
    for id in 0...1 {
      state.replyArrived(from: target(id).engine, originalID: "m", reply: "r", size: 30, isError: false)
    }
    #expect(state.usage == .init(tasks: 4, bytes: 81) && state.pendingCount == 2)
    #expect(submit("p", size: 11, targets: 1, isCoalescing: true, client: "d") == 1)
    #expect(state.pendingCount == 2)
    state.replyArrived(from: target(2).engine, originalID: "m", reply: "r", size: 30, isError: false)
    state.replyArrived(from: target(0).engine, originalID: "o", reply: "r", size: 30, isError: false)
    #expect(drain(&state).count == 2)
    #expect(state.usage == .init() && state.pendingCount == 0)
    #expect(submit("p", size: 50, targets: 1, isCoalescing: true, client: "d") == 1)
    #expect(state.usage == .init(tasks: 1, bytes: 50))
  }
}
