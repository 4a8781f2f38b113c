import MartletWire
import MartletZeroMQ

/// The lists of targets that tasks have named lately, by their JSON text: tasks for the same engines come in runs, and share
/// one list.
struct TargetLists {
  private struct Place {
    var text: [UInt8] = []
    var targets: [EngineIdentity] = []
  }

  /// Longer texts are read each time, in bytes.
  private static let longestText = 512
  /// As many as a power of two.
  private var places = Array(repeating: Place(), count: 64)

  /// The engines that a JSON text names.
  ///
  /// - Parameter read: reads the text if that was not done lately.
  mutating func targets(
    _ text: Span<UInt8>, read: () throws(WireError) -> [EngineIdentity]
  ) throws(WireError) -> [EngineIdentity] {
    guard text.count <= Self.longestText else { return try read() }
    let index = Int(text.identifierHash) & (places.count - 1)
    let known = places[index].text
    if text.equals(known.span) { return places[index].targets }
    let targets = try read()
    places[index] = Place(text: text.indices.map { text[$0] }, targets: targets)
    return targets
  }
}
