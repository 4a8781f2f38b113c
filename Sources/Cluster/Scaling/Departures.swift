/// Which engines of a group are to end when it gets smaller. A value without I/O.
///
/// What has not registered goes first, then what is idle, and of several the latest. Engines that were started together in a
/// job end together as far as possible, because only that gives a job's nodes back.
struct Departures: Sendable, Hashable {
  /// An engine that may be chosen.
  struct Candidate: Sendable, Hashable {
    let uuid: String
    let place: EngineKey
    let isRegistered: Bool
    /// How many requests it has.
    let load: Int
  }

  /// The places whose engines have not registered: what was started there is stopped.
  private(set) var places: [EngineKey] = []
  /// The registered engines to be told.
  private(set) var engines: [String] = []

  /// Chooses engines.
  ///
  /// - Parameters:
  ///   - count: how many; fewer are chosen if there are not as many, or if those that are left can't end by themselves.
  ///   - endsTogether: whether the engines of a place only end together.
  init(_ count: Int, among candidates: [Candidate], endsTogether: Bool) {
    var left = count
    var groups = Dictionary(grouping: candidates, by: \.place).sorted { $1.key.isBefore($0.key) }
    func take(_ isWanted: ([Candidate]) -> Bool, _ use: ([Candidate]) -> Void) {
      groups.removeAll { _, members in
        guard members.count <= left, isWanted(members) else { return false }
        left -= members.count
        use(members)
        return true
      }
    }
    take {
      $0.allSatisfy { !$0.isRegistered }
    } _: {
      places.append($0[0].place)
    }
    let notify = { (members: [Candidate]) in members.map(\.uuid) }
    take {
      $0.allSatisfy { $0.isRegistered && $0.load == 0 }
    } _: {
      engines += notify($0)
    }
    if endsTogether {
      take {
        $0.allSatisfy(\.isRegistered)
      } _: {
        engines += notify($0)
      }
    } else {
      let single = groups.flatMap(\.value).filter(\.isRegistered)
      // Sorting keeps the order of equals: the latest first.
      engines += single.enumerated().sorted { ($0.element.load, $0.offset) < ($1.element.load, $1.offset) }
        .prefix(left).map(\.element.uuid)
    }
  }
}
