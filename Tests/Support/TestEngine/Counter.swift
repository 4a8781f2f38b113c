import Distributed
import Martlet

/// An actor that Python calls.
distributed actor Counter {
  typealias ActorSystem = MartletActorSystem

  private var count: Int

  init(from count: Int, actorSystem: ActorSystem) {
    self.count = count
    self.actorSystem = actorSystem
  }

  distributed func add(_ number: Int) -> Int {
    count += number
    return count
  }

  distributed func add(_ number: Int, times: Int) -> Int { add(number * times) }
  distributed var value: Int { count }
  distributed func fail(_ text: String) throws { throw TestFunctions.Failure(description: text) }
  distributed func take(from other: Counter) async throws -> Int { add(try await other.value) }
}
