/// What a client can do in programs that have actors. Their module, which this one doesn't import, makes ``Client`` conform.
package protocol ActorDecoding {
  /// What actors look for when they are decoded: the system of the client's.
  var actorDecodingInfo: [CodingUserInfoKey: any Sendable] { get }
}
