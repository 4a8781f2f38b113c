import MartletWire

/// A type of actors that live on engines, as an engine sees it: a function by whose name they are created and called.
///
/// Calls of it that code on engines makes don't wait in the queue: whoever makes one waits for it, so two engines could wait for
/// each other forever.
package protocol ActorType: RemoteCallable {
  /// What it takes to decode actors among the arguments of this engine's functions.
  func decodingInfo(on engine: EngineContext) -> [CodingUserInfoKey: any Sendable]
}
