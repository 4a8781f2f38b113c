import MartletWire

/// A value that engines are sent when they lack it.
protocol SuppliedValue: AnyObject, Sendable {
  var client: Client { get }
  /// Its name on the engines.
  var name: String { get }
  /// Sends it to an engine that lacks it, and waits until it is there. An engine that is gone needs none.
  ///
  /// - Parameter asked: when the engine was sent what needs it.
  /// - Throws: what kept the engine from taking it, or that it is lost.
  func supply(_ uuid: String, lacking asked: Timestamp) async throws
}
