/// How the task scheduler chooses among the engines that may take a task; the names are ipyparallel's.
public enum SchedulingScheme: String, CaseIterable, Sendable {
  /// The least loaded engine; the least recently used among equals.
  case leastload
  /// Round robin over all engines without a high water mark, as a DEALER socket does.
  case pure
  /// The least recently used engine.
  case lru
  /// Any engine.
  case plainrandom
  /// The less loaded of two engines drawn by inverse load.
  case weighted
  /// The less recently used of two engines drawn at random.
  case twobin
}
