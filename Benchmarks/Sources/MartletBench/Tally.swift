import Distributed
import Martlet

/// An actor that counts.
distributed actor Tally {
  typealias ActorSystem = MartletActorSystem

  private var sum = 0

  distributed func add(_ number: Int) -> Int {
    sum += number
    return sum
  }
}

/// Makes an actor that counts.
let tallies = RemoteActor { (system: MartletActorSystem) in Tally(actorSystem: system) }

/// Calls an actor a number of times, from an engine.
let addRepeatedly = RemoteFunction("addRepeatedly") { (tally: Tally, count: Int) async throws -> Int in
  for _ in 0..<count { _ = try await tally.add(3) }
  return count
}
